"""Answers about what was read out of a posting. Spans are offsets into one of the posting's own fields."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.kit.schemas import RequestBody
from serving.language_schemas import OccupationFact, Role, SkillEvidence

SourceField = Literal["description", "requirements", "benefits"]
ItemStatus = Literal["pending", "done", "failed"]
MOST_IN_BATCH = 100


class Source(BaseModel):
    """Characters [start, end) of that field of the posting."""

    field: SourceField
    start: int
    end: int


class SummaryLine(BaseModel):
    """One sentence, and where the posting says it. `rewritten` ones passed the faithfulness check."""

    text: str
    role: Role = Field(description="what the sentence is about")
    sources: list[Source]
    rewritten: bool = False


class SummaryAnswer(BaseModel):
    """`sentences` is empty where the posting says too little to be shortened."""

    job_id: uuid.UUID
    sentences: list[SummaryLine]
    model_version: str
    created_at: datetime
    generated_by: Literal["model"] = Field(
        default="model", description="an AI system chose these sentences (EU AI Act, Article 50)"
    )


class RequirementLine(BaseModel):
    """Ranked 1, 2, ...; must-haves first. `decided_by` says whether the posting's own words make it a must
    or a wish, or a model took it for one."""

    rank: int
    need: Literal["must", "nice"]
    text: str
    source: Source
    decided_by: Literal["posting", "model"]
    skills: list[str] = Field(description="names of the taxonomy")
    years_min: int | None = None
    years_max: int | None = None
    degree: str = ""
    certificates: list[str] = []
    languages: list[str] = []


class RequirementsAnswer(BaseModel):
    job_id: uuid.UUID
    requirements: list[RequirementLine]
    occupation: OccupationFact
    skills: list[SkillEvidence]
    model_version: str
    read_at: datetime


class BatchRequest(RequestBody):
    job_ids: list[uuid.UUID] = Field(min_length=1, max_length=MOST_IN_BATCH)


class BatchItem(BaseModel):
    job_id: uuid.UUID
    status: ItemStatus
    error: str = ""
    summary: SummaryAnswer | None = None


class BatchAnswer(BaseModel):
    """`status` is done when no item is pending. Ask again at `href` until then."""

    id: uuid.UUID
    status: Literal["running", "done"]
    href: str
    results: list[BatchItem]
    unknown_job_ids: list[uuid.UUID] = []
