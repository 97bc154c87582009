"""Postings: read by everybody, published, paused and closed by members of their company."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError, GoneError, InvalidInputError, NotFoundError
from app.job import details_repository, jsonld, repository
from app.job.schemas import (
    NULLABLE,
    AiSummary,
    EmployerJob,
    JobCreate,
    JobDetail,
    JobPatch,
    JobSummary,
    RequirementAnswer,
)
from app.job.simhash import simhash
from app.job.states import Actor, Status, transition
from app.job.tasks import enqueue_push
from app.kit.clock import utcnow
from app.kit.etag import check_if_match
from app.kit.ids import slugify, uuid7
from app.kit.pagination import Paging
from app.organization import service as organizations
from app.orm import Company, Job
from app.orm.job import FINAL_STATUSES
from app.taxonomy import service as taxonomy

ALTERNATIVES = 5
#: Fields that are rows of other tables.
LISTS = ("tags", "skill_requirements")


async def read(session: AsyncSession, reference: str, user_id: int | None) -> tuple[Job, bool]:
    """A posting by public id or slug, and whether the user is a member of its company.

    Raises NotFoundError for drafts and paused ones and GoneError, naming alternatives, for ended ones,
    except to members.
    """
    job = await repository.find_whole(session, reference)
    if job is None:
        raise NotFoundError("no such posting")
    own = user_id is not None and await organizations.is_member(session, job.company_id, user_id)
    if job.status == "active" or own:
        return job, own
    if job.status not in FINAL_STATUSES:
        raise NotFoundError("no such posting")
    others = [row.model_dump(mode="json") for row in await alternatives(session, job.id)]
    raise GoneError("this posting is closed", extensions={"alternatives": others})


async def alternatives(session: AsyncSession, job_id: int) -> list[JobSummary]:
    """Other active postings like this one, which may have ended."""
    similar = await details_repository.similar_ids(session, job_id, ALTERNATIVES + 1)
    ids = [other for other in similar if other != job_id][:ALTERNATIVES]
    rows = {job.id: job for job in await repository.by_ids(session, ids)}
    return [JobSummary.of(rows[job_id]) for job_id in ids]


async def detail(session: AsyncSession, job: Job) -> JobDetail:
    """The posting with all that is known of it, as the database has it now."""
    return await described(session, await repository.whole(session, job.id))


async def described(session: AsyncSession, job: Job) -> JobDetail:
    """The same for a posting that was just read, as `read` does."""
    summary = await details_repository.summary(session, job)
    needed = await details_repository.requirements(session, job.id)
    return JobDetail.whole(
        job,
        [RequirementAnswer.model_validate(row) for row in needed],
        AiSummary.model_validate(summary) if summary else None,
    )


async def job_posting(session: AsyncSession, job: Job) -> str:
    """JSON-LD of an active posting. Raises NotFoundError for a simulated one and one that says too little."""
    detail = await described(session, job)
    if detail.simulated:
        raise NotFoundError("the posting is simulated: nobody hires for it")
    document = jsonld.job_posting(detail, website=job.company.website)
    if document is None:
        raise NotFoundError("it names no place or has no description, which a JobPosting needs")
    return jsonld.dumps(document)


async def require_active(session: AsyncSession, reference: str) -> Job:
    """An active posting. Raises NotFoundError, GoneError."""
    job = await repository.find(session, reference)
    if job is not None and job.status in FINAL_STATUSES:
        raise GoneError("this posting is closed")
    if job is None or job.status != "active":
        raise NotFoundError("no such posting")
    return job


async def any_id(session: AsyncSession, reference: str) -> int:
    """The key of a posting in any published state. Raises NotFoundError."""
    job = await repository.find(session, reference)
    if job is None or job.status == "draft":
        raise NotFoundError("no such posting")
    return job.id


async def create(session: AsyncSession, user_id: int, body: JobCreate) -> JobDetail:
    """Raises NotFoundError unless the user is a member of the company, InvalidInputError."""
    return await create_for(session, await organizations.of_member(session, body.company, user_id), body)


async def create_for(session: AsyncSession, company: Company, body: JobCreate) -> JobDetail:
    """Raises InvalidInputError when the posting would be over as it starts."""
    public_id, now = uuid7(), utcnow()
    fields = body.model_dump(exclude={"company", *LISTS})
    job = Job(
        public_id=public_id,
        slug=slugify(body.title, company.name, suffix=public_id.hex[-8:]),
        company_id=company.id,
        company=company,
        posted_at=now,
        last_verified=now,
        **_columns(fields, job=None),
    )
    _check_expiry(job, now)
    await _annotate(session, job)
    session.add(job)
    await session.flush()
    await details_repository.regroup(session, [(job.id, company.id)])
    await _store_lists(session, job, body.model_dump(include=set(LISTS)))
    if job.status == "active":
        await enqueue_push(session, [job.id])
    return await detail(session, job)


async def change(
    session: AsyncSession, user_id: int, reference: str, body: JobPatch, if_match: str | None = None
) -> JobDetail:
    """Raises NotFoundError (not one of yours), ConflictError (closed, or no such change of status),
    InvalidInputError, PreconditionFailedError."""
    return await edit(session, await _own(session, user_id, reference), body, "employer", if_match)


async def edit(
    session: AsyncSession, job: Job, body: JobPatch, actor: Actor, if_match: str | None = None
) -> JobDetail:
    """Changes a locked posting. Raises as `change`."""
    await check_if_match(if_match, lambda: detail(session, job))
    if job.status in FINAL_STATUSES:
        raise ConflictError("a closed posting cannot be changed")
    changes = body.model_dump(include=body.model_fields_set)
    status, now = changes.pop("status", job.status), utcnow()
    _check(job, changes)
    lists: dict[str, Any] = {name: changes.pop(name) for name in LISTS if name in changes}
    for name, value in _columns(changes, job=job).items():
        setattr(job, name, value)
    transition(job, status, actor, now)
    _check_expiry(job, now)
    job.updated_at = job.last_verified = now
    is_other_text = await _annotate(session, job)
    await session.flush()
    if is_other_text:
        await details_repository.regroup(session, [(job.id, job.company_id)])
    await _store_lists(session, job, lists)
    await enqueue_push(session, [job.id], closing=job.status != "active")
    return await detail(session, job)


async def set_status(
    session: AsyncSession, user_id: int, reference: str, status: Status, if_match: str | None = None
) -> JobDetail:
    """Setting the status it has changes nothing. Raises as `change`."""
    return await move(session, await _own(session, user_id, reference), status, "employer", if_match)


async def resume(session: AsyncSession, user_id: int, reference: str, if_match: str | None) -> JobDetail:
    """Brings a paused posting back. Raises as `change`."""
    job = await _own(session, user_id, reference)
    if job.status not in ("paused", "active"):
        raise ConflictError("only a paused posting can be resumed")
    return await move(session, job, "active", "employer", if_match)


async def close(session: AsyncSession, user_id: int, reference: str, if_match: str | None) -> JobDetail:
    """Ending a posting that has ended changes nothing. Raises as `change`."""
    job = await _own(session, user_id, reference)
    if job.status in FINAL_STATUSES:
        await check_if_match(if_match, lambda: detail(session, job))
        return await detail(session, job)
    return await move(session, job, "closed", "employer", if_match)


async def reopen(
    session: AsyncSession, user_id: int, reference: str, expires_at: datetime | None, if_match: str | None
) -> JobDetail:
    """Brings a closed or expired posting back. Raises as `change`."""
    job = await _own(session, user_id, reference)
    await check_if_match(if_match, lambda: detail(session, job))
    if job.status not in FINAL_STATUSES:
        raise ConflictError("only a posting that has ended can be reopened")
    if expires_at is not None:
        job.expires_at = expires_at
    return await move(session, job, "active", "employer")


async def move(
    session: AsyncSession, job: Job, status: Status, actor: Actor, if_match: str | None = None
) -> JobDetail:
    """`shift`, answered with the posting. Raises as `change`."""
    await check_if_match(if_match, lambda: detail(session, job))
    await shift(session, job, status, actor)
    return await detail(session, job)


async def shift(session: AsyncSession, job: Job, status: Status, actor: Actor) -> bool:
    """The one way a locked posting's status changes: stored, and told to whoever holds a copy.

    Whether that was a change. Raises ConflictError, InvalidInputError.
    """
    if not transition(job, status, actor, utcnow()):
        return False
    await session.flush()
    await enqueue_push(session, [job.id], closing=status != "active")
    return True


async def expire_overdue(session: AsyncSession) -> int:
    """Ends the next postings whose time is over; returns how many."""
    rows, now = await repository.overdue(session), utcnow()
    for job in rows:
        transition(job, "expired", "clock", now)
    await session.flush()
    await enqueue_push(session, [job.id for job in rows], closing=True)
    return len(rows)


async def ids_by_public_id(
    session: AsyncSession, public_ids: Collection[uuid.UUID], *, active_only: bool = False
) -> dict[uuid.UUID, int]:
    return await repository.ids_by_public_id(session, public_ids, status="active" if active_only else None)


async def records(session: AsyncSession, job_ids: Collection[int]) -> Sequence[RowMapping]:
    """What the models read of these postings: rows of `job_record`."""
    return await repository.records(session, job_ids)


async def employers_jobs(
    session: AsyncSession, user_id: int, statuses: Sequence[str], company: str, paging: Paging
) -> tuple[int, list[EmployerJob]]:
    """(number, one page) of the postings of the user's companies, newest first, drafts too."""
    total, rows = await repository.of_member(session, user_id, statuses, company, paging)
    return total, [EmployerJob.counted(job, counter) for job, counter in rows]


