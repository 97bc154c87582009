"""SQL of saved postings and applications."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.kit.pagination import Paging
from app.orm import Job, JobApplication, SavedJob


async def save(session: AsyncSession, user_id: int, job_id: int) -> bool:
    """Whether it was not saved before."""
    statement = insert(SavedJob).values(user_id=user_id, job_id=job_id)
    return await session.scalar(statement.on_conflict_do_nothing().returning(SavedJob.id)) is not None


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
    session: AsyncSession, user_id: int, job_id: int, status: str, cover_letter: str, public_id: uuid.UUID
) -> JobApplication | None:
    """None if the user applied before."""
    statement = insert(JobApplication).values(
        user_id=user_id, job_id=job_id, status=status, cover_letter=cover_letter, public_id=public_id
    )
    return await session.scalar(statement.on_conflict_do_nothing().returning(JobApplication))


async def applications(
    session: AsyncSession, user_id: int, paging: Paging
) -> tuple[int, Sequence[JobApplication]]:
    mine = JobApplication.user_id == user_id
    total = (await session.execute(select(func.count(JobApplication.id)).where(mine))).scalar_one()
    query = _with_job().where(mine).order_by(JobApplication.id.desc())
    return total, (await session.scalars(query.offset(paging.offset).limit(paging.limit))).all()


async def application(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> JobApplication | None:
    query = _with_job().where(JobApplication.user_id == user_id, JobApplication.public_id == public_id)
    return await session.scalar(query)


def _with_job() -> Select[JobApplication]:
    return select(JobApplication).options(joinedload(JobApplication.job).joinedload(Job.company))
