from __future__ import annotations

import hashlib
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response, UploadFile, status
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile as Upload
from starlette.exceptions import HTTPException

from app.auth.access import CurrentUser
from app.db import Session, release
from app.errors import BadRequestError, InvalidInputError
from app.idempotency import REPEATABLE, Once
from app.resume import reading
from app.resume.reading import Sent
from app.resume.reading_schemas import (
    CheckAnswer,
    ImportAnswer,
    ParsedAnswer,
    PastedText,
    ResumeSkillsAnswer,
)
from app.resume.render.typst import Template
from app.resume.schemas import Name
from serving.language_schemas import MAX_FILE_BYTES

router = APIRouter(tags=["resumes"])
#: A multipart body is a little larger than the file in it.
MAX_BODY = MAX_FILE_BYTES + 100_000
_FILE = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
EITHER: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FILE},
            "application/json": {"schema": PastedText.model_json_schema()},
        },
    }
}
UNREADABLE: dict[int | str, dict[str, Any]] = {
    413: {"description": "too many bytes, pages or unpacked bytes"},
    422: {"description": "not readable as a resume: `reason` says why, `detail` what to do about it"},
}


async def sent(request: Request) -> Sent:
    """A file in a form, or pasted text as JSON. Raises InvalidInputError and BadRequestError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            return Sent(text=PastedText.model_validate_json(await request.body()).text)
        except ValidationError:
            raise InvalidInputError('send {"text": ...} with the text of a resume', pointer="/text") from None
    if kind != "multipart/form-data":
        raise InvalidInputError("send multipart/form-data with a field `file`, or JSON with `text`")
    try:
        async with request.form(max_files=1, max_fields=1) as form:
            file = form.get("file")
            if not isinstance(file, Upload):
                raise InvalidInputError("the form has no file in `file`", pointer="/file")
            return await uploaded(file)
    except HTTPException as error:
        raise BadRequestError(str(error.detail)) from None


async def uploaded(file: Upload) -> Sent:
    """One byte more than is allowed is enough to see that it is too large."""
    return Sent(data=await file.read(MAX_FILE_BYTES + 1), filename=(file.filename or "")[:255])


class FileAsked(BaseModel):
    """What a repeated import must have in common with the first."""

    name: str
    sha256: str


Resume = Annotated[Sent, Depends(sent)]


@router.post("/resume/parse/", max_body_size=MAX_BODY, openapi_extra=EITHER, responses=UNREADABLE)
async def parse_resume(user: CurrentUser, request: Request, resume: Resume) -> ParsedAnswer:
    """Reads a resume (PDF, DOCX, plain text, JSON Resume, LinkedIn export; at most 5 MB) and stores nothing.
    Every value says where it was read and how surely."""
    return await reading.parse(request.app.state.serving, resume)


@router.post(
    "/resumes/import/",
    status_code=status.HTTP_201_CREATED,
    response_model=ImportAnswer,
    max_body_size=MAX_BODY,
    responses=UNREADABLE | REPEATABLE,
)
async def import_resume(
    file: UploadFile,
    user: CurrentUser,
    session: Session,
    request: Request,
    once: Once,
    name: Annotated[Name, Query()] = "Imported",
) -> Response:
    """A new resume out of a file. What the strict document cannot hold is left out and told."""
    upload, state = await uploaded(file), request.app.state
    await release(session)
    read = await reading.read_file(state.serving, upload)
    most = state.settings.max_resumes
    return await once(
        FileAsked(name=name, sha256=hashlib.sha256(upload.data or b"").hexdigest()),
        lambda: reading.keep(session, user.user_id, read, name, most),
        status=status.HTTP_201_CREATED,
        tagged=True,
    )


@router.get("/resume/skills/")
async def resume_skills(
    user: CurrentUser, session: Session, request: Request, resume_id: uuid.UUID | None = None
) -> ResumeSkillsAnswer:
    """The skills that a resume shows, each with the words that show it; of the default resume if none is
    named."""
    return await reading.skills(session, request.app.state.serving, user.user_id, resume_id)


@router.post("/resumes/{resume}/check/")
async def check_resume(
    resume: uuid.UUID, user: CurrentUser, session: Session, request: Request, template: Template = "classic"
) -> CheckAnswer:
    """What a parser sees: the PDF is made, read back, and compared with what was written."""
    state = request.app.state
    return await reading.check(session, state.serving, state.compiler, user.user_id, resume, template)