async def locked(session: AsyncSession, reference: str) -> Job:
    """Any posting, locked: for staff. Raises NotFoundError."""
    job = await repository.lock(session, reference)
    if job is None:
        raise NotFoundError("no such posting")
    return job


async def any_posting(session: AsyncSession, reference: str) -> Job:
    """In any state: for staff. Raises NotFoundError."""
    job = await repository.find(session, reference)
    if job is None:
        raise NotFoundError("no such posting")
    return job


async def feature(session: AsyncSession, job: Job, featured: bool) -> bool:
    """Whether that was a change of the locked posting. Raises ConflictError unless it is active."""
    if job.is_featured == featured:
        return False
    if featured and job.status != "active":
        raise ConflictError("only an active posting can be featured")
    job.is_featured = featured
    await session.flush()
    await enqueue_push(session, [job.id])
    return True


async def summaries(session: AsyncSession, job_ids: Collection[int]) -> dict[int, JobSummary]:
    return {job.id: JobSummary.of(job) for job in await repository.by_ids(session, job_ids)}


async def owned_id(session: AsyncSession, user_id: int, reference: str) -> int:
    """The key of a posting of a company of the user's. Raises NotFoundError."""
    job = await repository.find(session, reference)
    if job is None or not await organizations.is_member(session, job.company_id, user_id):
        raise NotFoundError("no such posting among yours")
    return job.id


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


