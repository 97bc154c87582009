from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, status

from app.auth.access import PUBLIC, Employer, OptionalUser
from app.db import Session
from app.job import service
from app.job.schemas import JobCreate, JobDetail, JobPatch, JobQuery, JobSummary
from app.kit.pagination import Page, paginate

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/", dependencies=[PUBLIC])
async def list_jobs(
    request: Request, session: Session, query: Annotated[JobQuery, Query()]
) -> Page[JobSummary]:
    """Active postings. `q` takes words, "phrases", `or` and `-not`."""
    total, jobs = await service.search(session, query, query.paging)
    return paginate(request, query.paging, total, [JobSummary.of(job) for job in jobs])


@router.post("/", status_code=status.HTTP_201_CREATED)
async def create_job(body: JobCreate, user: Employer, session: Session) -> JobDetail:
    return JobDetail.of(await service.create(session, user.user_id, body))


@router.get("/{job}/")
async def read_job(job: str, user: OptionalUser, session: Session) -> JobDetail:
    """By id or slug; 410 once closed."""
    return JobDetail.of(await service.read(session, job, user.user_id if user else None))


@router.patch("/{job}/")
async def change_job(job: str, body: JobPatch, user: Employer, session: Session) -> JobDetail:
    return JobDetail.of(await service.change(session, user.user_id, job, body))


@router.post("/{job}/close/")
async def close_job(job: str, user: Employer, session: Session) -> JobDetail:
    """Final. The posting leaves lists at once and recommendations within two seconds."""
    return JobDetail.of(await service.close(session, user.user_id, job))
