"""Pages of staff about postings: found, edited, made, and moderated one by one or many at once."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.admin import service
from app.admin.schemas import AuditFilters, JobFilters
from app.auth.access import StaffPage, staff_page
from app.db import Session
from app.errors import ConflictError, InvalidInputError, NotFoundError, PreconditionFailedError
from app.job.schemas import JobCreate, JobDetail, JobPatch
from app.kit.etag import etag
from app.orm.job import FINAL_STATUSES
from app.web import admin_asked, admin_entries, admin_forms, admin_labels
from app.web.admin_endpoints import page
from app.web.forms import complaints, guard
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/admin/jobs", include_in_schema=False, dependencies=[Depends(staff_page), Depends(guard)]
)
FILTERS = ("q", "status", "company", "source", "featured")
HISTORY = 10
#: Letters of the longest description that a form can store; an import may bring a longer one.
EDITABLE = 60_000
#: Bytes of a form with texts of that length, each letter written as nine signs.
MAX_FORM = 2_000_000
CHANGED_MEANWHILE = (
    "The posting changed while you edited it, so nothing is saved yet. What you typed is below, and beside "
    "each field that differs what is stored now. Save again to store what you see."
)
NOTICES = {"saved": "Saved.", "same": "Nothing was changed.", "created": "The posting is made."}


@router.get("/")
async def admin_jobs_page(request: Request, view: Viewing, user: StaffPage, session: Session) -> Response:
    """`?picked=all` comes with every posting of the page chosen: there is no script to do it."""
    asked = admin_asked.read(request.query_params, "/admin/jobs/", JobFilters, FILTERS)
    total, rows = await service.jobs(session, asked.filters)
    return page(
        view,
        "jobs.html",
        422 if asked.errors else 200,
        asked=asked,
        jobs=rows,
        total=total,
        actions=admin_forms.ACTIONS,
        picked=request.query_params.get("picked") == "all",
        notice=_many_notice(request),
    )


def _many_notice(request: Request) -> str:
    """What a form that led here did; the address names it, so only these words can be shown."""
    done, number = request.query_params.get("done", ""), request.query_params.get("number", "")
    if done == "nothing":
        return "Choose postings and what to do with them."
    action = admin_forms.order({"action": done}).action
    if action is None or not (number.isascii() and number.isdecimal() and len(number) < 4):
        return ""
    postings = "1 posting is" if number == "1" else f"{number} postings are"
    return f"{postings} {admin_labels.DONE[action]}."


# -- one that is new ---------------------------------------------------------------------------------------


@router.get("/new/")
async def admin_new_job_page(request: Request, view: Viewing, user: StaffPage) -> Response:
    values = _new() | {"company": request.query_params.get("company", "")[:200]}
    return page(view, "new.html", values=values, errors={})


def _new() -> dict[str, str]:
    return admin_forms.blank() | {"company": "", "status": "active"}


@router.post("/new/", max_body_size=MAX_FORM)
async def admin_create_posting(
    request: Request, view: Viewing, user: StaffPage, session: Session
) -> Response:
    before, sent = _new(), await admin_forms.texts(request)
    values = {name: sent.get(name, value) for name, value in before.items()}
    try:
        needed: dict[str, str | None] = {"title": None, "company": None, "status": None}
        body = JobCreate.model_validate(admin_forms.changed({**before, **needed}, values))
        async with session.begin_nested():
            made = await service.create_job(session, user.public_id, body)
    except ValidationError as error:
        errors = complaints(error, admin_forms.WORDS)
    except NotFoundError:
        errors = {"company": admin_forms.WORDS["company"]}
    except InvalidInputError as error:
        errors = admin_forms.said(error)
    else:
        return view.go(f"/admin/jobs/{made.id}/?done=created")
    return page(view, "new.html", 422, values=values, errors=errors)


# -- one ---------------------------------------------------------------------------------------------------


@router.get("/{job}/")
async def admin_job_page(
    job: str, request: Request, view: Viewing, user: StaffPage, session: Session
) -> Response:
    """By slug or id, in any state. Raises NotFoundError."""
    done = request.query_params.get("done", "")
    action = admin_forms.order({"action": done}).action
    notice = f"The posting is {admin_labels.DONE[action]}." if action else NOTICES.get(done, "")
    return await _page(view, session, await service.job(session, job), notice=notice)


async def _page(
    view: View,
    session: AsyncSession,
    detail: JobDetail,
    status: int = 200,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    now: Mapping[str, str] | None = None,
    notice: str = "",
    message: str = "",
    reason: str = "",
) -> Response:
    """`values` as typed; `now` what is stored of the fields that somebody else changed meanwhile."""
    total, history = await service.entries(session, AuditFilters(target=detail.id, limit=HISTORY))
    return page(
        view,
        "job.html",
        status,
        job=detail,
        version=etag(detail),
        values=values or admin_forms.stored(detail),
        errors=errors or {},
        now=now or {},
        unshown=("description",) if len(detail.description) > EDITABLE else (),
        is_final=detail.status in FINAL_STATUSES,
        actions=admin_forms.possible(detail.status, is_featured=detail.is_featured),
        entries=await admin_entries.told(session, history),
        total=total,
        notice=notice,
        message=message,
        reason=reason,
    )


@router.post("/{job}/", max_body_size=MAX_FORM)
async def admin_edit_posting(
    job: str, request: Request, view: Viewing, user: StaffPage, session: Session
) -> Response:
    """What was not changed is not sent on: the log names the fields that were. Raises NotFoundError."""
    detail, sent = await service.job(session, job), await admin_forms.texts(request)
    before = admin_forms.stored(detail)
    values = {name: sent.get(name, value) for name, value in before.items()}
    try:
        patch = JobPatch.model_validate(admin_forms.changed(before, values))
        if patch.model_fields_set:
            async with session.begin_nested():
                await service.edit_job(session, user.public_id, job, patch, sent.get("version"))
        done = "saved" if patch.model_fields_set else "same"
        return view.go(f"/admin/jobs/{detail.id}/?done={done}")
    except ValidationError as error:
        errors = complaints(error, admin_forms.WORDS)
    except InvalidInputError as error:
        errors = admin_forms.said(error)
    except ConflictError as error:
        return await _page(view, session, detail, 409, values=values, errors=admin_forms.said(error))
    except PreconditionFailedError:
        now = {name: value for name, value in before.items() if values[name] != value}
        return await _page(view, session, detail, 412, message=CHANGED_MEANWHILE, values=values, now=now)
    return await _page(view, session, detail, 422, values=values, errors=errors)


@router.post("/{job}/moderate/")
async def admin_moderate_posting(
    job: str, request: Request, view: Viewing, user: StaffPage, session: Session
) -> Response:
    """Asks first what cannot be taken back lightly. Raises NotFoundError."""
    detail, order = await service.job(session, job), admin_forms.order(await admin_forms.texts(request))
    if order.action is None:
        return await _page(view, session, detail, 422, message="Choose what to do.", reason=order.reason)
    if order.must_ask:
        problem = order.problem if order.confirmed or len(order.reason) > admin_forms.MAX_REASON else ""
        shown = {"job": detail, "order": order, "message": problem}
        return page(view, "confirm.html", 422 if problem else 200, **shown)
    try:
        async with session.begin_nested():
            await service.moderate(session, user.public_id, job, order.action, order.reason)
    except (ConflictError, InvalidInputError) as error:
        message = admin_forms.sentence(error.message)
        return await _page(view, session, detail, error.status, message=message, reason=order.reason)
    return view.go(f"/admin/jobs/{detail.id}/?done={order.action}")
