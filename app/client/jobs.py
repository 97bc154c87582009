"""Accounts and postings, as they come back."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.client.base import Given, Remote


class UserAnswer(Given):
    id: UUID
    email: str
    full_name: str
    is_staff: bool
    created_at: datetime


class LoginAnswer(Given):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a name
    expires_in: int
    user: UserAnswer


class CompanyRef(Given):
    slug: str
    name: str


class Salary(Given):
    min: float | None
    max: float | None
    currency: str
    interval: Literal["year", "month", "week", "day", "hour"]
    source: str
    annual_min: float | None
    annual_max: float | None


class JobSummary(Given):
    id: UUID
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
    simulated: bool = False


class FoundJob(JobSummary):
    reposts: int = 0


class Pagination(Given):
    page: int
    limit: int
    total_count: int
    max_page: int
    next: str | None
    previous: str | None


class FacetCount(Given):
    value: str
    label: str
    count: int


class Relaxation(Given):
    drop: str
    word: str = ""
    total_count: int


class JobSearchPage(Given):
    results: list[FoundJob]
    pagination: Pagination
    total_relation: Literal["exact", "at_least"]
    next_cursor: str | None
    sort: Literal["relevance", "date", "salary", "match"]
    mode: Literal["keyword", "semantic", "hybrid"]
    degraded: list[Literal["index", "matching"]]
    facets: dict[Literal["job_type", "remote", "skills", "company", "country", "salary"], list[FacetCount]]
    facets_estimated: bool
    did_you_mean: str | None
    relax: list[Relaxation]
    salary_currency: str = "USD"
