"""Searches that are kept, and the new postings they have found."""

from __future__ import annotations

import uuid
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from starlette.datastructures import QueryParams
from starlette.responses import Response

from app.auth.access import PageUser, page_user
from app.db import Session
from app.errors import ConflictError, QuotaExceededError
from app.kit.pagination import Paging, PagingQuery
from app.search import saved_service as searches
from app.search.saved_schemas import SavedQuery, SavedSearchAnswer, SavedSearchIn, SavedSearchPatch
from app.web import labels
from app.web.admin_forms import sentence
from app.web.forms import complaints, guard
from app.web.seeker_words import page
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/alerts", include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)]
)
LISTED = 50
LISTS = ("remote", "job_type", "skills")
SINGLE = ("q", "location", "company", "salary_min", "currency")
Text = Annotated[str, Form(max_length=1000)]
WORDS = {"name": "A name has 1 to 100 characters.", "query": "A search for everything cannot be kept."}
NOTICES = {
    "kept": "Kept. New postings that it finds will be listed here.",
    "read": "All are marked as read.",
    "changed": "Changed.",
    "removed": "Removed, with what it had found.",
}


@router.get("/")
async def alerts_page(
    request: Request, view: Viewing, user: PageUser, session: Session, paging: PagingQuery
) -> Response:
    total, found = await searches.alerts(session, user.user_id, paging, unread=False)
    unread, _ = await searches.alerts(session, user.user_id, Paging(limit=1), unread=True)
    _, kept = await searches.list_of(session, user.user_id, Paging(limit=LISTED))
    return page(
        view,
        "alerts.html",
        found=found,
        unread=unread,
        kept=[(row, conditions(row.query), address(row)) for row in kept],
        total=total,
        page=paging.page,
        last_page=max(1, -(-total // paging.limit)),
        notice=NOTICES.get(request.query_params.get("done", ""), ""),
    )


def conditions(query: SavedQuery) -> list[str]:
    """What is searched for, in words."""
    said = [f"“{query.q}”"] if query.q else []
    said += [f"in {query.location}"] if query.location else []
    said += [labels.choice(labels.REMOTE, name).lower() for name in query.remote]
    said += [labels.choice(labels.JOB_TYPES, name).lower() for name in query.job_type]
    said += list(query.skills)
    said += [f"at {query.company}"] if query.company else []
    return said + ([f"from {query.salary_min:,} {query.currency}"] if query.salary_min else [])


def address(row: SavedSearchAnswer) -> str:
    stored = row.query.stored()
    pairs = {name: stored[name] for name in (*SINGLE, *LISTS) if stored.get(name)}
    return "/jobs?" + urlencode(pairs, doseq=True)


@router.post("/read/")
async def mark_all_read(view: Viewing, user: PageUser, session: Session) -> Response:
    await searches.mark_read(session, user.user_id, None)
    return view.go("/alerts?done=read")


# -- searches ----------------------------------------------------------------------------------------------


@router.get("/new/")
async def new_search_page(request: Request, view: Viewing, user: PageUser) -> Response:
    """The search whose address follows the question mark, to be given a name."""
    given = asked(request.query_params)
    try:
        query = SavedQuery.model_validate(given)
    except ValidationError:
        return _new(view, given, [], "", {})
    said = conditions(query)
    return _new(view, given, said, ", ".join(said)[:100], {})


def asked(parameters: QueryParams) -> dict[str, object]:
    given: dict[str, object] = {name: parameters[name].strip() for name in SINGLE if parameters.get(name)}
    return given | {name: parameters.getlist(name) for name in LISTS if parameters.getlist(name)}


def _new(
    view: View, given: dict[str, object], said: list[str], name: str, errors: dict[str, str]
) -> Response:
    return page(
        view,
        "alert_new.html",
        422 if errors else 200,
        pairs=[(key, item) for key, value in given.items() for item in _each(value)],
        said=said,
        name=name,
        errors=errors,
    )


def _each(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


@router.post("/new/")
async def keep_search(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    form = await request.form()
    sent = QueryParams([(key, value) for key, value in form.multi_items() if isinstance(value, str)])
    given, name = asked(sent), sent.get("name", "")
    try:
        body = SavedSearchIn.model_validate({"name": name, "query": given})
    except ValidationError as error:
        return _new(view, given, [], name, complaints(error, WORDS))
    most = request.app.state.settings.max_saved_searches
    said = conditions(body.query)
    try:
        async with session.begin_nested():
            await searches.save(session, user.user_id, body, most=most)
    except (ConflictError, QuotaExceededError) as error:
        return _new(view, given, said, name, {"name": sentence(error.message)})
    return view.go("/alerts?done=kept")


@router.post("/searches/{saved_search}/alerts/")
async def toggle_alerts(
    saved_search: uuid.UUID, view: Viewing, user: PageUser, session: Session, on: Text = ""
) -> Response:
    """Raises NotFoundError, also for somebody else's."""
    await searches.change(session, user.user_id, saved_search, SavedSearchPatch(alerts=on == "yes"))
    return view.go("/alerts?done=changed")


@router.post("/searches/{saved_search}/remove/")
async def remove_search(saved_search: uuid.UUID, view: Viewing, user: PageUser, session: Session) -> Response:
    """Raises NotFoundError, also for somebody else's."""
    await searches.remove(session, user.user_id, saved_search)
    return view.go("/alerts?done=removed")
