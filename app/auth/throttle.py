"""Brute-force limit: failed logins are counted per account and address, and per each alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import TooManyAttemptsError
from app.kit.clock import utcnow
from app.orm import LoginThrottle

WINDOW = timedelta(minutes=15)
#: Failures allowed in a window. An account alone has a high limit, or anyone could lock its owner out.
LIMITS = {"pair": 10, "account": 100, "address": 100}
#: Wrong second-factor codes of an account, and mails that a stranger can cause, in the same window.
CODES, MAILS = 5, 3


def keys(email: str, address: str) -> dict[str, str]:
    """Kind -> stored key. Hashed, so that the table holds no e-mail nobody registered."""
    parts = {"pair": f"{email}|{address}", "account": email, "address": address}
    return {kind: hashlib.sha256(f"{kind}|{part}".encode()).hexdigest() for kind, part in parts.items()}


def account_key(email: str) -> str:
    return keys(email, "")["account"]


def _code_key(user_id: int) -> str:
    return hashlib.sha256(f"code|{user_id}".encode()).hexdigest()


async def check(session: AsyncSession, email: str, address: str) -> None:
    """Raises TooManyAttemptsError; the same for accounts that exist and for those that do not."""
    by_key = {key: LIMITS[kind] for kind, key in keys(email, address).items()}
    await _check(session, by_key)


async def check_code(session: AsyncSession, user_id: int) -> None:
    """Codes have six digits: few may be tried. Raises TooManyAttemptsError."""
    await _check(session, {_code_key(user_id): CODES})


async def _check(session: AsyncSession, limits: Mapping[str, int]) -> None:
    now = utcnow()
    rows = await session.scalars(
        select(LoginThrottle).where(LoginThrottle.key.in_(limits), LoginThrottle.since > now - WINDOW)
    )
    waits = [row.since + WINDOW - now for row in rows if row.failures >= limits[row.key]]
    if waits:
        raise TooManyAttemptsError(
            "too many failed logins, try again later", retry_after_s=int(max(waits).total_seconds()) + 1
        )


async def count_failure(session: AsyncSession, email: str, address: str) -> None:
    found = keys(email, address)
    await _count(session, {key: found["account"] if kind != "address" else "" for kind, key in found.items()})


async def count_code(session: AsyncSession, user_id: int, email: str) -> None:
    await _count(session, {_code_key(user_id): account_key(email)})


async def may_mail(session: AsyncSession, email: str) -> bool:
    """Counts one more mail that a stranger can cause; False when the address got enough of them."""
    key = hashlib.sha256(f"mail|{email}".encode()).hexdigest()
    await _count(session, {key: account_key(email)})
    sent = await session.scalar(select(LoginThrottle.failures).where(LoginThrottle.key == key))
    return (sent or 0) <= MAILS


async def _count(session: AsyncSession, accounts: Mapping[str, str]) -> None:
    """`accounts`: key -> the account's own key, by which its erasure finds the row."""
    now = utcnow()
    stale = LoginThrottle.since <= now - WINDOW
    statement = insert(LoginThrottle).values(
        [
            {"key": key, "failures": 1, "since": now, "account": account}
            for key, account in sorted(accounts.items())
        ]
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[LoginThrottle.key],
            set_={
                "failures": case((stale, 1), else_=LoginThrottle.failures + 1),
                "since": case((stale, now), else_=LoginThrottle.since),
            },
        )
    )


async def forget(session: AsyncSession, email: str, address: str) -> None:
    """After a good login: this person at this address starts anew; the other counters stay."""
    await session.execute(delete(LoginThrottle).where(LoginThrottle.key == keys(email, address)["pair"]))


async def forget_account(session: AsyncSession, email: str) -> int:
    """Every row that concerns the account; returns how many."""
    gone = delete(LoginThrottle).where(LoginThrottle.account == account_key(email))
    return len((await session.scalars(gone.returning(LoginThrottle.key))).all())


async def purge(session: AsyncSession) -> int:
    """Deletes windows that are over; returns how many."""
    gone = delete(LoginThrottle).where(LoginThrottle.since < utcnow() - WINDOW)
    return len((await session.scalars(gone.returning(LoginThrottle.key))).all())
