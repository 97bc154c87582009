from __future__ import annotations

import uuid

from fastapi import APIRouter, Request, Response, status

from app.application import service
from app.application.schemas import ApplicationAnswer, ApplyRequest, SavedAnswer
from app.auth.access import CurrentUser
from app.db import Session
from app.job.schemas import JobSummary
from app.kit.pagination import Page, PagingQuery, paginate
from app.kit.schemas import Detail

router = APIRouter(tags=["applications"])


@router.post("/jobs/{job}/save/", responses={201: {"model": Detail}})
async def save_job(job: str, user: CurrentUser, session: Session, response: Response) -> Detail:
    """201 the first time, 200 after."""
    new = await service.save(session, user.user_id, job)
    response.status_code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
    return Detail(detail="saved")


@router.delete("/jobs/{job}/save/", status_code=status.HTTP_204_NO_CONTENT)
async def unsave_job(job: str, user: CurrentUser, session: Session) -> None:
    await service.unsave(session, user.user_id, job)


@router.get("/saved/")
async def list_saved(
    request: Request, user: CurrentUser, session: Session, paging: PagingQuery
) -> Page[SavedAnswer]:
    """Newest first; closed postings stay, with their status."""
    total, rows = await service.saved(session, user.user_id, paging)
    results = [SavedAnswer(job=JobSummary.of(row.job), saved_at=row.created_at) for row in rows]
    return paginate(request, paging, total, results)


@router.post("/jobs/{job}/apply/", status_code=status.HTTP_201_CREATED)
async def apply_to_job(
    job: str, user: CurrentUser, session: Session, body: ApplyRequest | None = None
) -> ApplicationAnswer:
    """Once per posting. With `external_application_url` set, the intent is recorded and you apply there."""
    return await service.apply(session, user.user_id, job, body or ApplyRequest())


@router.get("/applications/")
async def list_applications(
    request: Request, user: CurrentUser, session: Session, paging: PagingQuery
) -> Page[ApplicationAnswer]:
    total, rows = await service.applications(session, user.user_id, paging)
    return paginate(request, paging, total, [service.answer(row, row.job) for row in rows])


@router.get("/applications/{application}/")
async def read_application(application: uuid.UUID, user: CurrentUser, session: Session) -> ApplicationAnswer:
    return await service.application(session, user.user_id, application)
