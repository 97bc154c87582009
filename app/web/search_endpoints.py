"""The results of a search: a page whose address is the search, and its parts for htmx."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.auth.access import OptionalPageUser, Principal
from app.db import Session
from app.search import service as search
from app.search.schemas import FoundJob, JobQuery
from app.search.service import Found
from app.web import labels, repository, searching
from app.web.forms import guard
from app.web.view import Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
#: Shown where no posting has the words.
NEAREST = 5


@router.get("/jobs/")
async def results(request: Request, view: Viewing, session: Session, user: OptionalPageUser) -> Response:
    """Raises NotAuthenticatedError when sorted by match and nobody is signed in."""
    asked = searching.read(request.query_params)
    found = await _search(request, session, asked.query, user)
    jobs = [FoundJob.of_row(row) for row in found.rows]
    near = [] if found.total else await _nearest(request, session, asked.query, user)
    facets = await search.labelled(session, found.facets)
    continued = view.is_partial and request.headers.get("hx-target") == "more"
    answer = view.page_or_part(
        "jobs.html",
        "found_more.html" if continued else "found.html",
        422 if asked.errors else 200,
        asked=asked,
        chosen=searching.chosen(asked, facets),
        continued=continued,
        found=found,
        found_title=searching.title(asked),
        jobs=jobs,
        near=near,
        kept=await _kept(session, user, [*jobs, *near]),
        last_page=searching.last_page(found.total),
        facets=facets,
        did_you_mean=found.advice.did_you_mean(asked.query.q),
        relax=[(asked.relaxed(item), searching.advice_text(item)) for item in found.advice.relax],
        sorts=[name for name in labels.SORTS if name != "match" or user],
    )
    if view.is_partial and not continued:  # the address without what a form leaves empty
        answer.headers["HX-Push-Url"] = asked.url(page=asked.one("page"))
    return answer


async def _search(request: Request, session: AsyncSession, query: JobQuery, user: Principal | None) -> Found:
    state = request.app.state
    user_id = user.user_id if user else None
    return await search.search(session, state.search, state.matching, user_id, query)


async def _nearest(
    request: Request, session: AsyncSession, asked: JobQuery, user: Principal | None
) -> list[FoundJob]:
    """By meaning, under the same conditions. None without words, or while nobody knows what they mean."""
    if not asked.q:
        return []
    changes = {"mode": "semantic", "sort": "relevance", "page": 1, "limit": NEAREST, "facets": ()}
    found = await _search(request, session, asked.model_copy(update=changes), user)
    return [] if found.degraded else [FoundJob.of_row(row) for row in found.rows]


async def _kept(
    session: AsyncSession, user: Principal | None, jobs: Sequence[FoundJob]
) -> Collection[object]:
    return await repository.kept(session, user.user_id, [job.id for job in jobs]) if user and jobs else ()
