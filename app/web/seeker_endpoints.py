"""A seeker's own pages: the dashboard and its lists, and what a posting's buttons do."""

from __future__ import annotations

import json
import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from starlette.responses import Response

from app.application import service as applications
from app.application.endpoints import AccountLimits
from app.application.schemas import ApplicationAnswer, ApplicationPatch, ApplyRequest, SavedAnswer
from app.auth.access import PageUser, page_user
from app.dashboard import service as dashboard
from app.dashboard.schemas import StatsQuery
from app.db import Session
from app.errors import ConflictError, QuotaExceededError
from app.job.schemas import JobSummary
from app.kit.pagination import Paging, PagingQuery
from app.recommendation import service as recommendation
from app.recommendation.schemas import RecommendationQuery
from app.user import service as users
from app.web import charts, evidence, labels, repository
from app.web.feed_endpoints import is_known
from app.web.forms import guard
from app.web.view import View, Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)])
RECOMMENDED, LISTED, RECENT = 6, 5, 8
#: The id of the form that saves a posting on its own page; lists have one for each.
SAVE_ON_PAGE = "save"
Text = Annotated[str, Form(max_length=20_000)]


@router.get("/dashboard/")
async def dashboard_page(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """Figures, what happened lately, what to look at next. Who just came gets three steps, not zeros."""
    state, me = request.app.state, user.user_id
    stats = await dashboard.stats(session, me, StatsQuery(), state.settings.match_threshold)
    _, activity = await dashboard.activity(session, me, Paging(limit=RECENT))
    saved_total, saved = await _saved(session, me, Paging(limit=LISTED))
    sent_total, sent = await _sent(session, me, Paging(limit=LISTED))
    profile = await users.profile(session, me)
    trends = await dashboard.trends(session, me)
    query = RecommendationQuery(limit=RECOMMENDED)
    recommended = await recommendation.recommend(session, state.matching, me, query)
    return view.page(
        "dashboard.html",
        stats=stats,
        activity=activity,
        saved=saved,
        saved_total=saved_total,
        applications=sent,
        applications_total=sent_total,
        recommended=recommended,
        is_known=is_known(profile),
        is_new=not (activity or saved_total or sent_total),
        trends=trends,
        chart=charts.weeks(trends.weeks),
        week_rows=[(charts.date_of(row.start), row.viewed, row.saved, row.applied) for row in trends.weeks],
        cards=[evidence.card(item) for item in recommended.results],
    )


@router.get("/saved/")
async def saved_page(view: Viewing, user: PageUser, session: Session, paging: PagingQuery) -> Response:
    total, rows = await _saved(session, user.user_id, paging)
    return _list(view, "saved.html", paging, total, rows)


@router.get("/applications/")
async def applications_page(
    request: Request, view: Viewing, user: PageUser, session: Session, paging: PagingQuery
) -> Response:
    total, rows = await _sent(session, user.user_id, paging)
    notice = _WITHDRAWN.get(request.query_params.get("done", ""), "")
    return _list(view, "applications.html", paging, total, rows, notice)


def _list(
    view: View, template: str, paging: Paging, total: int, rows: list[Any], notice: str = ""
) -> Response:
    last = max(1, -(-total // paging.limit))
    return view.page(template, rows=rows, total=total, page=paging.page, last_page=last, notice=notice)


@router.post("/applications/{application}/withdraw/")
async def withdraw(application: uuid.UUID, view: Viewing, user: PageUser, session: Session) -> Response:
    """Raises NotFoundError, also for somebody else's. What the company refused meanwhile stays refused."""
    patch = ApplicationPatch(status="withdrawn")
    try:
        async with session.begin_nested():
            await applications.change(session, user.user_id, application, patch)
    except ConflictError:
        return view.go("/applications?done=over")
    return view.go("/applications?done=withdrawn")


#: What a form that led here did, as on a posting's page.
_WITHDRAWN = {
    "withdrawn": "Your application is withdrawn.",
    "over": "That application is over already: there is nothing to withdraw.",
}


async def _saved(session: Session, user_id: int, paging: Paging) -> tuple[int, list[SavedAnswer]]:
    total, rows = await applications.saved(session, user_id, paging)
    return total, [SavedAnswer(job=JobSummary.of(row.job), saved_at=row.created_at) for row in rows]


async def _sent(session: Session, user_id: int, paging: Paging) -> tuple[int, list[ApplicationAnswer]]:
    total, rows = await applications.applications(session, user_id, (), paging)
    return total, [applications.answer(row, row.job) for row in rows]


@router.get("/profile/")
async def profile_page(view: Viewing) -> Response:
    """An older address of it."""
    return view.go("/settings/profile")


# -- the buttons of a posting ------------------------------------------------------------------------------


@router.post("/jobs/{job}/save/")
async def save(job: str, view: Viewing, user: PageUser, session: Session, limits: AccountLimits) -> Response:
    """Raises NotFoundError, GoneError."""
    try:
        async with session.begin_nested():  # what a refusal leaves half done is not kept
            await applications.save(session, limits, user.user_id, job)
    except QuotaExceededError:
        return await _kept(view, session, job, is_saved=False, done="limit")
    return await _kept(view, session, job, is_saved=True, done="saved")


@router.post("/jobs/{job}/unsave/")
async def unsave(job: str, view: Viewing, user: PageUser, session: Session) -> Response:
    """Raises NotFoundError. Leads to the list: the posting itself may be closed by now."""
    await applications.unsave(session, user.user_id, job)
    if view.is_partial:
        return await _kept(view, session, job, is_saved=False, done="unsaved")
    return view.go("/saved")


async def _kept(view: View, session: Session, job: str, *, is_saved: bool, done: str) -> Response:
    """The posting again; for htmx the one form that was sent, turned round, and what it did in words."""
    if not view.is_partial:
        return _back(view, job, done)
    named = await repository.named(session, job)
    on_page = view.request.headers.get("hx-target") == SAVE_ON_PAGE
    answer = view.page("save.html", job=named, saved=is_saved, name=SAVE_ON_PAGE if on_page else "")
    answer.headers["HX-Trigger"] = json.dumps({"toast": labels.NOTICES[done]})
    return answer


@router.post("/jobs/{job}/apply/")
async def apply(
    job: str,
    view: Viewing,
    user: PageUser,
    session: Session,
    limits: AccountLimits,
    cover_letter: Text = "",
) -> Response:
    """Raises NotFoundError, GoneError."""
    try:
        body = ApplyRequest.model_validate({"cover_letter": cover_letter})
    except ValidationError:
        return _back(view, job, "letter")
    try:
        async with session.begin_nested():
            made = await applications.apply(session, limits, user.user_id, job, body)
    except ConflictError:
        return _back(view, job, "again")
    except QuotaExceededError:
        return _back(view, job, "limit")
    return _back(view, job, "noted" if made.is_external else "applied")


def _back(view: View, job: str, done: str) -> Response:
    return view.go(f"/jobs/{quote(job, safe='')}?done={done}")
