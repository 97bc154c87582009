"""SQL of postings."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, defer, joinedload, selectinload

from app.kit.pagination import Paging
from app.orm import Company, CompanyMember, Job, JobCounter

#: First key of the advisory locks that order pushes of one posting ("jobp" in ASCII).
_PUSH_LOCK = 0x6A6F6270
#: Columns of `job j` and `company c` for `JobSummary.of_row`.
SUMMARY = (
    "j.id, j.public_id, j.slug, j.title, j.location, j.remote_option, j.job_type, j.skills, j.status, "
    "j.posted_at, j.source, j.salary_min, j.salary_max, j.salary_currency, j.salary_interval, "
    "j.salary_source, j.annual_salary_min, j.annual_salary_max, "
    "c.slug AS company_slug, c.name AS company_name"
)
#: Lists show no long texts, and reading them costs more than all else.
_SHORT = [defer(column, raiseload=True) for column in (Job.description, Job.requirements, Job.benefits)]


def with_company() -> Select[Job]:
    return select(Job).join(Job.company).options(contains_eager(Job.company))


def by_reference(reference: str) -> ColumnElement[bool]:
    """A posting is named by its public id or by its slug."""
    try:
        return Job.public_id == uuid.UUID(reference)
    except ValueError:
        return Job.slug == reference


async def find(session: AsyncSession, reference: str) -> Job | None:
    return (await session.scalars(with_company().where(by_reference(reference)))).one_or_none()


async def lock_for_member(session: AsyncSession, reference: str, user_id: int) -> Job | None:
    """The posting if the user is a member of its company, locked until the transaction ends."""
    members = select(CompanyMember.company_id).where(CompanyMember.user_id == user_id)
    query = with_company().where(by_reference(reference), Job.company_id.in_(members))
    return (await session.scalars(query.with_for_update(of=Job))).one_or_none()


async def ids_by_public_id(
    session: AsyncSession, public_ids: Collection[uuid.UUID], *, status: str | None = None
) -> dict[uuid.UUID, int]:
    query = select(Job.public_id, Job.id).where(Job.public_id.in_(public_ids), Job.status != "draft")
    if status:
        query = query.where(Job.status == status)
    return {public_id: job_id for public_id, job_id in await session.execute(query)}  # noqa: C416


async def lock_pushes(session: AsyncSession, job_ids: Collection[int]) -> None:
    """Pushes of one posting run one after another, so a late upsert cannot undo a delete.

    Readers and writers of the row are not held up: these are advisory locks, taken by tasks alone.
    """
    query = text(
        "SELECT pg_advisory_xact_lock(:push, key) FROM (SELECT DISTINCT (id % 2147483647)::int AS key "
        "FROM unnest(CAST(:ids AS bigint[])) AS id ORDER BY key) AS keys"
    )
    await session.execute(query, {"push": _PUSH_LOCK, "ids": list(job_ids)})


async def records(session: AsyncSession, job_ids: Collection[int]) -> Sequence[RowMapping]:
    """Rows of `job_record`: what the serving layer and the training snapshots see."""
    query = text("SELECT * FROM job_record WHERE job_id = ANY(:ids)")
    return (await session.execute(query, {"ids": list(job_ids)})).mappings().all()


async def count_by_activity(session: AsyncSession) -> tuple[int, int]:
    """(active postings, all others)."""
    active = func.count().filter(Job.status == "active")
    row = (await session.execute(select(active, func.count() - active).select_from(Job))).one()
    return row[0], row[1]


async def ids_after(session: AsyncSession, last: int, limit: int, *, active: bool) -> Sequence[int]:
    """The next ids in ascending order: of active postings, or of those that must not be shown."""
    condition = Job.status == "active" if active else Job.status != "active"
    query = select(Job.id).where(Job.id > last, condition).order_by(Job.id).limit(limit)
    return (await session.scalars(query)).all()


async def overdue(session: AsyncSession, limit: int = 500) -> Sequence[Job]:
    """Postings still open although their time is over, locked; those somebody else holds are left."""
    query = (
        select(Job)
        .where(Job.status.in_(("active", "paused")), Job.expires_at <= func.now())
        .order_by(Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


def _whole() -> Select[Job]:
    return with_company().options(joinedload(Job.place), selectinload(Job.tags))


async def whole(session: AsyncSession, job_id: int) -> Job:
    """The posting as the database has it now, with company, place and tags."""
    query = _whole().where(Job.id == job_id).execution_options(populate_existing=True)
    return (await session.scalars(query)).one()


async def find_whole(session: AsyncSession, reference: str) -> Job | None:
    return (await session.scalars(_whole().where(by_reference(reference)))).one_or_none()


async def by_ids(session: AsyncSession, ids: Collection[int]) -> Sequence[Job]:
    """For lists: without the long texts."""
    return (await session.scalars(with_company().options(*_SHORT).where(Job.id.in_(ids)))).all()


async def lock(session: AsyncSession, reference: str) -> Job | None:
    """Any posting, locked until the transaction ends."""
    query = with_company().where(by_reference(reference)).with_for_update(of=Job)
    return (await session.scalars(query)).one_or_none()


async def of_member(
    session: AsyncSession, user_id: int, statuses: Sequence[str], company: str, paging: Paging
) -> tuple[int, Sequence[tuple[Job, JobCounter | None]]]:
    """(number, one page) of the postings of a member's companies, newest first, with their counters."""
    members = select(CompanyMember.company_id).where(CompanyMember.user_id == user_id)
    where = [Job.company_id.in_(members)]
    if statuses:
        where.append(Job.status.in_(statuses))
    if company:
        where.append(Job.company_id.in_(select(Company.id).where(Company.slug == company)))
    total = (await session.execute(select(func.count(Job.id)).where(*where))).scalar_one()
    query = (
        with_company()
        .add_columns(JobCounter)
        .outerjoin(JobCounter, JobCounter.job_id == Job.id)
        .options(*_SHORT)
        .where(*where)
        .order_by(Job.id.desc())
        .offset(paging.offset)
        .limit(paging.limit)
    )
    return total, [(job, counter) for job, counter in await session.execute(query)]
