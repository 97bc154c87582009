"""The second factor: codes that change with time (RFC 6238), and recovery codes for a lost phone."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import factor_repository as repository
from app.auth import throttle
from app.errors import ConflictError, InvalidCodeError, NotFoundError
from app.kit.clock import utcnow
from app.kit.seal import Seal
from app.kit.tokens import digest
from app.mail import service as mail
from app.mail.templates import PRODUCT
from app.orm import RecoveryCode, TotpFactor, User

STEP_S = 30
#: Steps that a clock may be off.
DRIFT = 1
RECOVERY_CODES = 10
_GROUP = 4


async def is_on(session: AsyncSession, user_id: int) -> bool:
    return await repository.is_on(session, user_id)


async def state(session: AsyncSession, user_id: int) -> tuple[bool, int]:
    """(whether it is on, recovery codes left)."""
    return await repository.is_on(session, user_id), await repository.codes_left(session, user_id)


async def enrol(session: AsyncSession, seal: Seal, user: User) -> tuple[str, str]:
    """(secret, otpauth address) of a factor that waits for its first code. Raises ConflictError when there
    is one already."""
    secret = pyotp.random_base32()
    sealed = seal.close(secret.encode(), _place(user.id))
    if not await repository.put_unconfirmed(session, user.id, sealed):
        raise ConflictError("two-step login is on; turn it off to start anew")
    return secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=PRODUCT)


async def confirm(session: AsyncSession, seal: Seal, user: User, code: str) -> list[str]:
    """Turns it on with a first good code and returns the recovery codes.

    Raises NotFoundError without an enrolment, ConflictError when it is on, InvalidCodeError,
    TooManyAttemptsError.
    """
    await throttle.check_code(session, user.id)
    row = await repository.lock_factor(session, user.id)
    if row is None:
        raise NotFoundError("start with an enrolment")
    if row.confirmed_at is not None:
        raise ConflictError("two-step login is on already")
    if not _accepts(row, seal, code, utcnow()):
        raise await _wrong(session, user)
    row.confirmed_at = utcnow()
    await mail.send(session, "second-factor-on", user.email, user_id=user.id)
    return await new_recovery_codes(session, user.id)


async def require(session: AsyncSession, seal: Seal, user: User, code: str) -> None:
    """Accepts a code of the app or a recovery code, each once.

    Raises InvalidCodeError, TooManyAttemptsError.
    """
    await throttle.check_code(session, user.id)
    row = await repository.lock_factor(session, user.id)
    if row is None or row.confirmed_at is None:
        raise InvalidCodeError
    compact = _compact(code)
    if compact.isdecimal() and len(compact) == 6:
        good = _accepts(row, seal, compact, utcnow())
    else:
        good = await repository.spend_code(session, user.id, digest(compact), utcnow())
        if good:
            left = await repository.codes_left(session, user.id)
            await mail.send(session, "recovery-code-used", user.email, user_id=user.id, left=left)
    if not good:
        raise await _wrong(session, user)


async def turn_off(session: AsyncSession, user: User) -> None:
    """Raises NotFoundError when it is not on."""
    if not await repository.drop(session, user.id):
        raise NotFoundError("two-step login is not on")
    await mail.send(session, "second-factor-off", user.email, user_id=user.id)


async def renew(session: AsyncSession, user_id: int) -> list[str]:
    """Raises NotFoundError when two-step login is not on."""
    if not await repository.is_on(session, user_id):
        raise NotFoundError("two-step login is not on")
    return await new_recovery_codes(session, user_id)


async def new_recovery_codes(session: AsyncSession, user_id: int) -> list[str]:
    """Replaces all earlier ones. 80 random bits each, so a fast hash is enough to keep them."""
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    await repository.drop_codes(session, user_id)
    session.add_all(RecoveryCode(user_id=user_id, code_hash=digest(code)) for code in codes)
    await session.flush()
    return ["-".join(code[i : i + _GROUP] for i in range(0, len(code), _GROUP)) for code in codes]


async def _wrong(session: AsyncSession, user: User) -> InvalidCodeError:
    await throttle.count_code(session, user.id, user.email)
    return InvalidCodeError("the code is wrong, used or too old")


def _accepts(row: TotpFactor, seal: Seal, code: str, now: datetime) -> bool:
    """Whether the code is of a step near now that was not used yet; notes the step. The row is locked."""
    otp = pyotp.TOTP(seal.open(row.secret_sealed, _place(row.user_id)).decode())
    current = int(now.timestamp()) // STEP_S
    for step in range(current - DRIFT, current + DRIFT + 1):
        unused = row.last_step is None or step > row.last_step
        if unused and hmac.compare_digest(otp.generate_otp(step).encode(), _compact(code).encode()):
            row.last_step = step
            return True
    return False


def _compact(code: str) -> str:
    return code.replace("-", "").replace(" ", "").lower()


def _place(user_id: int) -> str:
    return f"totp_factor/{user_id}"
