"""Saving and applying. Each records the event it is, in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.application import repository
from app.application.schemas import ApplicationAnswer, ApplyRequest
from app.errors import ConflictError, NotFoundError
from app.event import service as events
from app.job import service as jobs
from app.job.schemas import JobSummary
from app.kit.ids import uuid7
from app.kit.pagination import Paging
from app.orm import Job, JobApplication, SavedJob


async def save(session: AsyncSession, user_id: int, reference: str) -> bool:
    """Whether it was new. Raises NotFoundError, GoneError."""
    job = await jobs.require_active(session, reference)
    new = await repository.save(session, user_id, job.id)
    if new:
        await events.record(session, user_id, job.id, "save")
    return new


async def unsave(session: AsyncSession, user_id: int, reference: str) -> None:
    """Also for closed postings; removing what is not there changes nothing. Raises NotFoundError."""
    job_id = await jobs.any_id(session, reference)
    if await repository.unsave(session, user_id, job_id):
        await events.record(session, user_id, job_id, "unsave")


async def saved(session: AsyncSession, user_id: int, paging: Paging) -> tuple[int, Sequence[SavedJob]]:
    return await repository.saved(session, user_id, paging)


async def apply(session: AsyncSession, user_id: int, reference: str, body: ApplyRequest) -> ApplicationAnswer:
    """Raises ConflictError the second time, NotFoundError, GoneError."""
    job = await jobs.require_active(session, reference)
    status = "external" if job.external_application_url else "submitted"
    made = await repository.apply(session, user_id, job.id, status, body.cover_letter, uuid7())
    if made is None:
        raise ConflictError("you applied to this posting before")
    await events.record(session, user_id, job.id, "apply")
    return answer(made, job)


async def applications(
    session: AsyncSession, user_id: int, paging: Paging
) -> tuple[int, Sequence[JobApplication]]:
    return await repository.applications(session, user_id, paging)


async def application(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> ApplicationAnswer:
    """Raises NotFoundError, also for somebody else's."""
    found = await repository.application(session, user_id, public_id)
    if found is None:
        raise NotFoundError("no such application")
    return answer(found, found.job)


def answer(made: JobApplication, job: Job) -> ApplicationAnswer:
    return ApplicationAnswer(
        id=made.public_id,
        job=JobSummary.of(job),
        status=made.status,
        cover_letter=made.cover_letter,
        external_application_url=job.external_application_url,
        created_at=made.created_at,
    )
