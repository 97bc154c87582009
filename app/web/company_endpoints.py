"""The page of a company: what it says of itself, and its open postings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from app.auth.access import OptionalPageUser
from app.db import Session
from app.organization import service as organizations
from app.search import service as search
from app.search.engine import WINDOW
from app.search.schemas import FoundJob, JobQuery
from app.web import repository, searching
from app.web.forms import guard
from app.web.view import Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
Page = Annotated[int, Query(ge=1, le=WINDOW // searching.PER_PAGE)]


@router.get("/companies/{slug}/")
async def company_page(
    slug: str, request: Request, view: Viewing, session: Session, user: OptionalPageUser, page: Page = 1
) -> Response:
    """Raises NotFoundError."""
    company = await organizations.get(session, slug)
    state = request.app.state
    query = JobQuery(
        company=company.slug, sort="date", page=page, limit=searching.PER_PAGE, facets=("skills",)
    )
    found = await search.search(session, state.search, state.matching, None, query)
    jobs = [FoundJob.of_row(row) for row in found.rows]
    kept = await repository.kept(session, user.user_id, [job.id for job in jobs]) if user else set()
    return view.page(
        "company.html",
        company=company,
        found=found,
        jobs=jobs,
        kept=kept,
        skills=(await search.labelled(session, found.facets)).get("skills", []),
        last_page=searching.last_page(found.total),
    )
