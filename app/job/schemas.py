"""Wire shapes of postings."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator
from sqlalchemy import Row

from app.job.text import safe_line, safe_text, tag_slug
from app.kit.pagination import MAX_OFFSET, Paging
from app.kit.schemas import Answer, RequestBody
from app.organization.schemas import HttpsUrl
from app.orm import Job, JobCounter
from app.user.schemas import Currency, JobType, Money, Remote, Skill

Interval = Literal["year", "month", "week", "day", "hour"]
Importance = Literal["must", "nice"]
Text = Annotated[str, StringConstraints(max_length=60_000)]
#: What imported a posting that nobody hires for: `jobpilot import market`.
SIMULATED = "market"
NULLABLE = frozenset({"salary_min", "salary_max", "application_deadline", "application_limit", "expires_at"})


def _present(value: str) -> str:
    if not value:
        raise ValueError("must have text in it")
    return value


#: HTML is welcome and kept as text: see `app.job.text`.
SafeText = Annotated[str, StringConstraints(max_length=60_000), AfterValidator(safe_text)]
ShortText = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(safe_text)]
Line = Annotated[str, StringConstraints(max_length=300), AfterValidator(safe_line)]
Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(safe_line),
    AfterValidator(_present),
]
TagName = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(tag_slug)]


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
    simulated: bool = Field(
        False, description="made by the simulated job market, to try things out: nobody hires for it"
    )

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
        stated = job.salary_min is not None or job.salary_max is not None
        return cls(
            id=job.public_id,
            slug=job.slug,
            title=job.title,
            company=company,
            location=job.location,
            remote=cast("Remote", job.remote_option),
            job_type=job.job_type,
            skills=job.skills,
            salary=Salary.model_validate(job) if stated else None,
            status=job.status,
            posted_at=job.posted_at,
            simulated=job.source == SIMULATED,
        )


class Place(Answer):
    """The place that `location` names."""

    label: str
    city: str
    region: str
    country: str = Field(description="ISO 3166-1 alpha-2")
    lat: float | None
    lon: float | None


class RequirementIn(RequestBody):
    name: Skill
    importance: Importance = "must"
    years: float | None = Field(None, ge=0, le=50, allow_inf_nan=False)


class RequirementAnswer(Answer):
    name: str
    importance: Importance
    years: float | None
    source: Literal["employer", "parsed", "predicted"]


class AiSummary(Answer):
    """Written by a model from this very content."""

    text: str = Field(validation_alias="summary")
    model_version: str


class JobDetail(JobSummary):
    place: Place | None
    tags: list[str]
    skill_requirements: list[RequirementAnswer]
    ai_summary: AiSummary | None
    is_featured: bool
    description: str
    requirements: str
    benefits: str
    external_application_url: str
    application_instructions: str
    application_deadline: datetime | None
    application_limit: int | None = Field(description="applications taken in all; null is no limit")
    expires_at: datetime | None
    closed_at: datetime | None
    first_seen: datetime
    last_verified: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def whole(cls, job: Job, requirements: list[RequirementAnswer], summary: AiSummary | None) -> Self:
        """From a row loaded with company, place and tags, and what is stored beside it."""
        beside = {"place", "tags", "skill_requirements", "ai_summary"}
        names = cls.model_fields.keys() - JobSummary.model_fields.keys() - beside
        return cls(
            **dict(JobSummary.of(job)),
            **{name: getattr(job, name) for name in names},
            place=Place.model_validate(job.place) if job.place else None,
            tags=[tag.slug for tag in job.tags],
            skill_requirements=requirements,
            ai_summary=summary,
        )


class JobFields(RequestBody):
    """What an employer may write; everything else about a posting is ours."""

    description: SafeText = ""
    requirements: ShortText = ""
    benefits: ShortText = ""
    skills: tuple[Skill, ...] = Field((), max_length=100)
    skill_requirements: tuple[RequirementIn, ...] = Field((), max_length=50)
    tags: tuple[TagName, ...] = Field((), max_length=10)
    location: Line = ""
    remote: Remote = "unspecified"
    job_type: JobType | Literal[""] = ""
    salary_min: Money | None = None
    salary_max: Money | None = None
    salary_currency: Currency = Field("", description="ISO 4217; USD when a salary is stated without one")
    salary_interval: Interval = "year"
    external_application_url: HttpsUrl = ""
    application_instructions: Annotated[
        str, StringConstraints(max_length=2000), AfterValidator(safe_text)
    ] = ""
    application_deadline: AwareDatetime | None = None
    application_limit: int | None = Field(None, ge=1, le=1_000_000)
    expires_at: AwareDatetime | None = None

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


class Reopening(RequestBody):
    expires_at: AwareDatetime | None = Field(None, description="needed when the old time is over")


class EmployerJob(JobSummary):
    """A posting of yours, with what came of it. The counts follow within two minutes."""

    application_limit: int | None
    application_deadline: datetime | None
    expires_at: datetime | None
    closed_at: datetime | None
    is_featured: bool
    view_count: int = Field(description="once per viewer and day")
    save_count: int
    application_count: int
    open_applications: int = Field(description="not withdrawn; counted at once")

    @classmethod
    def counted(cls, job: Job, counter: JobCounter | None) -> Self:
        """`counter` is None for a posting that nothing has happened to yet."""
        names = ("application_limit", "application_deadline", "expires_at", "closed_at", "is_featured")
        return cls(
            **dict(JobSummary.of(job)),
            **{name: getattr(job, name) for name in names},
            view_count=counter.view_count if counter else 0,
            save_count=counter.save_count if counter else 0,
            application_count=counter.application_count if counter else 0,
            open_applications=counter.taken if counter else 0,
        )


class EmployerJobFilters(RequestBody):
    status: tuple[Literal["draft", "active", "paused", "closed", "expired", "removed"], ...] = ()
    company: str = Field("", max_length=200, description="slug")
    page: int = Field(1, ge=1, le=MAX_OFFSET)
    limit: int = Field(20, ge=1, le=100)

    @property
    def paging(self) -> Paging:
        return Paging(page=self.page, limit=self.limit)
