"""Tells the serving layer what people did, so that the next recommendation knows it, and counts it."""

from __future__ import annotations

from collections.abc import Sequence

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from app.event import counters, repository
from app.kit.clock import utcnow
from app.queue import Backoff, enqueue, every_minute, queue
from app.worker_context import resources
from serving.client import ServingRejectedError
from serving.schemas import EventKind, EventsRequest, UserEvent

BATCH = 1000
#: Our kinds -> the wire's. "unsave" has no counterpart: it takes nothing back that was felt before.
WIRE_KINDS: dict[str, EventKind] = {
    "view": "view",
    "click": "view",
    "save": "save",
    "apply": "apply",
    "dismiss": "dismiss",
}


@queue.task(
    name="event.record", queue="serving", retry=Backoff(final=(ServingRejectedError,)), pass_context=True
)
async def record_events(context: JobContext, *, ids: list[int]) -> None:
    """Idempotent: the serving layer applies an `event_id` once. Nothing is learnt from who objected to it."""
    database, serving = resources(context)
    async with database.transaction() as session:
        rows = await repository.to_learn_from(session, ids)
    events = tuple(
        UserEvent(
            event_id=str(row.event_id),
            user_id=row.user_id,
            job_id=row.job_id,
            kind=WIRE_KINDS[row.kind],
            at=row.at,
        )
        for row in rows
        if row.kind in WIRE_KINDS
    )
    if events:
        await serving.record_events(EventsRequest(events=events))


async def enqueue_record(session: AsyncSession, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), BATCH):
        await enqueue(session, record_events, ids=list(ids[start : start + BATCH]))


@every_minute("event.roll_up")
async def roll_up(context: JobContext, timestamp: int) -> None:
    """Counts views, saves and applications, and keeps the newest match scores."""
    database, _ = resources(context)
    await counters.roll_up(database, utcnow())
