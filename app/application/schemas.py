"""Wire shapes of saved postings and applications."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from app.application.states import Status
from app.job.schemas import JobSummary
from app.job.text import safe_text
from app.kit.pagination import MAX_OFFSET, Paging
from app.kit.schemas import Answer, RequestBody

Letter = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(safe_text)]
Notes = Annotated[str, StringConstraints(max_length=5_000)]


class QuestionAnswer(RequestBody):
    question: str = Field(min_length=1, max_length=300)
    answer: Annotated[str, StringConstraints(max_length=2000), AfterValidator(safe_text)]


class ApplyRequest(RequestBody):
    resume_id: uuid.UUID | None = Field(
        None, description="one of your resumes: it is sent as it is now, without what it hides"
    )
    cover_letter: Letter = ""
    answers: tuple[QuestionAnswer, ...] = Field((), max_length=20)


class StatusChange(Answer):
    status: Status
    actor: str = Field(description="seeker or employer")
    at: datetime


class ApplicationAnswer(Answer):
    id: uuid.UUID
    job: JobSummary
    status: Status
    is_external: bool = Field(description="you apply at external_application_url; this keeps track of it")
    cover_letter: str
    answers: list[QuestionAnswer]
    resume: dict[str, Any] | None = Field(description="JSON Resume as it was sent; null without one")
    notes: str
    external_application_url: str = Field(description="where to apply, when the employer takes it there")
    created_at: datetime
    updated_at: datetime


class ApplicationDetail(ApplicationAnswer):
    history: list[StatusChange]
    possible: list[Status] = Field(description="what you may set the status to")


class ApplicationPatch(RequestBody):
    """Only the fields that are sent change."""

    status: Status = Field("withdrawn", description="left alone unless sent")
    notes: Notes = ""


class ApplicationFilters(RequestBody):
    status: tuple[Status, ...] = ()
    page: int = Field(1, ge=1, le=MAX_OFFSET)
    limit: int = Field(20, ge=1, le=100)

    @property
    def paging(self) -> Paging:
        return Paging(page=self.page, limit=self.limit)


class SavedAnswer(Answer):
    job: JobSummary
    saved_at: datetime


class Applicant(Answer):
    """What a seeker shows of themselves by applying."""

    full_name: str
    email: str
    desired_title: str
    location: str
    skills: list[str]


class ApplicantAnswer(Answer):
    id: uuid.UUID
    applicant: Applicant
    status: Status
    cover_letter: str
    answers: list[QuestionAnswer]
    resume: dict[str, Any] | None = Field(description="JSON Resume as it was sent; null without one")
    employer_notes: str
    possible: list[Status] = Field(description="what you may set the status to")
    created_at: datetime


class ApplicantPatch(RequestBody):
    """Only the fields that are sent change. The applicant sees the status, not the notes."""

    status: Status = Field("in_review", description="left alone unless sent")
    employer_notes: Notes = ""
