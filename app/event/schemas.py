"""Wire shapes of behaviour events."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.kit.schemas import Answer, RequestBody

ClientKind = Literal["view", "click", "dismiss"]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]


class EventIn(RequestBody):
    """Saving and applying have their own operations, which record themselves."""

    event_id: EventId = Field(description="made by the client; sending it again changes nothing")
    job: uuid.UUID = Field(description="the posting's id")
    kind: ClientKind
    at: datetime | None = Field(None, description="when it happened, with a time zone; now if left out")
    request_id: uuid.UUID | None = Field(None, description="of the recommendation it followed from")


class EventBatch(RequestBody):
    events: tuple[EventIn, ...] = Field(min_length=1, max_length=100)


class EventsAnswer(Answer):
    accepted: int
    duplicates: int
    unknown_jobs: list[uuid.UUID]
