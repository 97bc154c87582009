from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.auth.access import CurrentUser
from app.db import Session
from app.kit.timing import current, server_timing
from app.scoring import service
from app.scoring.schemas import ScoreBody, ScoresAnswer

router = APIRouter(tags=["matching"])


@router.post("/matching/score/")
async def score(
    body: ScoreBody, request: Request, response: Response, user: CurrentUser, session: Session
) -> ScoresAnswer:
    """How well a seeker and postings fit: your profile or one sent along, stored postings or your own."""
    answer = await service.score(session, request.app.state.matching, user.user_id, body)
    response.headers["X-JobPilot-Bundle"] = answer.release_id
    response.headers["Server-Timing"] = server_timing(current())
    return answer
