"""SQL of events: inserts and reads, never an update."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Event, UserProfile


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Ids of the rows that were new; the others were recorded before."""
    if not rows:
        return []
    statement = insert(Event).values(list(rows)).on_conflict_do_nothing(index_elements=[Event.event_id])
    return list((await session.scalars(statement.returning(Event.id))).all())


async def to_learn_from(session: AsyncSession, ids: Collection[int]) -> Sequence[Event]:
    """Those of the events whose person did not object to profiling."""
    objected = select(UserProfile.user_id).where(UserProfile.profiling_opt_out)
    query = select(Event).where(Event.id.in_(ids), Event.user_id.not_in(objected)).order_by(Event.id)
    return (await session.scalars(query)).all()
