"""Wire shapes of postings."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy import Row

from app.kit.pagination import MAX_OFFSET, Paging
from app.kit.schemas import Answer, RequestBody
from app.organization.schemas import HttpsUrl
from app.orm import Job
from app.user.schemas import Currency, JobType, Money, Remote, Skill

Interval = Literal["year", "month", "week", "day", "hour"]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=60_000)]
NULLABLE = frozenset({"salary_min", "salary_max", "application_deadline", "expires_at"})


class CompanyRef(Answer):
    slug: str
    name: str


class Salary(Answer):
    """As stated; `annual_min` and `annual_max` are the same for a year of full-time work."""

    min: float | None = Field(validation_alias="salary_min")
    max: float | None = Field(validation_alias="salary_max")
    currency: str = Field(validation_alias="salary_currency")
    interval: Interval = Field(validation_alias="salary_interval")
    source: str = Field(validation_alias="salary_source")
    annual_min: float | None = Field(validation_alias="annual_salary_min")
    annual_max: float | None = Field(validation_alias="annual_salary_max")


class JobSummary(Answer):
    id: uuid.UUID
    slug: str
    title: str
    company: CompanyRef
    location: str
    remote: Remote
    job_type: str
    skills: list[str]
    salary: Salary | None
    status: str
    posted_at: datetime

    @classmethod
    def of(cls, job: Job) -> Self:
        """From a row loaded together with its company."""
        return cls._from(job, CompanyRef.model_validate(job.company))

    @classmethod
    def of_row(cls, row: Row[Any]) -> Self:
        """From a row with the columns of a posting, `company_slug` and `company_name`."""
        return cls._from(row, CompanyRef(slug=row.company_slug, name=row.company_name))

    @classmethod
    def _from(cls, job: Job | Row[Any], company: CompanyRef) -> Self:
        same = cls.model_fields.keys() - {"id", "company", "remote", "salary"}
        stated = job.salary_min is not None or job.salary_max is not None
        return cls(
            id=job.public_id,
            company=company,
            remote=cast("Remote", job.remote_option),
            salary=Salary.model_validate(job) if stated else None,
            **{name: getattr(job, name) for name in same},
        )


class JobDetail(JobSummary):
    description: str
    requirements: str
    benefits: str
    external_application_url: str
    application_instructions: str
    application_deadline: datetime | None
    expires_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class JobFields(RequestBody):
    """What an employer may write; everything else about a posting is ours."""

    description: Text = ""
    requirements: Annotated[str, StringConstraints(max_length=20_000)] = ""
    benefits: Annotated[str, StringConstraints(max_length=20_000)] = ""
    skills: tuple[Skill, ...] = Field((), max_length=100)
    location: str = Field("", max_length=300)
    remote: Remote = "unspecified"
    job_type: JobType | Literal[""] = ""
    salary_min: Money | None = None
    salary_max: Money | None = None
    salary_currency: Currency = ""
    salary_interval: Interval = "year"
    external_application_url: HttpsUrl = ""
    application_instructions: str = Field("", max_length=2000)
    application_deadline: datetime | None = None
    expires_at: datetime | None = None

    @model_validator(mode="after")
    def salaries_in_order(self) -> Self:
        if self.salary_min is not None and self.salary_max is not None and self.salary_min > self.salary_max:
            raise ValueError("salary_min is above salary_max")
        return self


class JobCreate(JobFields):
    company: str = Field(min_length=1, max_length=200, description="slug of a company of yours")
    title: Title
    status: Literal["draft", "active"] = "active"


class JobPatch(JobFields):
    """Only the fields that are sent change."""

    title: Title = Field("-", description="left alone unless sent")
    status: Literal["draft", "active", "paused"] = "active"


class JobFilters(RequestBody):
    """The list's query parameters. An empty one does not filter."""

    q: str = Field("", max_length=300)
    location: str = Field("", max_length=200)
    job_type: tuple[JobType, ...] = ()
    remote: tuple[Remote, ...] = ()
    salary_min: int | None = Field(None, ge=0, le=10**9, description="annual")
    salary_max: int | None = Field(None, ge=0, le=10**9, description="annual")
    company: str = Field("", max_length=200, description="slug")
    sort: Literal["relevance", "date", "salary"] = "relevance"


class JobQuery(JobFilters):
    page: int = Field(1, ge=1, le=MAX_OFFSET)
    limit: int = Field(20, ge=1, le=100)

    @property
    def paging(self) -> Paging:
        return Paging(page=self.page, limit=self.limit)
