from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from app.auth.access import PUBLIC, Employer, OptionalUser
from app.db import Session
from app.event import counters
from app.idempotency import REPEATABLE, Once
from app.job import jsonld, service
from app.job.schemas import (
    EmployerJob,
    EmployerJobFilters,
    JobCreate,
    JobDetail,
    JobPatch,
    Reopening,
)
from app.kit.clock import utcnow
from app.kit.etag import STALE, IfMatch, IfNoneMatch, etag, matches
from app.kit.pagination import Page, paginate

router = APIRouter(prefix="/jobs", tags=["jobs"])
employer_router = APIRouter(prefix="/employer", tags=["employers"])
ENDED: dict[int | str, dict[str, object]] = {
    304: {"description": "it is as `If-None-Match` says"},
    410: {"description": "it has ended; `alternatives` lists open postings like it"},
}


@router.post("/", status_code=status.HTTP_201_CREATED, response_model=JobDetail, responses=REPEATABLE)
async def create_job(body: JobCreate, user: Employer, session: Session, once: Once) -> Response:
    """HTML in the texts is turned into plain text."""
    return await once(
        body,
        lambda: service.create(session, user.user_id, body),
        status=status.HTTP_201_CREATED,
        tagged=True,
    )


@router.get("/{job}/", response_model=JobDetail, responses=ENDED)
async def read_job(
    job: str,
    user: OptionalUser,
    session: Session,
    request: Request,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """By id or slug. Counts as a view once a day, unless you are a member of the company."""
    found, own = await service.read(session, job, user.user_id if user else None)
    detail = await service.described(session, found)
    if found.status == "active" and not own:
        viewer = user.user_id if user else counters.Visitor.of(request)
        secret = request.app.state.settings.secret_key.get_secret_value()
        await counters.record_view(session, found.id, viewer, secret=secret, now=utcnow())
    tag = etag(detail)
    # a kept copy is asked about each time; an account's own drafts must not be kept for others
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if matches(if_none_match, tag, weak=True):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    if found.status == "active" and jsonld.job_posting(detail, website=""):
        path = request.url_for("read_job_posting", job=found.slug).path
        headers["Link"] = f'<{path}>; rel="alternate"; type="{jsonld.MEDIA_TYPE}"'
    return Response(detail.model_dump_json(), media_type="application/json", headers=headers)


class LinkedData(Response):
    media_type = jsonld.MEDIA_TYPE


@router.get("/{job}/jsonld/", dependencies=[PUBLIC], response_class=LinkedData, responses={410: ENDED[410]})
async def read_job_posting(job: str, session: Session) -> LinkedData:
    """The posting as schema.org JobPosting; 404 when it lacks what search engines require of one."""
    found, _ = await service.read(session, job, None)
    return LinkedData(await service.job_posting(session, found))


@router.patch("/{job}/", responses=STALE)
async def change_job(
    job: str, body: JobPatch, user: Employer, session: Session, response: Response, if_match: IfMatch = None
) -> JobDetail:
    return _tagged(response, await service.change(session, user.user_id, job, body, if_match))


@router.post("/{job}/pause/", responses=STALE)
async def pause_job(
    job: str, user: Employer, session: Session, response: Response, if_match: IfMatch = None
) -> JobDetail:
    """It leaves lists and recommendations until it is resumed."""
    return _tagged(response, await service.set_status(session, user.user_id, job, "paused", if_match))


@router.post("/{job}/resume/", responses=STALE)
async def resume_job(
    job: str, user: Employer, session: Session, response: Response, if_match: IfMatch = None
) -> JobDetail:
    return _tagged(response, await service.resume(session, user.user_id, job, if_match))


@router.post("/{job}/close/", responses=STALE)
async def close_job(
    job: str, user: Employer, session: Session, response: Response, if_match: IfMatch = None
) -> JobDetail:
    """The posting leaves lists at once and recommendations within two seconds."""
    return _tagged(response, await service.close(session, user.user_id, job, if_match))


@router.post("/{job}/reopen/", responses=STALE)
async def reopen_job(
    job: str,
    user: Employer,
    session: Session,
    response: Response,
    body: Reopening | None = None,
    if_match: IfMatch = None,
) -> JobDetail:
    """For a posting that was closed or expired; one that staff removed stays removed."""
    expires_at = body.expires_at if body else None
    return _tagged(response, await service.reopen(session, user.user_id, job, expires_at, if_match))


@employer_router.get("/jobs/")
async def list_own_jobs(
    request: Request, user: Employer, session: Session, query: Annotated[EmployerJobFilters, Query()]
) -> Page[EmployerJob]:
    """Postings of your companies in every state, newest first, with what came of them."""
    total, jobs = await service.employers_jobs(
        session, user.user_id, query.status, query.company, query.paging
    )
    return paginate(request, query.paging, total, jobs)


def _tagged(response: Response, detail: JobDetail) -> JobDetail:
    response.headers["ETag"] = etag(detail)
    return detail
