from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.auth.access import CurrentUser
from app.dashboard import service
from app.dashboard.schemas import Activity, StatsAnswer, StatsQuery
from app.db import Session
from app.kit.pagination import Page, PagingQuery, paginate

router = APIRouter(prefix="/dashboard", tags=["dashboard"])


@router.get("/stats/")
async def dashboard_stats(
    request: Request, user: CurrentUser, session: Session, query: Annotated[StatsQuery, Query()]
) -> StatsAnswer:
    """Figures of your page. Asking for them is what counts as a visit."""
    threshold = request.app.state.settings.match_threshold
    return await service.stats(session, user.user_id, query, threshold)


@router.get("/recent-activity/")
async def recent_activity(
    request: Request, user: CurrentUser, session: Session, paging: PagingQuery
) -> Page[Activity]:
    """What you did with postings, and what companies did with your applications; newest first."""
    total, rows = await service.activity(session, user.user_id, paging)
    return paginate(request, paging, total, rows)
