"""What is sent."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.client.base import JobType, Purpose, Remote, Sent


class LoginRequest(Sent):
    email: str
    password: str


class ProfileIn(Sent):
    desired_title: str = ""
    resume_text: str = ""
    skills: list[str] = Field(default_factory=list)
    location: str = ""
    remote: Remote = "unspecified"
    experience_years: float | None = None
    salary_min: float | None = None


class SeekerIn(Sent):
    """`content`: an object (profile, json_resume) or a text (text; file as base64)."""

    format: Literal["profile", "json_resume", "text", "file"] | None = None
    content: str | dict[str, Any]
    filename: str = ""


class PostingIn(Sent):
    id: str = ""
    title: str
    company: str = ""
    description: str = ""
    skills: list[str] = Field(default_factory=list)
    location: str = ""
    remote: Remote = "unspecified"
    job_type: JobType | Literal[""] = ""
    salary_min: float | None = None
    salary_max: float | None = None
    currency: str = ""


class ForeignPosting(Sent):
    id: str = ""
    format: Literal["posting", "schema_org", "greenhouse", "lever", "ashby", "text"] | None = None
    content: str | dict[str, Any]


class ScoreOptions(Sent):
    purpose: Purpose | None = None
    explain: bool = True
    counterfactuals: int = 0
    bar: float = 0.5
    receipts: bool = True


class ScoreBody(ScoreOptions):
    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    job_ids: list[UUID] = Field(default_factory=list)
    jobs: list[PostingIn] = Field(default_factory=list)
    postings: list[ForeignPosting] = Field(default_factory=list)


class ScoreLine(Sent):
    id: str = ""
    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    job_id: UUID | None = None
    job: PostingIn | None = None
    posting: ForeignPosting | None = None


class VerifyBody(Sent):
    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    posting: ForeignPosting | None = None
