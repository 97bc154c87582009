"""Wire shapes of moderation."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from app.job.schemas import EmployerJob
from app.kit.pagination import MAX_OFFSET, Paging
from app.kit.schemas import Answer, RequestBody
from app.orm import Job, JobCounter

Status = Literal["draft", "active", "paused", "closed", "expired", "removed"]
Action = Literal["feature", "unfeature", "activate", "pause", "close", "expire", "remove", "restore"]
MAX_BULK = 100


class _Paged(RequestBody):
    page: int = Field(1, ge=1, le=MAX_OFFSET)
    limit: int = Field(20, ge=1, le=100)

    @property
    def paging(self) -> Paging:
        return Paging(page=self.page, limit=self.limit)


class JobFilters(_Paged):
    """An empty one does not filter."""

    q: str = Field("", max_length=200, description="part of the title")
    status: tuple[Status, ...] = ()
    company: str = Field("", max_length=200, description="slug")
    source: str = Field("", max_length=100)
    featured: bool | None = None


class AdminJob(EmployerJob):
    source: str
    external_id: str | None
    first_seen: datetime
    last_verified: datetime | None
    near_duplicates: int = Field(description="other postings whose text has nearly the same fingerprint")

    @classmethod
    def row(cls, job: Job, counter: JobCounter | None, near_duplicates: int) -> Self:
        names = ("source", "external_id", "first_seen", "last_verified")
        return cls(
            **dict(EmployerJob.counted(job, counter)),
            **{name: getattr(job, name) for name in names},
            near_duplicates=near_duplicates,
        )


class Reason(RequestBody):
    """Goes to the audit log as it is: no names, no addresses."""

    reason: str = Field("", max_length=500)


class Moderation(Reason):
    action: Action


class BulkModeration(Moderation):
    jobs: tuple[uuid.UUID, ...] = Field(min_length=1, max_length=MAX_BULK)


class BulkItem(Answer):
    job: uuid.UUID
    status: int = Field(description="HTTP status the action alone would have had")
    detail: str


class BulkAnswer(Answer):
    results: list[BulkItem]


class UserFilters(_Paged):
    q: str = Field("", max_length=200, description="part of the e-mail or name")
    active: bool | None = None
    staff: bool | None = None


class AdminUser(Answer):
    id: uuid.UUID = Field(validation_alias="public_id")
    email: str
    full_name: str
    is_active: bool
    is_staff: bool
    created_at: datetime
    last_login: datetime | None


class AuditFilters(_Paged):
    action: str = Field("", max_length=100)
    actor: uuid.UUID | None = None
    target: uuid.UUID | None = None


class AuditAnswer(Answer):
    id: int
    at: datetime
    actor: uuid.UUID
    action: str
    target_type: str
    target_id: uuid.UUID
    detail: dict[str, Any]
    request_id: str
    hash: str


class AuditVerdict(Answer):
    """Compare `head` with one you noted before: a chain that was cut short is still a whole chain."""

    entries: int
    intact: bool
    broken_at: int | None = Field(description="the first entry that does not fit the one before it")
    head: str = Field(description="hash of the newest entry, hexadecimal")
