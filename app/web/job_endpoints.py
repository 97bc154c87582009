"""The page of a posting: what it says, what is asked for, and what it is to who reads it."""

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
from app.web import labels, match, posting_reading, repository
from app.web.forms import guard, login_url
from app.web.view import Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])


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
    mine = await match.of_reader(request, session, found.id, user if active else None)
    document = jsonld.job_posting(detail, website=found.company.website) if active else None
    marks = await repository.marks(session, user.user_id, found.id) if user else None
    similar = await jobs.alternatives(session, found.id)
    return view.page(
        "job.html",
        job=detail,
        reading=await posting_reading.read(request, session, detail, user.user_id if user else None),
        own=own,
        mine=mine,
        login_url=login_url(f"/jobs/{found.slug}"),
        website=found.company.website,
        json_ld=Markup(jsonld.dumps(document)) if document else "",  # noqa: S704 - dumps() leaves no < > &
        marks=marks,
        similar=similar,
        open_for_applications=active and not _is_over(detail.application_deadline),
        notice=labels.NOTICES.get(request.query_params.get("done", ""), ""),
    )


def _is_over(deadline: datetime | None) -> bool:
    return deadline is not None and deadline <= utcnow()
