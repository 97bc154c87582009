"""What everybody may see: the home page, the results of a search, a posting."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from app.auth.access import OptionalPageUser
from app.db import Session
from app.event import counters
from app.job import jsonld
from app.job import service as jobs
from app.kit.clock import utcnow
from app.search import service as search
from app.search.schemas import FoundJob, JobQuery
from app.web import labels, posting_reading, repository, searching
from app.web.forms import guard, login_url
from app.web.view import Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
NEWEST = 6


@router.get("/")
async def home(request: Request, view: Viewing, session: Session) -> Response:
    """A search box, and that there is something to find."""
    state = request.app.state
    query = JobQuery(sort="date", limit=NEWEST)
    found = await search.search(session, state.search, state.matching, None, query)
    newest = [FoundJob.of_row(row) for row in found.rows]
    return view.page("home.html", newest=newest, total=found.total, exact=found.exact)


@router.get("/jobs/")
async def results(request: Request, view: Viewing, session: Session, user: OptionalPageUser) -> Response:
    """Raises NotAuthenticatedError when sorted by match and nobody is signed in."""
    asked = searching.read(request.query_params)
    state = request.app.state
    user_id = user.user_id if user else None
    found = await search.search(session, state.search, state.matching, user_id, asked.query)
    return view.page(
        "jobs.html",
        422 if asked.errors else 200,
        asked=asked,
        jobs=[FoundJob.of_row(row) for row in found.rows],
        found=found,
        last_page=searching.last_page(found.total),
        facets=await search.labelled(session, found.facets),
        did_you_mean=found.advice.did_you_mean(asked.query.q),
        relax=[(asked.relaxed(item), searching.advice_text(item)) for item in found.advice.relax],
        sorts=[name for name in labels.SORTS if name != "match" or user],
    )


@router.get("/jobs/{job}/")
async def posting(
    job: str, request: Request, view: Viewing, session: Session, user: OptionalPageUser
) -> Response:
    """By slug or id. Counts as a view once a day. Raises NotFoundError, GoneError with alternatives."""
    found, own = await jobs.read(session, job, user.user_id if user else None)
    detail = await jobs.described(session, found)
    if found.status == "active" and not own:
        viewer = user.user_id if user else counters.Visitor.of(request)
        secret = request.app.state.settings.secret_key.get_secret_value()
        await counters.record_view(session, found.id, viewer, secret=secret, now=utcnow())
    active = found.status == "active"
    document = jsonld.job_posting(detail, website=found.company.website) if active else None
    marks = await repository.marks(session, user.user_id, found.id) if user else None
    similar = await jobs.alternatives(session, found.id)
    return view.page(
        "job.html",
        job=detail,
        reading=await posting_reading.read(request, session, detail, user.user_id if user else None),
        own=own,
        login_url=login_url(f"/jobs/{found.slug}"),
        website=found.company.website,
        json_ld=Markup(jsonld.dumps(document)) if document else "",  # noqa: S704 - dumps() leaves no < > &
        marks=marks,
        similar=similar,
        open_for_applications=active and not _is_over(detail.application_deadline),
        notice=_NOTICES.get(request.query_params.get("done", ""), ""),
    )


#: What a form that led here did; the address names it, so only these words can be shown.
_NOTICES = {
    "saved": "Saved. You find it on your dashboard.",
    "unsaved": "Removed from your saved postings.",
    "applied": "Your application is sent.",
    "noted": "Noted on your dashboard. The employer takes applications on its own site: follow the link.",
    "letter": "A cover letter has 10,000 characters at most; yours was not sent.",
    "again": "You applied to this posting before.",
    "limit": "Your account has reached its limit for this. Remove some, or try again tomorrow.",
}


def _is_over(deadline: datetime | None) -> bool:
    return deadline is not None and deadline <= utcnow()
