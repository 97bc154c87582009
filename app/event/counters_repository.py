"""SQL of views and counters: what is logged, how far the logs are read, and what they add up to."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import JobView, RollupState

_VIEWS_OF_EVENTS = text("""
INSERT INTO job_view (job_id, day, user_id)
SELECT DISTINCT job_id, (at AT TIME ZONE 'UTC')::date, user_id FROM event
WHERE id > :low AND id <= :high AND kind IN ('view', 'click')
ON CONFLICT DO NOTHING
""")
# Ordered by key, so that two writers of many counters lock in the same order.
_COUNT_VIEWS = text("""
INSERT INTO job_counter (job_id, view_count)
SELECT job_id, count(*) FROM job_view
WHERE job_id IN (SELECT job_id FROM job_view WHERE id > :low AND id <= :high)
GROUP BY job_id ORDER BY job_id
ON CONFLICT (job_id) DO UPDATE SET view_count = excluded.view_count
WHERE job_counter.view_count <> excluded.view_count
""")
_COUNT_ACTS = text("""
INSERT INTO job_counter (job_id, application_count, save_count)
SELECT job_id,
  (SELECT count(DISTINCT user_id) FROM event e WHERE e.job_id = touched.job_id AND e.kind = 'apply'),
  (SELECT count(*) FROM saved_job s WHERE s.job_id = touched.job_id)
FROM (SELECT DISTINCT job_id FROM event
      WHERE id > :low AND id <= :high AND kind IN ('apply', 'save', 'unsave')) AS touched
ORDER BY job_id
ON CONFLICT (job_id) DO UPDATE
SET application_count = excluded.application_count, save_count = excluded.save_count
WHERE (job_counter.application_count, job_counter.save_count)
  IS DISTINCT FROM (excluded.application_count, excluded.save_count)
""")
_SCORES = text("""
INSERT INTO match_score (user_id, job_id, bundle_version, score, computed_at)
SELECT DISTINCT ON (user_id, job_id, release_id) user_id, job_id, release_id, score, at FROM impression
WHERE id > :low AND id <= :high
ORDER BY user_id, job_id, release_id, at DESC
ON CONFLICT (user_id, job_id, bundle_version) DO UPDATE
SET score = excluded.score, computed_at = excluded.computed_at
WHERE match_score.computed_at < excluded.computed_at
""")
#: Log -> what is derived from its rows, in order. Each statement may be repeated.
ROLLUPS = {
    "event": (_VIEWS_OF_EVENTS, _COUNT_ACTS),
    "job_view": (_COUNT_VIEWS,),
    "impression": (_SCORES,),
}
_NEWEST = {name: text(f"SELECT coalesce(max(id), 0) FROM {name}") for name in ROLLUPS}  # noqa: S608


async def add_view(
    session: AsyncSession, job_id: int, day: date, *, user_id: int | None, visitor: bytes | None
) -> None:
    """Once per viewer and day."""
    statement = insert(JobView).values(job_id=job_id, day=day, user_id=user_id, visitor=visitor)
    await session.execute(statement.on_conflict_do_nothing())


async def lock_state(session: AsyncSession, log: str) -> RollupState:
    query = select(RollupState).where(RollupState.name == log).with_for_update()
    return (await session.scalars(query)).one()


async def newest_id(session: AsyncSession, log: str) -> int:
    return int((await session.execute(_NEWEST[log])).scalar_one())


async def roll_up(session: AsyncSession, log: str, low: int, high: int) -> None:
    """Derives from the rows with `low` < id <= `high`."""
    for statement in ROLLUPS[log]:
        await session.execute(statement, {"low": low, "high": high})
