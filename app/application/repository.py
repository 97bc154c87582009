"""SQL of saved postings and applications. What is limited is counted by the statement that adds to it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.kit.pagination import Paging
from app.orm import ApplicationChange, Job, JobApplication, SavedJob

# Each part locks the row it counts in, and a statement that had to wait for it sees the newest count: two
# requests at once cannot both take the last place. When a later part refuses, the caller rolls all back.
_SAVE = text("""
WITH made AS (
  INSERT INTO saved_job (user_id, job_id) VALUES (:user_id, :job_id) ON CONFLICT DO NOTHING RETURNING id
), counted AS (
  INSERT INTO seeker_quota AS q (user_id, saved_jobs) SELECT :user_id, 1 FROM made
  ON CONFLICT (user_id) DO UPDATE SET saved_jobs = q.saved_jobs + 1
  WHERE :most < 0 OR q.saved_jobs < :most
  RETURNING q.user_id
)
SELECT (SELECT count(*) FROM made) AS made, (SELECT count(*) FROM counted) AS counted
""")
_APPLY = text("""
WITH place AS (
  INSERT INTO job_counter AS c (job_id, taken) SELECT id, 1 FROM job WHERE id = :job_id AND status = 'active'
  ON CONFLICT (job_id) DO UPDATE SET taken = c.taken + 1
  WHERE :is_external OR coalesce(
    c.taken < (SELECT application_limit FROM job WHERE id = c.job_id), true)
  RETURNING c.job_id
), account AS (
  INSERT INTO seeker_quota AS q (user_id, applied, applied_on)
  SELECT :user_id, 1, CAST(:today AS date) FROM place
  ON CONFLICT (user_id) DO UPDATE
  SET applied = CASE WHEN q.applied_on = excluded.applied_on THEN q.applied + 1 ELSE 1 END,
      applied_on = excluded.applied_on
  WHERE :most < 0 OR q.applied_on IS DISTINCT FROM excluded.applied_on OR q.applied < :most
  RETURNING q.user_id
), made AS (
  INSERT INTO job_application (public_id, user_id, job_id, is_external, cover_letter, answers, resume)
  SELECT :public_id, user_id, job_id, :is_external, :cover_letter, CAST(:answers AS jsonb),
    CAST(:resume AS jsonb)
  FROM place, account ON CONFLICT DO NOTHING RETURNING id
), noted AS (
  INSERT INTO application_change (application_id, status, actor) SELECT id, 'applied', 'seeker' FROM made
)
SELECT (SELECT count(*) FROM place) AS place, (SELECT count(*) FROM account) AS account,
  (SELECT count(*) FROM made) AS made
""")
_APPLICANTS = """
FROM job_application a JOIN app_user u ON u.id = a.user_id JOIN user_profile p ON p.user_id = u.id
WHERE a.job_id = :job_id AND NOT a.is_external AND a.status <> 'withdrawn'
  AND (cardinality(CAST(:statuses AS text[])) = 0 OR a.status = ANY(:statuses))
