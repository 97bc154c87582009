from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.auth.access import CurrentUser
from app.db import Session
from app.kit.timing import current, server_timing
from app.recommendation import scoring, service
from app.recommendation.schemas import RecommendationQuery, RecommendationsAnswer, ScoreBody, ScoresAnswer

router = APIRouter(tags=["matching"])


@router.get("/recommendations/", response_model=RecommendationsAnswer)
async def recommendations(
    request: Request,
    user: CurrentUser,
    session: Session,
    query: Annotated[RecommendationQuery, Query()],
) -> Response:
    """Postings for you. `Server-Timing` says where the time went, `X-JobPilot-Bundle` which model it was."""
    answer = await service.recommend(session, request.app.state.matching, user.user_id, query)
    # written by pydantic itself: FastAPI would validate the page a second time and walk it a third
    response = Response(answer.model_dump_json(), media_type="application/json")
    _say_how(response, answer.release_id)
    return response


@router.post("/matching/score/")
async def score(
    body: ScoreBody, request: Request, response: Response, user: CurrentUser, session: Session
) -> ScoresAnswer:
    """How well a seeker and postings fit: your profile or one sent along, stored postings or your own."""
    answer = await scoring.score(session, request.app.state.matching, user.user_id, body)
    _say_how(response, answer.release_id)
    return answer


def _say_how(response: Response, release_id: str) -> None:
    response.headers["X-JobPilot-Bundle"] = release_id
    response.headers["Server-Timing"] = server_timing(current())
