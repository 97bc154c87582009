"""Making an account, and proving that its address is its owner's.

An account whose address nobody confirmed belongs to nobody. Whoever registers with it again gets a link of
their own, which carries the password they chose; the password of the account changes when a link is
followed. So a stranger who registers first cannot plant a password that survives the owner's confirmation.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import links, repository, throttle
from app.auth.rules import SessionRules
from app.auth.schemas import RegisterRequest
from app.errors import InvalidInputError, InvalidLinkError
from app.kit.clock import utcnow
from app.kit.ids import uuid7
from app.kit.passwords import hash_password, weakness
from app.kit.tokens import digest
from app.mail import service as mail
from app.orm import User, UserProfile

NO_PASSWORD = "!"  # noqa: S105 - no hash has this form, so no password matches it
AUTOMATIC_ANSWER = "If the address is free, the account is ready: log in."
MAILED_ANSWER = "We sent a mail to the address. Follow the link in it, then log in."
RESENT_ANSWER = "If the address waits for its confirmation, we sent another mail to it."


def require_strong(password: str, email: str, pointer: str) -> None:
    """Raises InvalidInputError for a password that would be tried first."""
    local, _, domain = email.partition("@")
    words = ("jobpilot", email, local, *local.replace("+", ".").split("."), domain.partition(".")[0])
    found = weakness(password, words)
    if found:
        raise InvalidInputError(found, pointer=pointer)


async def register(session: AsyncSession, rules: SessionRules, body: RegisterRequest) -> str:
    """Makes the account if the address is free. Answer and cost are the same if it is not; its owner gets a
    mail. Raises InvalidInputError for a weak password."""
    password = body.password.get_secret_value()
    require_strong(password, body.email, "/body/password")
    hashed = await hash_password(password, pepper=rules.pepper)
    statement = insert(User).values(
        public_id=uuid7(),
        email=body.email,
        password_hash=hashed,
        full_name=body.full_name,
        terms_version=body.accept_terms_version,
        email_verified_at=None if rules.verifies_email else utcnow(),
    )
    made = await session.scalar(statement.on_conflict_do_nothing().returning(User))
    if made is None:
        await _register_again(session, rules, body.email, hashed)
    else:
        session.add(UserProfile(user_id=made.id))
        if rules.verifies_email:
            await throttle.may_mail(session, body.email)
            await links.send(session, rules, "verify-email", made, password_hash=hashed)
    return MAILED_ANSWER if rules.verifies_email else AUTOMATIC_ANSWER


async def _register_again(session: AsyncSession, rules: SessionRules, email: str, hashed: str) -> None:
    user = await repository.user_by_email(session, email)
    if user is None or not user.is_active or not await throttle.may_mail(session, email):
        await mail.send_to_nobody(session)
    elif rules.verifies_email and user.email_verified_at is None:
        user.password_hash = NO_PASSWORD  # two people claim the address: the link decides
        await links.send(session, rules, "verify-email", user, password_hash=hashed)
    else:
        await mail.send(session, "account-exists", email, user_id=user.id)


async def resend(session: AsyncSession, rules: SessionRules, email: str) -> str:
    """Sends another link to an address that waits for one. Answer and cost tell nothing."""
    user = await repository.user_by_email(session, email)
    allowed = await throttle.may_mail(session, email)
    waits = rules.verifies_email and user and user.is_active and user.email_verified_at is None
    await links.send(session, rules, "verify-email", user if allowed and waits else None)
    return RESENT_ANSWER


async def verify(session: AsyncSession, token: str) -> None:
    """Raises InvalidLinkError."""
    now = utcnow()
    found = await repository.account_token(session, "verify-email", digest(token), now, lock=True)
    if found is None:
        raise InvalidLinkError
    row, user = found
    chosen = row.password_hash or user.password_hash
    await session.execute(
        update(User).where(User.id == user.id).values(email_verified_at=now, password_hash=chosen)
    )
    await repository.drop_tokens(session, user.id)
