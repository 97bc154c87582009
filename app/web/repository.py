"""SQL of the pages: what no other room asks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import AuthSession, JobApplication, SavedJob


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