"""
_COUNT_APPLICANTS = text("SELECT count(*)" + _APPLICANTS)
_LIST_APPLICANTS = text(f"""
SELECT a.public_id, a.status, a.cover_letter, a.answers, a.employer_notes, a.created_at, a.resume,
  u.full_name, u.email, p.desired_title, p.location,
  ARRAY(SELECT name FROM user_skill s WHERE s.user_id = u.id ORDER BY s.id) AS skills
{_APPLICANTS} AND (CAST(:only AS uuid) IS NULL OR a.public_id = :only)
ORDER BY a.id DESC OFFSET :skip LIMIT :limit
""")  # noqa: S608 - the inserted text is the constant above


@dataclass(frozen=True, slots=True)
class Saved:
    is_new: bool
    within_limit: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """Which of the three conditions held; the application exists if all did."""

    has_place: bool
    within_limit: bool
    is_new: bool


async def save(session: AsyncSession, user_id: int, job_id: int, most: int) -> Saved:
    """`most` saved postings an account may have; below 0 there is no limit."""
    row = (await session.execute(_SAVE, {"user_id": user_id, "job_id": job_id, "most": most})).one()
    return Saved(is_new=row.made == 1, within_limit=row.made == row.counted)


async def unsave(session: AsyncSession, user_id: int, job_id: int) -> bool:
    statement = delete(SavedJob).where(SavedJob.user_id == user_id, SavedJob.job_id == job_id)
    return await session.scalar(statement.returning(SavedJob.id)) is not None


async def saved(session: AsyncSession, user_id: int, paging: Paging) -> tuple[int, Sequence[SavedJob]]:
    mine = SavedJob.user_id == user_id
    total = (await session.execute(select(func.count(SavedJob.id)).where(mine))).scalar_one()
    query = (
        select(SavedJob)
        .where(mine)
        .options(joinedload(SavedJob.job).joinedload(Job.company))
        .order_by(SavedJob.id.desc())
        .offset(paging.offset)
        .limit(paging.limit)
    )
    return total, (await session.scalars(query)).all()


async def apply(
    session: AsyncSession,
    user_id: int,
    job_id: int,
    public_id: uuid.UUID,
    *,
    is_external: bool,
    cover_letter: str,
    answers: Sequence[dict[str, str]],
    resume: dict[str, Any] | None,
    today: date,
    most: int,
) -> Applied:
    """`most` applications an account may send on one day; below 0 there is no limit."""
    values = {
        "user_id": user_id,
        "job_id": job_id,
        "public_id": public_id,
        "is_external": is_external,
        "cover_letter": cover_letter,
        "answers": json.dumps(list(answers)),
        "resume": json.dumps(resume) if resume is not None else None,
        "today": today,
        "most": most,
    }
    row = (await session.execute(_APPLY, values)).one()
    return Applied(has_place=row.place == 1, within_limit=row.account == row.place, is_new=row.made == 1)


async def has_applied(session: AsyncSession, user_id: int, job_id: int) -> bool:
    query = select(JobApplication.id).where(
        JobApplication.user_id == user_id, JobApplication.job_id == job_id
    )
    return await session.scalar(query) is not None


async def applications(
    session: AsyncSession, user_id: int, statuses: Sequence[str], paging: Paging
) -> tuple[int, Sequence[JobApplication]]:
    where = [JobApplication.user_id == user_id]
    if statuses:
        where.append(JobApplication.status.in_(statuses))
    total = (await session.execute(select(func.count(JobApplication.id)).where(*where))).scalar_one()
    query = _with_job().where(*where).order_by(JobApplication.id.desc())
    return total, (await session.scalars(query.offset(paging.offset).limit(paging.limit))).all()


async def application(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, *, lock: bool = False
) -> JobApplication | None:
    query = _with_job().where(JobApplication.user_id == user_id, JobApplication.public_id == public_id)
    return await session.scalar(query.with_for_update(of=JobApplication) if lock else query)


async def lock_applicant(session: AsyncSession, job_id: int, public_id: uuid.UUID) -> JobApplication | None:
    """An application the company may handle."""
    query = select(JobApplication).where(
        JobApplication.job_id == job_id,
        JobApplication.public_id == public_id,
        JobApplication.is_external.is_(False),
        JobApplication.status != "withdrawn",
    )
    return await session.scalar(query.with_for_update())


async def applicants(
    session: AsyncSession, job_id: int, statuses: Sequence[str], paging: Paging
) -> tuple[int, Sequence[Row[Any]]]:
    values = {"job_id": job_id, "statuses": list(statuses)}
    total = (await session.execute(_COUNT_APPLICANTS, values)).scalar_one()
    page = {"only": None, "skip": paging.offset, "limit": paging.limit}
    return total, (await session.execute(_LIST_APPLICANTS, values | page)).all()


async def applicant(session: AsyncSession, job_id: int, public_id: uuid.UUID) -> Row[Any]:
    values = {"job_id": job_id, "statuses": [], "only": public_id, "skip": 0, "limit": 1}
    return (await session.execute(_LIST_APPLICANTS, values)).one()


async def history(session: AsyncSession, application_id: int) -> Sequence[ApplicationChange]:
    query = select(ApplicationChange).where(ApplicationChange.application_id == application_id)
    return (await session.scalars(query.order_by(ApplicationChange.id))).all()


def _with_job() -> Select[JobApplication]:
    return select(JobApplication).options(joinedload(JobApplication.job).joinedload(Job.company))
