from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.auth.access import PUBLIC, OptionalUser
from app.db import Session
from app.kit.pagination import Pagination
from app.search import service
from app.search.engine import WINDOW
from app.search.schemas import FoundJob, JobQuery, JobSearchPage, Suggestions

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/")
async def list_jobs(
    request: Request, session: Session, user: OptionalUser, query: Annotated[JobQuery, Query()]
) -> JobSearchPage:
    """Active postings. `q` takes words, "phrases", beginnings*, `or` and `-not`; without it the newest.

    A posting that its company has published several times is one result, its newest publication."""
    state = request.app.state
    user_id = user.user_id if user else None
    found = await service.search(session, state.search, state.matching, user_id, query)
    return JobSearchPage(
        results=[FoundJob.of_row(row) for row in found.rows],
        pagination=_pagination(request, query, found),
        total_relation="exact" if found.exact else "at_least",
        next_cursor=found.next_cursor,
        sort=query.sort,
        mode=query.mode,
        degraded=found.degraded,
        facets=await service.labelled(session, found.facets),
        facets_estimated=not found.facets_exact,
        did_you_mean=found.advice.did_you_mean(query.q),
        relax=found.advice.relax,
    )


@router.get("/suggest/", dependencies=[PUBLIC])
async def suggest_searches(
    request: Request,
    session: Session,
    q: Annotated[str, Query(min_length=1, max_length=80)],
    limit: Annotated[int, Query(ge=1, le=20)] = 8,
) -> Suggestions:
    """While typing: titles, skills and companies that begin so, from two characters on."""
    return await service.suggest(session, request.app.state.search, q, limit)


def _pagination(request: Request, query: JobQuery, found: service.Found) -> Pagination:
    """Links by page number as far as those reach, by cursor for who came by cursor."""
    last = max(1, -(-min(found.total, WINDOW) // query.limit))

    def link(page: int) -> str | None:
        if found.next_cursor and query.cursor and page > found.page:
            return str(request.url.include_query_params(cursor=found.next_cursor))
        exists = 1 <= page <= last and page * query.limit <= WINDOW and not query.cursor
        return str(request.url.include_query_params(page=page)) if exists else None

    return Pagination(
        page=found.page,
        limit=query.limit,
        total_count=found.total,
        max_page=last,
        next=link(found.page + 1),
        previous=link(found.page - 1),
    )
