"""SQL of events: inserts and reads, never an update."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Event


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Ids of the rows that were new; the others were recorded before."""
    if not rows:
        return []
    statement = insert(Event).values(list(rows)).on_conflict_do_nothing(index_elements=[Event.event_id])
    return list((await session.scalars(statement.returning(Event.id))).all())


async def by_ids(session: AsyncSession, ids: Collection[int]) -> Sequence[Event]:
    return (await session.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id))).all()
