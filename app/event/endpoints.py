from __future__ import annotations

from fastapi import APIRouter, status

from app.auth.access import CurrentUser
from app.db import Session
from app.event import service
from app.event.schemas import EventBatch, EventsAnswer

router = APIRouter(prefix="/events", tags=["events"])


@router.post("/", status_code=status.HTTP_202_ACCEPTED)
async def record_events(body: EventBatch, user: CurrentUser, session: Session) -> EventsAnswer:
    """Up to 100 events at once; sending a batch again is harmless."""
    return await service.record_batch(session, user.user_id, user.public_id, body)
