"""Saving and applying. Each records the event it is, in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.application import repository, states
from app.application.schemas import (
    ApplicationAnswer,
    ApplicationDetail,
    ApplicationPatch,
    ApplyRequest,
    StatusChange,
)
from app.errors import ConflictError, GoneError, InvalidInputError, NotFoundError, QuotaExceededError
from app.event import service as events
from app.job import service as jobs
from app.job.schemas import JobSummary
from app.kit.clock import utcnow
from app.kit.ids import uuid7
from app.kit.pagination import Paging
from app.orm import ApplicationChange, Job, JobApplication, SavedJob
from app.resume import service as resumes
from app.resume.render.file import standard


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one account; below 0 there is none."""

    saved_jobs: int
    applications_per_day: int


async def save(session: AsyncSession, limits: Limits, user_id: int, reference: str) -> bool:
    """Whether it was new. Raises NotFoundError, GoneError, QuotaExceededError."""
    job = await jobs.require_active(session, reference)
    done = await repository.save(session, user_id, job.id, limits.saved_jobs)
    if not done.within_limit:
        raise QuotaExceededError(f"an account may have {limits.saved_jobs} saved postings")
    if done.is_new:
        await events.record(session, user_id, job.id, "save")
    return done.is_new


async def unsave(session: AsyncSession, user_id: int, reference: str) -> None:
    """Also for closed postings; removing what is not there changes nothing. Raises NotFoundError."""
    job_id = await jobs.any_id(session, reference)
    if await repository.unsave(session, user_id, job_id):
        await events.record(session, user_id, job_id, "unsave")


async def saved(session: AsyncSession, user_id: int, paging: Paging) -> tuple[int, Sequence[SavedJob]]:
    return await repository.saved(session, user_id, paging)


async def apply(
    session: AsyncSession, limits: Limits, user_id: int, reference: str, body: ApplyRequest
) -> ApplicationAnswer:
    """Raises ConflictError the second time, GoneError after the deadline or when the posting has all the
    applications it takes, QuotaExceededError, NotFoundError, InvalidInputError."""
    job = await jobs.require_active(session, reference)
    if await repository.has_applied(session, user_id, job.id):
        raise ConflictError("you applied to this posting before")
    now, public_id = utcnow(), uuid7()
    if job.application_deadline is not None and job.application_deadline <= now:
        raise GoneError("the deadline for applications is over")
    resume = await _sent_resume(session, user_id, body.resume_id)
    done = await repository.apply(
        session,
        user_id,
        job.id,
        public_id,
        is_external=bool(job.external_application_url),
        cover_letter=body.cover_letter,
        answers=[answer.model_dump() for answer in body.answers],
        resume=resume,
        today=now.date(),
        most=limits.applications_per_day,
    )
    _check(done, limits)
    await events.record(session, user_id, job.id, "apply")
    made = await repository.application(session, user_id, public_id)
    if made is None:
        raise NotFoundError("no such application")
    return answer(made, made.job)


async def _sent_resume(
    session: AsyncSession, user_id: int, public_id: uuid.UUID | None
) -> dict[str, Any] | None:
    """Raises InvalidInputError for a resume that is not the seeker's."""
    if public_id is None:
        return None
    try:
        found = await resumes.read(session, user_id, public_id)
    except NotFoundError:
        raise InvalidInputError("no such resume of yours", pointer="/body/resume_id") from None
    return standard(found.document)


def _check(done: repository.Applied, limits: Limits) -> None:
    if not done.has_place:
        raise GoneError("the posting has all the applications it takes")
    if not done.within_limit:
        raise QuotaExceededError(f"an account may send {limits.applications_per_day} applications a day")
    if not done.is_new:
        raise ConflictError("you applied to this posting before")


async def applications(
    session: AsyncSession, user_id: int, statuses: Sequence[str], paging: Paging
) -> tuple[int, Sequence[JobApplication]]:
    return await repository.applications(session, user_id, statuses, paging)


async def application(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> ApplicationDetail:
    """Raises NotFoundError, also for somebody else's."""
    found = await repository.application(session, user_id, public_id)
    if found is None:
        raise NotFoundError("no such application")
    return await _detail(session, found)


async def change(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, patch: ApplicationPatch
) -> ApplicationDetail:
    """Raises NotFoundError, ConflictError for a status that is not the seeker's to set."""
    found = await repository.application(session, user_id, public_id, lock=True)
    if found is None:
        raise NotFoundError("no such application")
    if "notes" in patch.model_fields_set:
        found.notes = patch.notes
    if "status" in patch.model_fields_set:
        set_status(session, found, patch.status, "seeker")
    await session.flush()
    return await _detail(session, found)


def set_status(
    session: AsyncSession, found: JobApplication, status: states.Status, actor: states.Actor
) -> None:
    """On a locked row; setting the status it has changes nothing. Raises ConflictError."""
    old: states.Status = found.status  # type: ignore[assignment]  # the database's CHECK says so
    if old == status:
        return
    states.check(old, status, actor, is_external=found.is_external)
    found.status = status
    session.add(ApplicationChange(application_id=found.id, status=status, actor=actor))


async def _detail(session: AsyncSession, found: JobApplication) -> ApplicationDetail:
    status: states.Status = found.status  # type: ignore[assignment]  # the database's CHECK says so
    changes = await repository.history(session, found.id)
    return ApplicationDetail(
        **dict(answer(found, found.job)),
        history=[StatusChange.model_validate(row) for row in changes],
        possible=sorted(states.allowed(status, "seeker", is_external=found.is_external)),
    )


def answer(made: JobApplication, job: Job) -> ApplicationAnswer:
    names = (
        "status",
        "is_external",
        "cover_letter",
        "answers",
        "resume",
        "notes",
        "created_at",
        "updated_at",
    )
    return ApplicationAnswer(
        id=made.public_id,
        job=JobSummary.of(job),
        external_application_url=job.external_application_url,
        **{name: getattr(made, name) for name in names},
    )
