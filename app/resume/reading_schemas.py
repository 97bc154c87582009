"""Wire shapes of what is read out of resumes."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import Field

from app.kit.schemas import Answer, RequestBody
from app.resume.schemas import ResumeAnswer
from serving.language_schemas import MAX_TEXT, ReadNotice, SkillEvidence


class PastedText(RequestBody):
    text: str = Field(min_length=1, max_length=MAX_TEXT)


class ParsedAnswer(Answer):
    """`resume` is JSON Resume 1.0.0; `resume.x-jobpilot.fields` maps the JSON pointer of every value to the
    span in `text` where it was read, with a confidence. Nothing is stored: send `resume` to
    `POST /api/v1/resumes/` when it is right."""

    resume: dict[str, Any]
    text: str = Field(description="the text of the file in reading order; spans are offsets in it")
    skills: list[SkillEvidence]
    experience_years: float | None = Field(description="overlapping positions count once")
    language: str = Field(description="ISO 639-1; empty if unsure")
    warnings: list[ReadNotice] = Field(description="hidden text, for example: it was not read")
    model_version: str


class LeftOutItem(Answer):
    path: str
    reason: str


class ImportAnswer(ResumeAnswer):
    left_out: list[LeftOutItem] = Field(description="what of the file is no part of the document, and why")
    warnings: list[ReadNotice]


class ResumeSkill(Answer):
    """`path` is a JSON pointer into the document; start and end are offsets in the text there."""

    skill_id: str = Field(description="of the taxonomy; empty where it has no such skill")
    label: str
    level: str
    confidence: float
    method: str
    path: str
    surface: str
    start: int
    end: int


class ResumeSkillsAnswer(Answer):
    """One row for each skill and place that shows it; `skills` names each once, the surest first."""

    resume_id: uuid.UUID
    version: int
    skills: list[str]
    evidence: list[ResumeSkill]
    model_version: str


class CheckDifference(Answer):
    path: str
    written: Any
    read: Any


class CheckAnswer(Answer):
    """`differences` is empty when a parser reads back what was written."""

    resume_id: uuid.UUID
    version: int
    template: str
    pages: int
    text: str = Field(description="the file as a parser sees it")
    differences: list[CheckDifference]
    warnings: list[ReadNotice]
    model_version: str
