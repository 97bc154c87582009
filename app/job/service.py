"""Postings: listed and read by everybody, published and closed by members of their company."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError, GoneError, InvalidInputError, NotFoundError
from app.job import repository
from app.job.schemas import NULLABLE, JobCreate, JobFilters, JobPatch
from app.job.tasks import enqueue_push
from app.kit.clock import utcnow
from app.kit.ids import slugify, uuid7
from app.kit.pagination import Paging
from app.organization import service as organizations
from app.orm import Job
from app.orm.job import FINAL_STATUSES

#: status -> the statuses an employer may set next; closing has its own operation and is final.
TRANSITIONS = {"draft": {"active"}, "active": {"paused"}, "paused": {"active"}}


async def search(session: AsyncSession, filters: JobFilters, paging: Paging) -> tuple[int, Sequence[Job]]:
    """(number of matches, one page of active postings)."""
    return await repository.search(session, filters, paging)


async def read(session: AsyncSession, reference: str, user_id: int | None) -> Job:
    """A posting by public id or slug.

    Raises NotFoundError for drafts and paused ones and GoneError for closed ones, except to members of
    the company.
    """
    job = await repository.find(session, reference)
    if job is None:
        raise NotFoundError("no such posting")
    if job.status != "active":
        own = user_id is not None and await organizations.is_member(session, job.company_id, user_id)
        if not own and job.status in FINAL_STATUSES:
            raise GoneError("this posting is closed")
        if not own:
            raise NotFoundError("no such posting")
    return job


async def require_active(session: AsyncSession, reference: str) -> Job:
    """An active posting. Raises NotFoundError, GoneError."""
    return await read(session, reference, None)


async def any_id(session: AsyncSession, reference: str) -> int:
    """The key of a posting in any published state. Raises NotFoundError."""
    job = await repository.find(session, reference)
    if job is None or job.status == "draft":
        raise NotFoundError("no such posting")
    return job.id


async def create(session: AsyncSession, user_id: int, body: JobCreate) -> Job:
    """Raises NotFoundError unless the user is a member of the company."""
    company = await organizations.of_member(session, body.company, user_id)
    public_id = uuid7()
    job = Job(
        public_id=public_id,
        slug=slugify(body.title, company.name, suffix=public_id.hex[-8:]),
        company_id=company.id,
        company=company,
        posted_at=utcnow(),
        **_columns(body.model_dump(exclude={"company"})),
    )
    job.content_hash = content_hash(job)
    session.add(job)
    await session.flush()
    if job.status == "active":
        await enqueue_push(session, [job.id])
    return job


async def change(session: AsyncSession, user_id: int, reference: str, body: JobPatch) -> Job:
    """Raises NotFoundError (not one of yours), ConflictError (closed), InvalidInputError."""
    job = await _own(session, user_id, reference)
    if job.status in FINAL_STATUSES:
        raise ConflictError("a closed posting cannot be changed")
    changes = body.model_dump(include=body.model_fields_set)
    _check(job, changes)
    for name, value in _columns(changes).items():
        setattr(job, name, value)
    job.content_hash = content_hash(job)
    await session.flush()
    await enqueue_push(session, [job.id], closing=job.status != "active")
    return job


async def close(session: AsyncSession, user_id: int, reference: str) -> Job:
    """Closing again changes nothing. Raises NotFoundError."""
    job = await _own(session, user_id, reference)
    if job.status not in FINAL_STATUSES:
        job.status, job.closed_at = "closed", utcnow()
        await session.flush()
        await enqueue_push(session, [job.id], closing=True)
    return job


async def ids_by_public_id(
    session: AsyncSession, public_ids: Collection[uuid.UUID], *, active_only: bool = False
) -> dict[uuid.UUID, int]:
    return await repository.ids_by_public_id(session, public_ids, status="active" if active_only else None)


async def _own(session: AsyncSession, user_id: int, reference: str) -> Job:
    job = await repository.lock_for_member(session, reference, user_id)
    if job is None:
        raise NotFoundError("no such posting among yours")
    return job


def _check(job: Job, changes: dict[str, Any]) -> None:
    nulls = sorted(name for name, value in changes.items() if value is None and name not in NULLABLE)
    if nulls:
        raise InvalidInputError("must not be null: " + ", ".join(nulls))
    low, high = (changes.get(name, getattr(job, name)) for name in ("salary_min", "salary_max"))
    if low is not None and high is not None and low > high:
        raise InvalidInputError("salary_min is above salary_max", pointer="/body/salary_min")
    wanted = changes.get("status", job.status)
    if wanted != job.status and wanted not in TRANSITIONS.get(job.status, set()):
        raise ConflictError(f"a posting cannot go from {job.status} to {wanted}")


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Wire names to column names, tuples to the lists that arrays want."""
    columns = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    if "remote" in columns:
        columns["remote_option"] = columns.pop("remote")
    if columns.get("salary_min") is not None or columns.get("salary_max") is not None:
        columns["salary_source"] = "employer"
    return columns


def content_hash(job: Job) -> str:
    """SHA-256 of what a reader would notice changing."""
    parts = (job.title, job.description, job.requirements, job.benefits, job.location, *(job.skills or ()))
    return hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).hexdigest()
