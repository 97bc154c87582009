"""Who looked at a posting, and what the logs add up to."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from app.db import Database
from app.event import counters_repository as repository
from app.kit.caller import address_of, agent_of

#: Longer than any transaction may take (see `PoolLimits`): what it inserted is visible after this.
SETTLE = timedelta(minutes=10)
CHUNK = 50_000
#: Rows read again with the new ones: a transaction of the last minute may have got its ids before them.
OVERLAP = 10_000
#: Chunks of one run: a long backlog is worked off over several.
MOST_CHUNKS = 40


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody without an account, as far as a request tells."""

    address: str
    agent: str

    @classmethod
    def of(cls, request: Request) -> Self:
        return cls(address_of(request), agent_of(request))

    def digest(self, secret: str, now: datetime) -> bytes:
        """A keyed hash that is another one every day: it tells viewers apart and names nobody."""
        key = hmac.digest(secret.encode(), f"jobpilot/visitor/{now.date()}".encode(), "sha256")
        return hmac.digest(key, f"{self.address}\n{self.agent}".encode(), "sha256")[:16]


async def record_view(
    session: AsyncSession, job_id: int, viewer: int | Visitor, *, secret: str, now: datetime
) -> None:
    """`viewer` is an account's key or a visitor. Counts once a day."""
    user_id = viewer if isinstance(viewer, int) else None
    visitor = viewer.digest(secret, now) if isinstance(viewer, Visitor) else None
    await repository.add_view(session, job_id, now.date(), user_id=user_id, visitor=visitor)


async def roll_up(database: Database, now: datetime) -> None:
    """Brings counters and scores up to the logs. May be repeated, and interrupted, at any point."""
    for log in repository.ROLLUPS:
        await _roll_up(database, log, now)


async def _roll_up(database: Database, log: str, now: datetime) -> None:
    """Every row is read twice: when it is new, and once more when nothing older can still appear."""
    async with database.transaction() as session:
        state = await repository.lock_state(session, log)
        newest = await repository.newest_id(session, log)
    if now - state.horizon_at >= SETTLE:
        settled = await _read(database, log, state.position, state.horizon, settling=True)
        if settled == state.horizon:
            async with database.transaction() as session:
                state = await repository.lock_state(session, log)
                state.horizon, state.horizon_at = newest, now
    async with database.transaction() as session:
        state = await repository.lock_state(session, log)
        unread = max(state.position, state.read_to - OVERLAP)
    await _read(database, log, unread, newest, settling=False)


async def _read(database: Database, log: str, low: int, high: int, *, settling: bool) -> int:
    """Reads the ids after `low` up to `high`, or as many as one run may; returns the last."""
    for _ in range(MOST_CHUNKS):
        if low >= high:
            break
        upto = min(low + CHUNK, high)
        async with database.transaction() as session:
            state = await repository.lock_state(session, log)
            await repository.roll_up(session, log, low, upto)
            if settling:
                state.position = max(state.position, upto)
            state.read_to = max(state.read_to, upto)
        low = upto
    return low
