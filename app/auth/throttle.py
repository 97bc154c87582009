"""Brute-force limit: failed logins are counted per account and address, and per each alone."""

from __future__ import annotations

import hashlib
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


def keys(email: str, address: str) -> dict[str, str]:
    """Kind -> stored key. Hashed, so that the table holds no e-mail nobody registered."""
    parts = {"pair": f"{email}|{address}", "account": email, "address": address}
    return {kind: hashlib.sha256(f"{kind}|{part}".encode()).hexdigest() for kind, part in parts.items()}


async def check(session: AsyncSession, email: str, address: str) -> None:
    """Raises TooManyAttemptsError; the same for accounts that exist and for those that do not."""
    by_key = {key: kind for kind, key in keys(email, address).items()}
    now = utcnow()
    rows = await session.scalars(
        select(LoginThrottle).where(LoginThrottle.key.in_(by_key), LoginThrottle.since > now - WINDOW)
    )
    waits = [row.since + WINDOW - now for row in rows if row.failures >= LIMITS[by_key[row.key]]]
    if waits:
        raise TooManyAttemptsError(
            "too many failed logins, try again later", retry_after_s=int(max(waits).total_seconds()) + 1
        )


async def count_failure(session: AsyncSession, email: str, address: str) -> None:
    now = utcnow()
    stale = LoginThrottle.since <= now - WINDOW
    statement = insert(LoginThrottle).values(
        [{"key": key, "failures": 1, "since": now} for key in sorted(keys(email, address).values())]
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
