"""A seeker's resumes: brought in from a file, looked at, renamed, made into files, checked, deleted."""

from __future__ import annotations

import uuid
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.auth.access import PageUser, page_user
from app.db import Session
from app.errors import (
    AppError,
    ConflictError,
    InvalidInputError,
    MatchingUnavailableError,
    PayloadTooLargeError,
    QuotaExceededError,
)
from app.job import service as jobs
from app.job.schemas import JobSummary
from app.kit.pagination import Paging, PagingQuery
from app.resume import making, reading, service
from app.resume.document import Document, one_line
from app.resume.reading_endpoints import MAX_BODY, uploaded
from app.resume.reading_schemas import ImportAnswer, ResumeSkillsAnswer
from app.resume.render.file import Format
from app.resume.render.outline import outline
from app.resume.render.typst import Paper, Template
from app.resume.schemas import GenerateRequest, Name, ResumeAnswer, ResumeIn, ResumePatch, ResumeSummary
from app.user import service as users
from app.web import resume_words
from app.web.admin_forms import sentence
from app.web.forms import guard
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/resumes", include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)]
)
ANY = "*"
MAX_NAME = 100
#: How many of an account's names are looked at when a file's name is taken.
NAMES = 100
BAD_NAME = f"A name has 1 to {MAX_NAME} characters."
TAKEN = "You have a resume of this name: choose another."
NO_FILE = "Choose a file first."
LATER = "Files cannot be read at the moment. Nothing of yours was lost: try again in a few seconds."
_name: TypeAdapter[str] = TypeAdapter(Name)
Text = Annotated[str, Form(max_length=1000)]
#: What a form that led here did; the address names it, so only these words can be shown.
_NOTICES = {
    "imported": "Your resume was read. Compare it with your file, and correct what was read wrong.",
    "renamed": "The resume has its new name.",
    "default": "This is your default resume now: it is used where none is named.",
    "saved": "Saved.",
    "same": "Nothing was changed.",
    "deleted": "The resume is deleted, with all its versions.",
}


def page(view: View, template: str, status: int = 200, **context: object) -> Response:
    """A page with the words of `resume_words` as `words`."""
    return view.page(template, status, words=resume_words, **context)


# -- the list, and what comes into it ----------------------------------------------------------------------


@router.get("/")
async def resumes_page(
    request: Request, view: Viewing, user: PageUser, session: Session, paging: PagingQuery
) -> Response:
    notice = _NOTICES.get(request.query_params.get("done", ""), "")
    return await _list(view, session, user.user_id, paging=paging, notice=notice)


