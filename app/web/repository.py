"""SQL of the pages: what no other room asks."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.job.repository import by_reference
from app.orm import AuthSession, Job, JobApplication, SavedJob


async def note_use(session: AsyncSession, session_id: int) -> None:
    """A browser is still here: shown in the account's list of sessions."""
    await session.execute(
        update(AuthSession).where(AuthSession.id == session_id).values(last_used_at=func.now())
    )


async def marks(session: AsyncSession, user_id: int, job_id: int) -> Row[Any]:
    """(`saved`, status of the `application` or None) of one seeker and one posting."""
    saved = select(SavedJob.id).where(SavedJob.user_id == user_id, SavedJob.job_id == job_id).exists()
    application = (
        select(JobApplication.status)
        .where(JobApplication.user_id == user_id, JobApplication.job_id == job_id)
        .scalar_subquery()
    )
    return (await session.execute(select(saved.label("saved"), application.label("application")))).one()


async def kept(session: AsyncSession, user_id: int, jobs: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the postings (public ids) that the seeker has saved."""
    query = (
        select(Job.public_id)
        .join(SavedJob, SavedJob.job_id == Job.id)
        .where(SavedJob.user_id == user_id, Job.public_id.in_(jobs))
    )
    return set(await session.scalars(query))


async def named(session: AsyncSession, reference: str) -> Row[uuid.UUID, str, str]:
    """(public `id`, `slug`, `title`) of a posting that is there."""
    query = select(Job.public_id.label("id"), Job.slug, Job.title).where(by_reference(reference))
    return (await session.execute(query)).one()


async def by_source(session: AsyncSession) -> Sequence[Row[str, int, datetime | None]]:
    """(`source`, number of open `postings`, when one was `verified` last or None), most postings first."""
    number = func.count()
    query = (
        select(Job.source, number.label("postings"), func.max(Job.last_verified).label("verified"))
        .where(Job.status == "active")
        .group_by(Job.source)
        .order_by(number.desc())
    )
    return (await session.execute(query)).all()
