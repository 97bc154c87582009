"""Moderation. Everything that changes something is in the audit log, in the same transaction."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from app.admin import audit, repository
from app.admin.schemas import (
    Action,
    AdminJob,
    AuditAnswer,
    AuditFilters,
    BulkAnswer,
    BulkItem,
    BulkModeration,
    JobFilters,
    UserFilters,
)
from app.auth import service as auth
from app.errors import AppError, ConflictError, NotFoundError
from app.job import service as postings
from app.job.schemas import JobCreate, JobDetail, JobPatch
from app.job.states import Status
from app.organization import service as organizations
from app.orm import Job, User

#: What each action makes of a posting; featuring is none of its states.
BECOMES: dict[Action, Status] = {
    "activate": "active",
    "pause": "paused",
    "close": "closed",
    "expire": "expired",
    "remove": "removed",
}


async def jobs(session: AsyncSession, filters: JobFilters) -> tuple[int, list[AdminJob]]:
    total, rows = await repository.jobs(session, filters)
    near = await repository.near_duplicates(session, [job.id for job, _ in rows])
    return total, [AdminJob.row(job, counter, near.get(job.id, 0)) for job, counter in rows]


async def job(session: AsyncSession, reference: str) -> JobDetail:
    """In any state. Raises NotFoundError."""
    return await postings.detail(session, await postings.any_posting(session, reference))


async def create_job(session: AsyncSession, actor: uuid.UUID, body: JobCreate) -> JobDetail:
    """For any company. Raises NotFoundError, InvalidInputError."""
    made = await postings.create_for(session, await organizations.get(session, body.company), body)
    await audit.record(session, actor, "job.create", "job", made.id, status=made.status)
    return made


async def edit_job(
    session: AsyncSession, actor: uuid.UUID, reference: str, body: JobPatch, if_match: str | None
) -> JobDetail:
    """Raises NotFoundError, ConflictError, InvalidInputError, PreconditionFailedError."""
    found = await postings.locked(session, reference)
    changed = await postings.edit(session, found, body, "staff", if_match)
    await audit.record(session, actor, "job.edit", "job", changed.id, fields=sorted(body.model_fields_set))
    return changed


async def moderate(
    session: AsyncSession, actor: uuid.UUID, reference: str, action: Action, reason: str
) -> JobDetail:
    """Raises NotFoundError, ConflictError when the posting is in no state for it."""
    found = await postings.locked(session, reference)
    await _act(session, actor, found, action, reason)
    return await postings.detail(session, found)


async def moderate_many(session: AsyncSession, actor: uuid.UUID, body: BulkModeration) -> BulkAnswer:
    """Each posting by itself: what is refused for one leaves the others done."""
    found = await repository.lock_jobs(session, body.jobs)
    results = []
    for public_id in dict.fromkeys(body.jobs):
        try:
            if public_id not in found:
                raise NotFoundError("no such posting")
            async with session.begin_nested():
                await _act(session, actor, found[public_id], body.action, body.reason)
            results.append(BulkItem(job=public_id, status=200, detail=body.action))
        except AppError as error:
            results.append(BulkItem(job=public_id, status=error.status, detail=error.message))
    return BulkAnswer(results=results)


async def _act(session: AsyncSession, actor: uuid.UUID, found: Job, action: Action, reason: str) -> None:
    """Doing what is done already changes nothing and is not logged."""
    before = found.status
    if action in ("feature", "unfeature"):
        changed = await postings.feature(session, found, action == "feature")
    else:
        changed = await postings.shift(session, found, _target(action, found), "staff")
    if changed:
        await audit.record(
            session,
            actor,
            f"job.{action}",
            "job",
            found.public_id,
            before=before,
            after=found.status,
            reason=reason,
        )


def _target(action: Action, found: Job) -> Status:
    """Restoring takes back a removal: the posting is closed then, and its employer may reopen it."""
    if action != "restore":
        return BECOMES[action]
    if found.status != "removed":
        raise ConflictError("only a removed posting can be restored")
    return "closed"


async def users(session: AsyncSession, filters: UserFilters) -> tuple[int, list[User]]:
    total, rows = await repository.users(session, filters)
    return total, list(rows)


async def set_active(
    session: AsyncSession, actor: uuid.UUID, public_id: uuid.UUID, active: bool, reason: str
) -> User:
    """Deactivating ends every session of the account at once.

    Raises NotFoundError, ConflictError for one's own account.
    """
    found = await repository.lock_user(session, public_id)
    if found is None:
        raise NotFoundError("no such account")
    if public_id == actor:
        raise ConflictError("your own account is for somebody else to decide about")
    if found.is_active != active:
        found.is_active = active
        await session.flush()
        if not active:
            await auth.logout_everywhere(session, user_id=found.id)
        action = "user.activate" if active else "user.deactivate"
        await audit.record(session, actor, action, "user", public_id, reason=reason)
    return found


async def entries(session: AsyncSession, filters: AuditFilters) -> tuple[int, list[AuditAnswer]]:
    total, rows = await repository.entries(session, filters)
    names = AuditAnswer.model_fields.keys() - {"hash"}
    return total, [
        AuditAnswer(hash=row.hash.hex(), **{name: getattr(row, name) for name in names}) for row in rows
    ]
