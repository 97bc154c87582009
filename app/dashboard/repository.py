"""SQL of the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.pagination import Paging

#: Pages opened within this time of each other are one visit.
VISIT = "interval '30 minutes'"
_VISIT = text(f"""
INSERT INTO seeker_visit AS v (user_id, previous, current)
SELECT id, created_at, now() FROM app_user WHERE id = :user_id
ON CONFLICT (user_id) DO UPDATE
SET previous = CASE WHEN now() - v.current > {VISIT} THEN v.current ELSE v.previous END, current = now()
RETURNING previous
""")  # noqa: S608 - the inserted text is the constant above
_FIGURES = text("""
SELECT
  (SELECT count(*) FROM saved_job WHERE user_id = :user_id) AS saved,
  (SELECT count(*) FROM saved_job WHERE user_id = :user_id AND created_at >= :since) AS saved_lately,
  (SELECT count(*) FROM job_application WHERE user_id = :user_id AND status <> 'withdrawn') AS applied,
  (SELECT count(*) FROM job_application
   WHERE user_id = :user_id AND status <> 'withdrawn' AND created_at >= :since) AS applied_lately,
  (SELECT count(DISTINCT (job_id, day)) FROM (
     SELECT job_id, day FROM job_view WHERE user_id = :user_id AND recorded_at >= :since
     UNION ALL
     SELECT job_id, (at AT TIME ZONE 'UTC')::date FROM event
     WHERE user_id = :user_id AND at >= :since AND kind IN ('view', 'click')) AS seen) AS views,
  (SELECT count(DISTINCT job_id) FROM impression
   WHERE user_id = :user_id AND at >= :since AND score >= :threshold
     AND NOT starts_with(release_id, :not_scored)
  ) AS matches,
  (SELECT count(*) FROM job WHERE status = 'active' AND posted_at > :last_visit) AS new
""")
_ACTIVITY = """
FROM (
  SELECT CASE kind WHEN 'save' THEN 'saved' WHEN 'apply' THEN 'applied' ELSE 'dismissed' END AS kind,
    at, job_id, NULL AS status, id
  FROM event WHERE user_id = :user_id AND kind IN ('save', 'apply', 'dismiss')
  UNION ALL
  SELECT 'viewed', recorded_at, job_id, NULL, id FROM job_view WHERE user_id = :user_id
  UNION ALL
  SELECT 'status', c.at, a.job_id, c.status, c.id
  FROM application_change c JOIN job_application a ON a.id = c.application_id
  WHERE a.user_id = :user_id AND c.status <> 'applied'
) AS activity
"""
_COUNT = text("SELECT count(*)" + _ACTIVITY)
_LIST = text(
    f"SELECT kind, at, job_id, status {_ACTIVITY} ORDER BY at DESC, kind, id DESC OFFSET :skip LIMIT :limit"
)


_WEEKS = text(f"""
WITH week AS (
  SELECT CAST(:first AS date) + 7 * number AS start FROM generate_series(0, CAST(:weeks AS int) - 1) AS number
), done AS (
  SELECT date_trunc('week', at AT TIME ZONE 'UTC')::date AS start, kind {_ACTIVITY}
  WHERE at >= CAST(:first AS date) AT TIME ZONE 'UTC'
)
SELECT week.start, count(*) FILTER (WHERE kind = 'viewed') AS viewed,
  count(*) FILTER (WHERE kind = 'saved') AS saved, count(*) FILTER (WHERE kind = 'applied') AS applied
FROM week LEFT JOIN done USING (start) GROUP BY week.start ORDER BY week.start
""")  # noqa: S608 - the inserted text is the constant above
_OUTCOMES = text("""
SELECT count(*) AS sent,
  count(*) FILTER (WHERE reached && ARRAY['in_review', 'interview', 'offer', 'rejected']) AS answered,
  count(*) FILTER (WHERE reached && ARRAY['interview', 'offer']) AS interviews,
  count(*) FILTER (WHERE reached && ARRAY['offer']) AS offers
FROM (
  SELECT array_agg(c.status) || a.status AS reached
  FROM job_application a LEFT JOIN application_change c ON c.application_id = a.id
  WHERE a.user_id = :user_id AND a.status <> 'withdrawn' GROUP BY a.id) AS each
""")


async def weeks(session: AsyncSession, user_id: int, first: date, number: int) -> Sequence[Row[Any]]:
    """(`start`, `viewed`, `saved`, `applied`) of each week from `first`, a Monday, on; UTC."""
    values = {"user_id": user_id, "first": first, "weeks": number}
    return (await session.execute(_WEEKS, values)).all()


async def outcomes(session: AsyncSession, user_id: int) -> Row[Any]:
    """(`sent`, `answered`, `interviews`, `offers`): applications not withdrawn, by how far they came."""
    return (await session.execute(_OUTCOMES, {"user_id": user_id})).one()


async def visit(session: AsyncSession, user_id: int) -> datetime:
    """Notes that the seeker is here; returns when they were here before."""
    return (await session.execute(_VISIT, {"user_id": user_id})).scalar_one()  # type: ignore[no-any-return]


async def figures(
    session: AsyncSession,
    user_id: int,
    *,
    since: datetime,
    last_visit: datetime,
    threshold: float,
    not_scored: str,
) -> Row[Any]:
    values = {
        "user_id": user_id,
        "since": since,
        "last_visit": last_visit,
        "threshold": threshold,
        "not_scored": not_scored,
    }
    return (await session.execute(_FIGURES, values)).one()


async def activity(session: AsyncSession, user_id: int, paging: Paging) -> tuple[int, Sequence[Row[Any]]]:
    total = (await session.execute(_COUNT, {"user_id": user_id})).scalar_one()
    page = {"user_id": user_id, "skip": paging.offset, "limit": paging.limit}
    return total, (await session.execute(_LIST, page)).all()
