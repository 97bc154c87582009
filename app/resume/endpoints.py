from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.auth.access import CurrentUser
from app.db import Session
from app.idempotency import REPEATABLE, Once
from app.kit.etag import STALE, IfMatch, IfNoneMatch, etag, matches
from app.kit.pagination import MAX_OFFSET, Page, Paging, PagingQuery, paginate
from app.kit.schemas import RequestBody
from app.resume import making, service
from app.resume.render.file import MEDIA_TYPES
from app.resume.schemas import (
    CopyAnswer,
    CopyRequest,
    DiffAnswer,
    GenerateRequest,
    ResumeAnswer,
    ResumeIn,
    ResumePatch,
    ResumeSummary,
    VersionAnswer,
    VersionSummary,
)

router = APIRouter(tags=["resumes"])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
NotModified: dict[int | str, dict[str, Any]] = {304: {"description": "it is as `If-None-Match` says"}}
LOCKED = STALE | {428: {"description": "`If-Match` is missing"}}
PAGES, FILL = "X-Resume-Pages", "X-Resume-Last-Page"
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the file",
        "content": {
            kind.partition(";")[0]: {
                "schema": {"type": "object"}
                if kind.endswith("json")
                else {"type": "string", "format": "binary"}
            }
            for kind in MEDIA_TYPES.values()
        },
        "headers": {
            PAGES: {"schema": {"type": "integer"}, "description": "of a PDF"},
            FILL: {"schema": {"type": "number"}, "description": "how far the last page is filled, 0 to 1"},
        },
    }
}


class ResumeQuery(RequestBody):
    job_id: uuid.UUID | None = None
    page: int = Query(1, ge=1, le=MAX_OFFSET)
    limit: int = Query(20, ge=1, le=100)


class DiffQuery(RequestBody):
    from_version: int | None = Query(None, alias="from", ge=1, le=2**31 - 1)
    to_version: int | None = Query(None, alias="to", ge=1, le=2**31 - 1)


@router.get("/resumes/")
async def list_resumes(
    request: Request, user: CurrentUser, session: Session, query: Annotated[ResumeQuery, Query()]
) -> Page[ResumeSummary]:
    """The default first, then what changed last. With `job_id` only those made for that posting."""
    paging = Paging(page=query.page, limit=query.limit)
    total, rows = await service.page(session, user.user_id, paging, query.job_id)
    return paginate(request, paging, total, rows)


@router.post(
    "/resumes/", status_code=status.HTTP_201_CREATED, response_model=ResumeAnswer, responses=REPEATABLE
)
async def create_resume(
    body: ResumeIn, user: CurrentUser, session: Session, request: Request, once: Once
) -> Response:
    most = request.app.state.settings.max_resumes
    return await once(
        body,
        lambda: service.create(session, user.user_id, body, most),
        status=status.HTTP_201_CREATED,
        tagged=True,
    )


@router.get("/resumes/{resume}/", response_model=ResumeAnswer, responses=NotModified)
async def read_resume(
    resume: uuid.UUID, user: CurrentUser, session: Session, if_none_match: IfNoneMatch = None
) -> Response:
    found = await service.read(session, user.user_id, resume)
    tag = etag(found)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if matches(if_none_match, tag, weak=True):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(found.model_dump_json(), media_type="application/json", headers=headers)


@router.put("/resumes/{resume}/", responses=LOCKED)
async def replace_resume(
    resume: uuid.UUID,
    body: ResumeIn,
    user: CurrentUser,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> ResumeAnswer:
    """Makes a new version if the document changed. `If-Match` is required."""
    return _tagged(response, await service.replace(session, user.user_id, resume, body, if_match))


@router.patch("/resumes/{resume}/", responses=LOCKED)
async def change_resume(
    resume: uuid.UUID,
    body: ResumePatch,
    user: CurrentUser,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> ResumeAnswer:
    """Makes a new version if the document changed. `If-Match` is required."""
    return _tagged(response, await service.change(session, user.user_id, resume, body, if_match))


@router.delete("/resumes/{resume}/", status_code=status.HTTP_204_NO_CONTENT, responses=STALE)
async def delete_resume(
    resume: uuid.UUID, user: CurrentUser, session: Session, if_match: IfMatch = None
) -> None:
    """With all its versions. If it was the default, the one that changed last is the default now."""
    await service.remove(session, user.user_id, resume, if_match)


@router.get("/resumes/{resume}/versions/")
async def list_resume_versions(
    resume: uuid.UUID, request: Request, user: CurrentUser, session: Session, paging: PagingQuery
) -> Page[VersionSummary]:
    """Newest first. The last 200 are kept."""
    total, rows = await service.versions(session, user.user_id, resume, paging)
    return paginate(request, paging, total, rows)


@router.get("/resumes/{resume}/versions/{number}/")
async def read_resume_version(
    resume: uuid.UUID, number: Number, user: CurrentUser, session: Session
) -> VersionAnswer:
    return await service.version(session, user.user_id, resume, number)


@router.post("/resumes/{resume}/versions/{number}/restore/", responses=LOCKED)
async def restore_resume_version(
    resume: uuid.UUID,
    number: Number,
    user: CurrentUser,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> ResumeAnswer:
    """Its document becomes the newest version; what was between stays. `If-Match` is required."""
    return _tagged(response, await service.restore(session, user.user_id, resume, number, if_match))


@router.get("/resumes/{resume}/diff/")
async def compare_resume_versions(
    resume: uuid.UUID, user: CurrentUser, session: Session, query: Annotated[DiffQuery, Query()]
) -> DiffAnswer:
    """What changed from one version to another: from the one before, to the newest, if none is named."""
    return await service.compare(session, user.user_id, resume, query.from_version, query.to_version)


@router.post(
    "/resumes/{resume}/copy/",
    status_code=status.HTTP_201_CREATED,
    response_model=CopyAnswer,
    responses=REPEATABLE,
)
async def copy_resume(
    resume: uuid.UUID, body: CopyRequest, user: CurrentUser, session: Session, request: Request, once: Once
) -> Response:
    """A copy under another name, for a posting if you like. With `tailor` it is selected, ordered and
    shortened for that posting, and every text says in `x-jobpilot.origins` where it stands there."""
    most = request.app.state.settings.max_resumes
    return await once(
        body,
        lambda: making.copy(session, user.user_id, resume, body, most),
        status=status.HTTP_201_CREATED,
    )


@router.post("/resume/generate/", response_class=Response, responses=FILES)
async def generate_resume(
    body: GenerateRequest, user: CurrentUser, session: Session, request: Request
) -> Response:
    """A file to send. With `job_id` it is tailored: select, order, shorten, and add nothing."""
    state = request.app.state
    most = state.settings.max_resume_downloads_per_day
    file, document = await making.generate(session, state.compiler, user.user_id, body, most)
    headers = {"Content-Disposition": making.disposition(document, body.format)}
    if file.pages is not None:
        headers |= {PAGES: str(file.pages), FILL: str(file.fill)}
    return Response(file.content, media_type=file.media_type, headers=headers)


def _tagged(response: Response, found: ResumeAnswer) -> ResumeAnswer:
    response.headers["ETag"] = etag(found)
    return found
