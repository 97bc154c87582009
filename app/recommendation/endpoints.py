from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.auth.access import CurrentUser
from app.db import Session
from app.kit.timing import current, server_timing
from app.recommendation import service
from app.recommendation.schemas import RecommendationQuery, RecommendationsAnswer
from app.scoring.recommended import with_receipts

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
    if query.receipts:
        answer = await with_receipts(session, request.app.state.receipt_keys, user.user_id, answer)
    # written by pydantic itself: FastAPI would validate the page a second time and walk it a third
    response = Response(answer.model_dump_json(), media_type="application/json")
    _say_how(response, answer.release_id)
    return response


def _say_how(response: Response, release_id: str) -> None:
    response.headers["X-JobPilot-Bundle"] = release_id
    response.headers["Server-Timing"] = server_timing(current())
