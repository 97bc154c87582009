"""Wire shapes of saved postings and applications."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from app.job.schemas import JobSummary
from app.kit.schemas import Answer, RequestBody


class ApplyRequest(RequestBody):
    cover_letter: str = Field(default="", max_length=10_000)


class ApplicationAnswer(Answer):
    id: uuid.UUID
    job: JobSummary
    status: str
    cover_letter: str
    external_application_url: str = Field(description="where to apply, when the employer takes it there")
    created_at: datetime


class SavedAnswer(Answer):
    job: JobSummary
    saved_at: datetime
