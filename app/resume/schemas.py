"""Wire shapes of resumes."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.kit.schemas import Answer, RequestBody
from app.resume.document import Document, one_line
from app.resume.render.file import Format
from app.resume.render.typst import Paper, Template

Source = Literal["typed", "parsed", "tailored", "imported"]
#: A tailored document is made here, so nobody can send one.
SentSource = Literal["typed", "parsed", "imported"]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100),
    AfterValidator(one_line),
    StringConstraints(min_length=1),
]


class ResumeIn(RequestBody):
    name: Name
    document: Document = Field(description="JSON Resume 1.0.0, and `x-jobpilot`")
    is_default: bool = Field(False, description="the one that is used when none is named; the first one is")
    job_id: uuid.UUID | None = Field(None, description="the posting it is for")
    source: SentSource = Field("typed", description="where the document comes from")


class ResumePatch(RequestBody):
    """Only the fields that are sent change. `document` is a merge patch (RFC 7396): null removes."""

    name: Name = Field("x", description="left alone unless sent")
    document: dict[str, Any] = Field(default_factory=dict, max_length=40)
    is_default: bool = False
    job_id: uuid.UUID | None = None


class CopyRequest(RequestBody):
    name: Name
    job_id: uuid.UUID | None = Field(None, description="the posting it is for")
    tailor: bool = Field(False, description="select, order and shorten for that posting; adds nothing")

    @model_validator(mode="after")
    def for_something(self) -> Self:
        if self.tailor and self.job_id is None:
            raise ValueError("tailored to which posting? Send job_id")
        return self


class GenerateRequest(RequestBody):
    """`resume_id` or `document`."""

    resume_id: uuid.UUID | None = None
    document: Document | None = None
    template: Template = "classic"
    format: Format = "pdf"
    paper: Paper = "a4"
    job_id: uuid.UUID | None = Field(None, description="tailor to this posting: select, order, shorten")

    @model_validator(mode="after")
    def one_resume(self) -> Self:
        if (self.resume_id is None) == (self.document is None):
            raise ValueError("send resume_id or document")
        return self


class ResumeSummary(Answer):
    id: uuid.UUID
    name: str
    is_default: bool
    job_id: uuid.UUID | None
    version: int
    source: Source
    created_at: datetime
    updated_at: datetime


class ResumeAnswer(ResumeSummary):
    document: Document


class Tailoring(Answer):
    matched: list[str] = Field(description="skills of the posting that the resume names")
    missing: list[str] = Field(description="skills of the posting that it does not name")


class CopyAnswer(ResumeAnswer):
    tailoring: Tailoring | None


class VersionSummary(Answer):
    number: int
    source: Source
    is_current: bool
    created_at: datetime


class VersionAnswer(VersionSummary):
    document: Document


class Change(Answer):
    path: str = Field(description="JSON pointer into `to`; of what was removed, into `from`")
    before: Any = Field(description="null: it was not there")
    after: Any = Field(description="null: it is not there any more")


class DiffAnswer(Answer):
    from_version: int = Field(serialization_alias="from")
    to_version: int = Field(serialization_alias="to")
    changes: list[Change]
