from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.auth.access import CurrentUser
from app.db import Session
from app.kit.timing import current, server_timing
from app.recommendation import why_not
from app.recommendation.schemas import RecommendationQuery
from app.recommendation.why_not import WhyNotAnswer

router = APIRouter(tags=["matching"])
CLOSED: dict[int | str, dict[str, Any]] = {410: {"description": "The posting is closed"}}


@router.get("/recommendations/{job}/why-not/", responses=CLOSED)
async def why_not_recommended(
    job: str,
    request: Request,
    response: Response,
    user: CurrentUser,
    session: Session,
    query: Annotated[RecommendationQuery, Query()],
) -> WhyNotAnswer:
    """Which stage lost a posting on its way to your recommendations with the same query, by which figures,
    and what would bring it back."""
    answer = await why_not.trace(session, request.app.state.matching, user.user_id, job, query)
    response.headers["X-JobPilot-Bundle"] = answer.release_id
    response.headers["Server-Timing"] = server_timing(current())
    return answer
