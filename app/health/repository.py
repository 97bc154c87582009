from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class QueueState:
    """`workers` heard from in the last minute; `waiting_s` age of the oldest task that could run by now."""

    workers: int
    waiting_s: float


async def queue_state(session: AsyncSession) -> QueueState:
    query = text("""
        SELECT
          (SELECT count(*) FROM procrastinate_workers
           WHERE last_heartbeat > now() - interval '60 seconds'),
          coalesce((
            SELECT extract(epoch FROM now() - min(coalesce(j.scheduled_at, e.at)))::float8
            FROM procrastinate_jobs j
            JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
            WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now()), 0)
    """)
    row = (await session.execute(query)).one()
    return QueueState(workers=row[0], waiting_s=row[1])


async def schema_revision(session: AsyncSession) -> str:
    return str((await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())
