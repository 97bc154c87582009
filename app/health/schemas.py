from __future__ import annotations

from datetime import datetime
from typing import Literal

from app.kit.schemas import Answer

State = Literal["ok", "down"]


class IndexState(Answer):
    kind: str
    jobs: int
    sequence: int


class HealthAnswer(Answer):
    """`degraded`: the app answers, but with less (no model, no worker)."""

    status: Literal["healthy", "degraded", "unhealthy"]
    service: Literal["jobpilot-app"] = "jobpilot-app"
    database: State
    cache: State
    timestamp: datetime
    serving: State
    index: IndexState | None
    model_version: str | None
    queue: Literal["ok", "no worker", "delayed", "down"]


class Alive(Answer):
    status: Literal["ok"] = "ok"
