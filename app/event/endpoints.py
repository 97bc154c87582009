from __future__ import annotations

from fastapi import APIRouter, Response, status

from app.auth.access import CurrentUser
from app.db import Session
from app.event import service
from app.event.schemas import EventBatch, EventsAnswer
from app.idempotency import REPEATABLE, Once

router = APIRouter(prefix="/events", tags=["events"])


@router.post("/", status_code=status.HTTP_202_ACCEPTED, response_model=EventsAnswer, responses=REPEATABLE)
async def record_events(body: EventBatch, user: CurrentUser, session: Session, once: Once) -> Response:
    """Up to 100 events at once; sending a batch again is harmless."""
    return await once(
        body,
        lambda: service.record_batch(session, user.user_id, user.public_id, body),
        status=status.HTTP_202_ACCEPTED,
    )
