from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from app.auth.access import CurrentUser
from app.db import Session
from app.idempotency import REPEATABLE, Once
from app.kit.pagination import Page, Paging, PagingQuery, paginate
from app.search import saved_service as service
from app.search.saved_schemas import (
    AlertAnswer,
    AlertQuery,
    AlertsMarked,
    AlertsRead,
    SavedSearchAnswer,
    SavedSearchIn,
    SavedSearchPatch,
)

router = APIRouter(tags=["saved searches"])


@router.post(
    "/saved-searches/",
    status_code=status.HTTP_201_CREATED,
    response_model=SavedSearchAnswer,
    responses=REPEATABLE,
)
async def save_search(
    body: SavedSearchIn, user: CurrentUser, session: Session, request: Request, once: Once
) -> Response:
    """From now on new postings that it finds come to `/api/v1/alerts/`, within two minutes."""
    most = request.app.state.settings.max_saved_searches
    return await once(
        body,
        lambda: service.save(session, user.user_id, body, most=most),
        status=status.HTTP_201_CREATED,
    )


@router.get("/saved-searches/")
async def list_saved_searches(
    request: Request, user: CurrentUser, session: Session, paging: PagingQuery
) -> Page[SavedSearchAnswer]:
    """Newest first."""
    total, rows = await service.list_of(session, user.user_id, paging)
    return paginate(request, paging, total, rows)


@router.get("/saved-searches/{saved_search}/")
async def read_saved_search(
    saved_search: uuid.UUID, user: CurrentUser, session: Session
) -> SavedSearchAnswer:
    return await service.read(session, user.user_id, saved_search)


@router.patch("/saved-searches/{saved_search}/")
async def change_saved_search(
    saved_search: uuid.UUID, body: SavedSearchPatch, user: CurrentUser, session: Session
) -> SavedSearchAnswer:
    """Postings it has found stay found."""
    return await service.change(session, user.user_id, saved_search, body)


@router.delete("/saved-searches/{saved_search}/", status_code=status.HTTP_204_NO_CONTENT)
async def remove_saved_search(saved_search: uuid.UUID, user: CurrentUser, session: Session) -> None:
    """Its alerts go with it."""
    await service.remove(session, user.user_id, saved_search)


@router.get("/alerts/")
async def list_alerts(
    request: Request, user: CurrentUser, session: Session, query: Annotated[AlertQuery, Query()]
) -> Page[AlertAnswer]:
    """New postings that your saved searches found, newest first; each posting once."""
    paging = Paging(page=query.page, limit=query.limit)
    total, rows = await service.alerts(session, user.user_id, paging, unread=query.unread)
    return paginate(request, paging, total, rows)


@router.post("/alerts/read/")
async def mark_alerts_read(
    user: CurrentUser, session: Session, body: AlertsRead | None = None
) -> AlertsMarked:
    """Those named, or all."""
    return AlertsMarked(marked=await service.mark_read(session, user.user_id, body.ids if body else None))
