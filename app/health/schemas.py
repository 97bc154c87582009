from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.kit.schemas import Answer

State = Literal["ok", "down"]


class IndexState(Answer):
    kind: str
    jobs: int
    sequence: int


class SearchState(Answer):
    """`down`: PostgreSQL searches instead, without typo tolerance, radius and facets. `behind`: many changes
    wait, or documents and open postings differ."""

    condition: Literal["ok", "behind", "down"]
    engine: str
    documents: int | None = Field(description="in the index; null where there is none")
    open_postings: int = Field(description="in the database, up to a minute ago")
    waiting: int | None = Field(description="changes that the index has not seen")


class HealthAnswer(Answer):
    """`degraded`: the app answers, but with less (no model, no worker, no search index)."""

    status: Literal["healthy", "degraded", "unhealthy"]
    service: Literal["jobpilot-app"] = "jobpilot-app"
    database: State
    cache: State
    timestamp: datetime
    serving: State
    index: IndexState | None = Field(description="of vectors, in the serving layer")
    search: SearchState | None = Field(description="null without the database")
    model_version: str | None
    queue: Literal["ok", "no worker", "delayed", "down"]


class Alive(Answer):
    status: Literal["ok"] = "ok"
