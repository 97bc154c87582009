"""Recording behaviour: once per event id, in the transaction of what caused it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidInputError
from app.event import repository
from app.event.schemas import EventBatch, EventIn, EventsAnswer
from app.event.tasks import enqueue_record
from app.job import service as jobs
from app.kit.clock import utcnow
from app.kit.ids import uuid7

#: Clocks of clients differ; what lies further ahead is a mistake, further back is no longer behaviour.
AHEAD, BACK = timedelta(minutes=10), timedelta(days=30)


async def record_batch(
    session: AsyncSession, user_id: int, public_user: uuid.UUID, batch: EventBatch
) -> EventsAnswer:
    """Raises InvalidInputError for a time that cannot be. Unknown postings are reported, not refused."""
    known = await jobs.ids_by_public_id(session, {event.job for event in batch.events})
    now = utcnow()
    rows: dict[uuid.UUID, dict[str, Any]] = {}
    for place, event in enumerate(batch.events):
        at = _moment(event, now, place)
        if event.job in known:
            event_id = uuid.uuid5(public_user, event.event_id)  # one person's ids cannot block another's
            rows.setdefault(
                event_id, _row(event_id, user_id, known[event.job], event.kind, at, event.request_id)
            )
    added = await repository.add(session, list(rows.values()))
    await enqueue_record(session, added)
    unknown = sorted({event.job for event in batch.events} - known.keys())
    recorded = sum(event.job in known for event in batch.events)
    return EventsAnswer(accepted=len(added), duplicates=recorded - len(added), unknown_jobs=unknown)


async def record(
    session: AsyncSession, user_id: int, job_id: int, kind: Literal["save", "unsave", "apply", "dismiss"]
) -> None:
    """For what the app itself sees happen."""
    row = _row(uuid7(), user_id, job_id, kind, utcnow(), None)
    await enqueue_record(session, await repository.add(session, [row]))


def _moment(event: EventIn, now: datetime, place: int) -> datetime:
    at = event.at or now
    pointer = f"/body/events/{place}/at"
    if at.tzinfo is None:
        raise InvalidInputError("a time needs a time zone", pointer=pointer)
    if not now - BACK <= at <= now + AHEAD:
        raise InvalidInputError("the time is too far from now", pointer=pointer)
    return min(at.astimezone(UTC), now)


def _row(
    event_id: uuid.UUID, user_id: int, job_id: int, kind: str, at: datetime, request_id: uuid.UUID | None
) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "user_id": user_id,
        "job_id": job_id,
        "kind": kind,
        "at": at,
        "request_id": request_id,
    }
