"""Wire shapes of saved searches and alerts."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.job.schemas import JobSummary
from app.kit.plaintext import plain_text
from app.kit.schemas import Answer, RequestBody
from app.orm import SavedSearch
from app.search.query import parse
from app.search.schemas import JobFilters

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, strip_whitespace=True),
    AfterValidator(plain_text),
    StringConstraints(min_length=1),
]
#: How a search is shown says nothing about what is searched for.
_HOW = {"sort", "mode", "radius_km", "currency", "salary_interval"}


class SavedQuery(JobFilters):
    """What `GET /api/v1/jobs/` takes, without paging."""

    @model_validator(mode="after")
    def narrows(self) -> Self:
        if not self.model_dump(exclude=_HOW, exclude_defaults=True) or (self.q and not parse(self.q)):
            raise ValueError("a search for everything cannot be saved: give a word or a filter")
        return self

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_defaults=True)


class SavedSearchIn(RequestBody):
    name: Name
    query: SavedQuery
    alerts: bool = Field(True, description="tell me of new postings")


class SavedSearchPatch(RequestBody):
    """Only the fields that are sent change."""

    name: Name | None = None
    query: SavedQuery | None = None
    alerts: bool | None = None


class SavedSearchAnswer(Answer):
    id: uuid.UUID
    name: str
    query: SavedQuery
    alerts: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: SavedSearch) -> Self:
        query = SavedQuery.model_validate_json(_json(row.query))
        return cls(
            id=row.public_id,
            name=row.name,
            query=query,
            alerts=row.alerts,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class SearchRef(Answer):
    id: uuid.UUID
    name: str


class AlertAnswer(Answer):
    id: uuid.UUID
    search: SearchRef
    job: JobSummary
    created_at: datetime
    read_at: datetime | None


class AlertQuery(RequestBody):
    unread: bool = Field(False, description="only those not marked read")
    page: int = Field(1, ge=1, le=1000)
    limit: int = Field(20, ge=1, le=100)


class AlertsRead(RequestBody):
    ids: tuple[uuid.UUID, ...] | None = Field(None, max_length=100, description="left out: all of them")


class AlertsMarked(Answer):
    marked: int


def _json(value: dict[str, Any]) -> str:
    """Stored values are JSON, and are read as such: a list is a tuple there and a text is a time."""
    return json.dumps(value)
