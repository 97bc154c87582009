"""A resume edited in a plain form. Who saves says which version they saw: nothing newer is overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.auth.access import PageUser, page_user
from app.db import Session
from app.errors import InvalidInputError, PreconditionFailedError
from app.kit.etag import etag
from app.resume import service
from app.resume.schemas import ResumeAnswer, ResumeIn
from app.web import resume_form
from app.web.admin_forms import sentence, texts
from app.web.forms import guard
from app.web.resume_endpoints import page
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/resumes/{resume}/edit",
    include_in_schema=False,
    dependencies=[Depends(page_user), Depends(guard)],
)
#: Bytes of a form with the largest document, each letter written as nine signs.
MAX_FORM = 2_000_000


@router.get("/")
async def edit_resume_page(resume: uuid.UUID, view: Viewing, user: PageUser, session: Session) -> Response:
    """Raises NotFoundError."""
    found = await service.read(session, user.user_id, resume)
    return _form(view, found, resume_form.stored(found.document))


def _form(
    view: View,
    found: ResumeAnswer,
    values: Mapping[str, str],
    status: int = 200,
    errors: Mapping[str, str] | None = None,
) -> Response:
    shown = {"resume": found, "values": values, "errors": errors or {}, "form": resume_form}
    return page(view, "resume_edit.html", status, **shown, entries=_entries(values))


def _entries(values: Mapping[str, str]) -> list[int]:
    return sorted({int(field.split("-")[1]) for field in values if "-" in field})


@router.post("/", max_body_size=MAX_FORM)
async def edit_resume(
    resume: uuid.UUID, request: Request, view: Viewing, user: PageUser, session: Session
) -> Response:
    """Raises NotFoundError."""
    found, sent = await service.read(session, user.user_id, resume), await texts(request)
    now = resume_form.stored(found.document)
    if sent.get("version") != str(found.version):
        return _conflict(view, found, sent, now)
    values = {name: sent.get(name, value) for name, value in now.items()}
    if values == now:
        return view.go(f"/resumes/{resume}/?done=same")
    try:
        async with session.begin_nested():
            await _save(session, user.user_id, found, values)
    except resume_form.Wrong as wrong:
        return _form(view, found, values, 422, wrong.errors)
    except InvalidInputError as error:
        return _form(view, found, values, 422, {"": sentence(error.message)})
    except PreconditionFailedError:  # between our reading and our writing
        newest = await service.read(session, user.user_id, resume)
        return _conflict(view, newest, sent, resume_form.stored(newest.document))
    return view.go(f"/resumes/{resume}/?done=saved")


async def _save(session: AsyncSession, user_id: int, found: ResumeAnswer, values: Mapping[str, str]) -> None:
    document = resume_form.changed(found.document, values)
    body = ResumeIn(
        name=found.name, document=document, is_default=found.is_default, job_id=found.job_id, source="typed"
    )
    await service.replace(session, user_id, found.id, body, etag(found))


def _conflict(view: View, found: ResumeAnswer, sent: Mapping[str, str], now: Mapping[str, str]) -> Response:
    """Nothing is lost: what was typed is shown, to be copied, beside what is stored now."""
    known = set(resume_form.fields(resume_form.MOST))
    typed = {name: value for name, value in sent.items() if name in known}
    differing = [name for name in typed if typed[name] != now.get(name, "")]
    labels = resume_form.labels(typed)
    shown = [(name, labels[name], typed[name], now.get(name, "")) for name in differing]
    return page(view, "resume_conflict.html", 412, resume=found, differing=shown)
