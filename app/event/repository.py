"""SQL of events and impressions: inserts and reads, never an update."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import insert as plain_insert
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Event, Impression


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Ids of the rows that were new; the others were recorded before."""
    if not rows:
        return []
    statement = insert(Event).values(list(rows)).on_conflict_do_nothing(index_elements=[Event.event_id])
    return list((await session.scalars(statement.returning(Event.id))).all())


async def by_ids(session: AsyncSession, ids: Collection[int]) -> Sequence[Event]:
    return (await session.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id))).all()


async def newest(session: AsyncSession, user_id: int, kinds: Collection[str], limit: int) -> Sequence[Event]:
    query = select(Event).where(Event.user_id == user_id, Event.kind.in_(kinds))
    return (await session.scalars(query.order_by(Event.at.desc()).limit(limit))).all()


async def job_ids(session: AsyncSession, user_id: int, kinds: Collection[str], limit: int) -> list[int]:
    """Postings of the newest such events; at most `limit` events are looked at."""
    query = select(Event.job_id).where(Event.user_id == user_id, Event.kind.in_(kinds))
    return list((await session.scalars(query.order_by(Event.at.desc()).limit(limit))).all())


async def shown_job_ids(session: AsyncSession, user_id: int, limit: int) -> list[int]:
    query = select(Impression.job_id).where(Impression.user_id == user_id)
    return list((await session.scalars(query.order_by(Impression.at.desc()).limit(limit))).all())


async def add_impressions(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(plain_insert(Impression), list(rows))