async def _list(
    view: View,
    session: AsyncSession,
    user_id: int,
    status: int = 200,
    *,
    paging: Paging | None = None,
    errors: dict[str, str] | None = None,
    name: str = "",
    notice: str = "",
) -> Response:
    paging = paging or Paging()
    total, rows = await service.page(session, user_id, paging, None)
    return page(
        view,
        "resumes.html",
        status,
        rows=rows,
        jobs=await _postings(session, rows),
        total=total,
        page=paging.page,
        last_page=max(1, -(-total // paging.limit)),
        errors=errors or {},
        name=name,
        notice=notice,
    )


async def _postings(session: AsyncSession, rows: list[ResumeSummary]) -> dict[uuid.UUID, JobSummary]:
    """The postings that resumes were made for, by public id."""
    keys = await jobs.ids_by_public_id(session, {row.job_id for row in rows if row.job_id})
    found = await jobs.summaries(session, keys.values())
    return {public_id: found[key] for public_id, key in keys.items() if key in found}


@router.post("/import/", max_body_size=MAX_BODY)
async def import_resume_file(
    request: Request,
    view: Viewing,
    user: PageUser,
    session: Session,
    file: UploadFile | None = None,
    name: Text = "",
) -> Response:
    """What the reader refuses is said beside the field, with its reason and what to do."""
    name = one_line(name)
    if file is None or not file.filename:
        return await _list(view, session, user.user_id, 422, errors={"file": NO_FILE}, name=name)
    if len(name) > MAX_NAME:
        return await _list(view, session, user.user_id, 422, errors={"name": BAD_NAME}, name=name)
    chosen = name or await free_name(session, user.user_id, PurePath(file.filename).stem)
    state = request.app.state
    try:
        made = await reading.import_file(
            session, state.serving, user.user_id, await uploaded(file), chosen, state.settings.max_resumes
        )
    except (InvalidInputError, PayloadTooLargeError, QuotaExceededError, MatchingUnavailableError) as error:
        said = {"file": LATER if isinstance(error, MatchingUnavailableError) else sentence(error.message)}
        return await _list(view, session, user.user_id, error.status, errors=said, name=name)
    except ConflictError:
        return await _list(view, session, user.user_id, 409, errors={"name": TAKEN}, name=name)
    return _brought_in(view, made)


def _brought_in(view: View, made: ImportAnswer) -> Response:
    """What was not taken from the file is told at once: nothing keeps it."""
    if made.left_out or made.warnings:
        return page(view, "resume_imported.html", resume=made)
    return view.go(f"/resumes/{made.id}/?done=imported")


async def free_name(session: AsyncSession, user_id: int, wanted: str) -> str:
    """The name of the file, with a number behind it if it is taken."""
    _, rows = await service.page(session, user_id, Paging(limit=NAMES), None)
    taken = {row.name for row in rows}
    stem = one_line(wanted)[: MAX_NAME - 5].strip() or "Resume"
    tries = (stem if number == 1 else f"{stem} {number}" for number in range(1, NAMES + 2))
    return next(name for name in tries if name not in taken)


@router.post("/new/")
async def new_resume(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """An empty one to write into: what to do with a scan, or without a file."""
    profile = await users.profile(session, user.user_id)
    basics = {"name": profile.full_name, "label": profile.desired_title[:200], "email": profile.email}
    body = ResumeIn(
        name=await free_name(session, user.user_id, "Resume"),
        document=Document.model_validate({"basics": basics}),
    )
    try:
        async with session.begin_nested():
            made = await service.create(session, user.user_id, body, request.app.state.settings.max_resumes)
    except QuotaExceededError as error:
        said = {"file": sentence(error.message)}
        return await _list(view, session, user.user_id, error.status, errors=said)
    return view.go(f"/resumes/{made.id}/edit/")


# -- one ---------------------------------------------------------------------------------------------------


@router.get("/{resume}/")
async def resume_page(
    resume: uuid.UUID, request: Request, view: Viewing, user: PageUser, session: Session
) -> Response:
    """What was read, section by section. Raises NotFoundError, also for somebody else's."""
    found = await service.read(session, user.user_id, resume)
    notice = _NOTICES.get(request.query_params.get("done", ""), "")
    return await _page(request, view, session, user.user_id, found, notice=notice)


async def _page(
    request: Request,
    view: View,
    session: AsyncSession,
    user_id: int,
    found: ResumeAnswer,
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    name: str = "",
    notice: str = "",
) -> Response:
    named = await _postings(session, [found])
    return page(
        view,
        "resume.html",
        status,
        resume=found,
        sheet=outline(found.document),
        job=named.get(found.job_id) if found.job_id else None,
        skills=await found_skills(request, session, user_id, found.id),
        errors=errors or {},
        name=name or found.name,
        notice=notice,
    )


async def found_skills(
    request: Request, session: AsyncSession, user_id: int, resume: uuid.UUID
) -> ResumeSkillsAnswer | None:
    """None when the models do not answer in the time a page waits."""
    state = request.app.state
    serving = state.serving.within(state.settings.page_patience_s)
    try:
        return await reading.skills(session, serving, user_id, resume)
    except (MatchingUnavailableError, InvalidInputError):
        return None


@router.post("/{resume}/rename/")
async def rename_resume(
    resume: uuid.UUID, request: Request, view: Viewing, user: PageUser, session: Session, name: Text = ""
) -> Response:
    """Raises NotFoundError."""
    found = await service.read(session, user.user_id, resume)
    try:
        patch = ResumePatch(name=_name.validate_python(name))
        async with session.begin_nested():
            await service.change(session, user.user_id, resume, patch, ANY)
    except (ValidationError, ConflictError) as error:
        taken = isinstance(error, ConflictError)
        said, status = {"name": TAKEN if taken else BAD_NAME}, 409 if taken else 422
        return await _page(request, view, session, user.user_id, found, status, errors=said, name=name)
    return view.go(f"/resumes/{resume}/?done=renamed")


@router.post("/{resume}/default/")
async def make_default(resume: uuid.UUID, view: Viewing, user: PageUser, session: Session) -> Response:
    """Raises NotFoundError."""
    await service.change(session, user.user_id, resume, ResumePatch(is_default=True), ANY)
    return view.go(f"/resumes/{resume}/?done=default")


@router.post("/{resume}/delete/")
async def delete_resume_page(
    resume: uuid.UUID, view: Viewing, user: PageUser, session: Session, confirmed: Text = ""
) -> Response:
    """Asks first. Raises NotFoundError."""
    if confirmed != "yes":
        found = await service.read(session, user.user_id, resume)
        return page(view, "resume_delete.html", resume=found)
    await service.remove(session, user.user_id, resume, None)
    return view.go("/resumes/?done=deleted")


@router.get("/{resume}/file/")
async def resume_file(
    resume: uuid.UUID,
    request: Request,
    user: PageUser,
    session: Session,
    kind: Annotated[Format, Query(alias="format")] = "pdf",
    template: Annotated[Template, Query()] = "classic",
    paper: Annotated[Paper, Query()] = "a4",
) -> Response:
    """Always sent to be saved. Raises NotFoundError, QuotaExceededError, and as `making.generate`."""
    state = request.app.state
    body = GenerateRequest(resume_id=resume, format=kind, template=template, paper=paper)
    most = state.settings.max_resume_downloads_per_day
    file, document = await making.generate(session, state.compiler, user.user_id, body, most)
    headers = {"Content-Disposition": making.disposition(document, kind), "Cache-Control": "no-store"}
    return Response(file.content, media_type=file.media_type, headers=headers)


@router.get("/{resume}/check/")
async def check_page(
    resume: uuid.UUID,
    request: Request,
    view: Viewing,
    user: PageUser,
    session: Session,
    template: Annotated[Template, Query()] = "classic",
) -> Response:
    """What a parser sees in the PDF. Raises NotFoundError."""
    state, message = request.app.state, ""
    found = await service.read(session, user.user_id, resume)
    seen: Any = None
    try:
        seen = await reading.check(session, state.serving, state.compiler, user.user_id, resume, template)
    except MatchingUnavailableError:
        message = "The parser cannot be asked at the moment. Your resume is as it was: try again in a while."
    except AppError as error:
        if error.status not in (413, 422):
            raise
        message = sentence(error.message)
    return page(view, "resume_check.html", resume=found, chosen=template, seen=seen, message=message)
