"""SQL of the figures about matching: one pass over the window's impressions, aggregated five ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.schemas import DEEPEST, Slice

#: Fine steps of the logged score, from which quantiles are found.
STEPS = 1000
BINS = 10
_SLICES: dict[Slice, str] = {
    "all": "true",
    "new-seekers": "u.created_at > i.at - interval '7 days'",
    "known-seekers": "u.created_at <= i.at - interval '7 days'",
    "fresh-postings": "j.posted_at > i.at - interval '7 days'",
    "remote": "j.remote_option = 'remote'",
}
#: The same condition on a posting alone, for what could have been shown.
_OPEN: dict[Slice, str] = {
    "fresh-postings": "j.posted_at > CAST(:since AS timestamptz) - interval '7 days'",
    "remote": "j.remote_option = 'remote'",
}
_ACTS = "('view', 'click', 'save', 'apply')"
# Who objected to profiling is left out, as from everything models learn from. A posting's page counts a view
# once a day, so a second look the same day is found in `event` only.
_FIGURES = """
WITH window_ AS MATERIALIZED (
  SELECT i.release_id, i.request_id, i.user_id, i.job_id, i.rank, i.score, i.at >= :middle AS later,
    row_number() OVER (PARTITION BY i.user_id, i.job_id ORDER BY i.at, i.id) > 1 AS again,
    {slice} AS inside,
    EXISTS (SELECT FROM event e WHERE e.user_id = i.user_id AND e.job_id = i.job_id
            AND e.kind IN {acts} AND e.at >= i.at AND e.at < i.at + interval '1 day')
    OR EXISTS (SELECT FROM job_view v WHERE v.user_id = i.user_id AND v.job_id = i.job_id
               AND v.recorded_at >= i.at AND v.recorded_at < i.at + interval '1 day') AS acted
  FROM impression i JOIN app_user u ON u.id = i.user_id JOIN job j ON j.id = i.job_id
  JOIN user_profile p ON p.user_id = i.user_id
  WHERE i.at >= :since AND i.at < :until AND NOT p.profiling_opt_out
), shown AS MATERIALIZED (
  SELECT *, acted::int AS y FROM window_
  WHERE inside AND (CAST(:model_version AS text) = '' OR release_id = :model_version)
), liked AS (
  SELECT job_id, count(DISTINCT user_id) AS people FROM window_ WHERE acted GROUP BY job_id
), known AS (
  SELECT -log(2.0, (coalesce(l.people, 0) + 1.0) / ((SELECT count(DISTINCT user_id) FROM window_) + 1.0))
    AS bits, s.release_id
  FROM shown s LEFT JOIN liked l USING (job_id)
)
SELECT 'release' AS part, release_id, 0 AS a, 0 AS b, count(*) AS n, count(DISTINCT user_id) AS people,
  sum(y) AS acted, avg(score) AS score, avg((score - y) ^ 2) AS brier, count(DISTINCT request_id) AS pages,
  count(DISTINCT job_id) AS postings, sum(again::int) AS repeats FROM shown GROUP BY release_id
UNION ALL
SELECT 'rank', release_id, rank, 0, count(*), count(DISTINCT user_id), sum(y), NULL, NULL, NULL, NULL, NULL
FROM shown WHERE rank <= :deepest GROUP BY release_id, rank
UNION ALL
SELECT 'bin', release_id, least(floor(score * :bins), :bins - 1)::int, first, count(*),
  count(DISTINCT user_id), sum(y), avg(score), avg((score - y) ^ 2), NULL, NULL, NULL
FROM shown CROSS JOIN (VALUES (0), (1)) AS places(first) WHERE first = 0 OR rank = 1
GROUP BY release_id, 3, first
UNION ALL
SELECT 'half', release_id, later::int, 0, count(*), count(DISTINCT user_id),
  NULL, NULL, NULL, NULL, NULL, NULL
FROM shown GROUP BY release_id, later
UNION ALL
SELECT 'step', release_id, later::int, least(floor(score * :steps), :steps - 1)::int, count(*),
  NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM shown GROUP BY release_id, later, 4
UNION ALL
SELECT 'known', release_id, 0, 0, count(*), NULL, NULL, avg(bits)::float8, NULL, NULL, NULL, NULL
FROM known GROUP BY release_id
ORDER BY 2, 1, 3, 4
"""
_OPEN_POSTINGS = """
SELECT count(*) FROM job j
WHERE j.status <> 'draft' AND j.status <> 'removed' AND j.posted_at < :until
  AND (j.closed_at IS NULL OR j.closed_at >= :since) AND {slice}
"""
_STATEMENTS = {
    name: (
        text(_FIGURES.format(slice=condition, acts=_ACTS)),
        text(_OPEN_POSTINGS.format(slice=_OPEN.get(name, "true"))),
    )
    for name, condition in _SLICES.items()
}


@dataclass(frozen=True, slots=True)
class Period:
    since: datetime
    until: datetime

    @property
    def middle(self) -> datetime:
        return self.since + (self.until - self.since) / 2


async def figures(
    session: AsyncSession, period: Period, slice_: Slice, model_version: str
) -> Sequence[Row[Any]]:
    """Rows by `part`: release, known, rank (a), bin (a; b = 1: first places alone), half (a), step (a, b)."""
    parameters = {
        "since": period.since,
        "middle": period.middle,
        "until": period.until,
        "model_version": model_version,
        "deepest": DEEPEST,
        "bins": BINS,
        "steps": STEPS,
    }
    return (await session.execute(_STATEMENTS[slice_][0], parameters)).all()


async def open_postings(session: AsyncSession, period: Period, slice_: Slice) -> int:
    """Postings of the slice that were open at some time in the period."""
    parameters = {"since": period.since, "until": period.until}
    return int((await session.execute(_STATEMENTS[slice_][1], parameters)).scalar_one())