def _check_expiry(job: Job, now: datetime) -> None:
    if job.status == "active" and job.expires_at is not None and job.expires_at <= now:
        raise InvalidInputError("expires_at is over", pointer="/body/expires_at")


async def _annotate(session: AsyncSession, job: Job) -> bool:
    """What follows from the text: computed again only when the text is another. Whether it is."""
    job.content_hash = content_hash(job)
    if job.content_hash == job.annotated_hash:
        return False
    job.location_id = await taxonomy.place_of(session, job.location or "")
    job.simhash = simhash(job.title, job.description or "")
    job.annotated_hash = job.content_hash
    return True


async def _store_lists(session: AsyncSession, job: Job, lists: dict[str, Any]) -> None:
    if lists.get("tags") is not None:
        await details_repository.replace_tags(session, job.id, lists["tags"])
    if lists.get("skill_requirements") is not None:
        distinct = {row["name"].lower(): row for row in lists["skill_requirements"]}
        rows = [row | {"name_key": key, "source": "employer"} for key, row in distinct.items()]
        await details_repository.replace_requirements(session, job.id, rows)


def _columns(fields: dict[str, Any], *, job: Job | None) -> dict[str, Any]:
    """Wire names to column names, tuples to the lists that arrays want; a stated salary has a currency."""
    columns = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    if "remote" in columns:
        columns["remote_option"] = columns.pop("remote")
    if columns.get("salary_min") is not None or columns.get("salary_max") is not None:
        columns["salary_source"] = "employer"
        if not columns.get("salary_currency", job.salary_currency if job else ""):
            columns["salary_currency"] = "USD"
    return columns


def content_hash(job: Job) -> str:
    """SHA-256 of what a reader would notice changing."""
    parts = (job.title, job.description, job.requirements, job.benefits, job.location, *(job.skills or ()))
    return hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).hexdigest()
