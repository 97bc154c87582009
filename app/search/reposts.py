"""One posting published several times is shown once: the newest open publication stands for the others.

Which text is which is settled when a posting is stored (`job.repost_group`: the same company, title and
place, and texts whose simhashes differ in three bits at most). Here it is asked whether a newer open one of
the group says the same in everything that can be filtered by. So a filter that a repost passes is passed by
the one that stands for it, and leaving reposts out loses nobody a job. Words alone may differ: of nearly the
same text, what the newest says is what is searched.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, exists, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.orm import Job

#: What must be the same, beside the group. Compared by IS NOT DISTINCT FROM: the bounds of a salary may be
#: null, and no index serves it, so that the few postings of a group are looked up by the group and by nothing
#: else. With "=" the planner took the index of skills at a million postings: 2.4 ms a row.
_SAME = (
    *("company_id", "job_type", "remote_option", "skill_keys", "salary_currency", "salary_interval"),
    *("salary_min", "salary_max"),
)
_AS_J = " AND ".join(
    [
        "n.repost_group = j.repost_group AND n.status = 'active'",
        *(f"n.{name} IS NOT DISTINCT FROM j.{name}" for name in _SAME),
    ]
)
#: Of `job j`: open publications of it that are older.
OLDER = f"SELECT count(*) FROM job n WHERE {_AS_J} AND (n.posted_at, n.id) < (j.posted_at, j.id)"  # noqa: S608
_NEWEST = text(f"""
SELECT j.id, coalesce((
  SELECT n.id FROM job n WHERE {_AS_J} ORDER BY n.posted_at DESC, n.id DESC LIMIT 1), j.id) AS newest
FROM job j WHERE j.id = ANY(:ids)
""")  # noqa: S608 - the inserted text is the constant above
# Of each kind the newest that is not of `ids`: only its place among the reposts may be another now.
_BESIDE = text(f"""
SELECT DISTINCT ON (repost_group, {", ".join(_SAME)}) id FROM job
WHERE repost_group IN (SELECT repost_group FROM job WHERE id = ANY(:ids))
  AND status = 'active' AND id <> ALL(:ids)
ORDER BY repost_group, {", ".join(_SAME)}, posted_at DESC, id DESC
""")  # noqa: S608 - the inserted texts are the constants above


def is_repost() -> ColumnElement[bool]:
    """Of `Job` in a query: a newer open publication stands for it."""
    newer = aliased(Job)
    same = [getattr(newer, name).is_not_distinct_from(getattr(Job, name)) for name in _SAME]
    later = tuple_(newer.posted_at, newer.id) > tuple_(Job.posted_at, Job.id)
    return exists(
        select(newer.id)
        .where(newer.repost_group == Job.repost_group, newer.status == "active", *same, later)
        .correlate(Job)
    )


async def newest_of(session: AsyncSession, ids: Sequence[int]) -> list[int]:
    """Each posting's newest open publication, once, where the first of them was."""
    if not ids:
        return []
    rows = await session.execute(_NEWEST, {"ids": list(ids)})
    newest: dict[int, int] = {row.id: row.newest for row in rows}
    return list(dict.fromkeys(newest[job_id] for job_id in ids if job_id in newest))


async def beside(session: AsyncSession, ids: Collection[int]) -> list[int]:
    """Open postings that an index must look at again because something happened to `ids`: what stood for
    one of them, or does now."""
    return list((await session.scalars(_BESIDE, {"ids": list(ids)})).all())
