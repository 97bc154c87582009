"""SQL of moderation and of the audit log."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, defer

from app.admin.schemas import AuditFilters, JobFilters, UserFilters
from app.orm import AuditEntry, Company, Job, JobCounter, User

_SHORT = [defer(column, raiseload=True) for column in (Job.description, Job.requirements, Job.benefits)]
#: Bits in which the fingerprints of two postings of one text may differ.
NEAR = 3
_NEAR = text("""
SELECT a.id, count(b.id) AS others
FROM job a JOIN job b ON b.company_id = a.company_id AND b.id <> a.id AND b.status = 'active'
  AND bit_count((a.simhash # b.simhash)::bit(64)) <= :near
WHERE a.id = ANY(:ids) GROUP BY a.id
""")
_LOCK_LOG = text("SELECT pg_advisory_xact_lock(hashtext('audit_log'))")


async def jobs(
    session: AsyncSession, filters: JobFilters
) -> tuple[int, Sequence[tuple[Job, JobCounter | None]]]:
    where = []
    if filters.q:
        where.append(Job.title.icontains(filters.q, autoescape=True))
    if filters.status:
        where.append(Job.status.in_(filters.status))
    if filters.company:
        where.append(Job.company_id.in_(select(Company.id).where(Company.slug == filters.company)))
    if filters.source:
        where.append(Job.source == filters.source)
    if filters.featured is not None:
        where.append(Job.is_featured.is_(filters.featured))
    total = (await session.execute(select(func.count(Job.id)).where(*where))).scalar_one()
    query = (
        select(Job, JobCounter)
        .join(Job.company)
        .outerjoin(JobCounter, JobCounter.job_id == Job.id)
        .options(contains_eager(Job.company), *_SHORT)
        .where(*where)
        .order_by(Job.id.desc())
        .offset(filters.paging.offset)
        .limit(filters.paging.limit)
    )
    return total, [(job, counter) for job, counter in await session.execute(query)]


async def near_duplicates(session: AsyncSession, job_ids: Collection[int]) -> dict[int, int]:
    """Active postings of the same company with nearly the same text, by posting."""
    rows = await session.execute(_NEAR, {"ids": list(job_ids), "near": NEAR})
    return {row.id: row.others for row in rows}


async def lock_jobs(session: AsyncSession, public_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Job]:
    """In order of id, so that two bulk actions do not wait for each other in a circle."""
    query = (
        select(Job)
        .join(Job.company)
        .options(contains_eager(Job.company))
        .where(Job.public_id.in_(public_ids))
        .order_by(Job.id)
        .with_for_update(of=Job)
    )
    return {job.public_id: job for job in (await session.scalars(query)).all()}


async def users(session: AsyncSession, filters: UserFilters) -> tuple[int, Sequence[User]]:
    where = []
    if filters.q:
        where.append(
            or_(
                User.email.icontains(filters.q, autoescape=True),
                User.full_name.icontains(filters.q, autoescape=True),
            )
        )
    if filters.active is not None:
        where.append(User.is_active.is_(filters.active))
    if filters.staff is not None:
        where.append(User.is_staff.is_(filters.staff))
    total = (await session.execute(select(func.count(User.id)).where(*where))).scalar_one()
    query = select(User).where(*where).order_by(User.id.desc())
    return total, (await session.scalars(query.offset(filters.paging.offset).limit(filters.limit))).all()


async def lock_user(session: AsyncSession, public_id: uuid.UUID) -> User | None:
    return await session.scalar(select(User).where(User.public_id == public_id).with_for_update())


async def newest_entry(session: AsyncSession) -> AuditEntry | None:
    """Holds the log until the transaction ends, so that the next entry follows this one."""
    await session.execute(_LOCK_LOG)
    return await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))


async def entries(session: AsyncSession, filters: AuditFilters) -> tuple[int, Sequence[AuditEntry]]:
    wanted: dict[Any, Any] = {
        AuditEntry.action: filters.action or None,
        AuditEntry.actor: filters.actor,
        AuditEntry.target_id: filters.target,
    }
    where = [column == value for column, value in wanted.items() if value is not None]
    total = (await session.execute(select(func.count(AuditEntry.id)).where(*where))).scalar_one()
    query = select(AuditEntry).where(*where).order_by(AuditEntry.id.desc())
    rows = await session.scalars(query.offset(filters.paging.offset).limit(filters.limit))
    return total, rows.all()


async def entries_after(session: AsyncSession, last: int, limit: int) -> Sequence[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(limit)
    return (await session.scalars(query.execution_options(populate_existing=True))).all()
