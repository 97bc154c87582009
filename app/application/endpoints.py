from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status

from app.application import applicants, service
from app.application.schemas import (
    ApplicantAnswer,
    ApplicantPatch,
    ApplicationAnswer,
    ApplicationDetail,
    ApplicationFilters,
    ApplicationPatch,
    ApplyRequest,
    SavedAnswer,
)
from app.application.service import Limits
from app.auth.access import CurrentUser, Employer
from app.db import Session
from app.idempotency import REPEATABLE, Once
from app.job.schemas import JobSummary
from app.kit.pagination import Page, PagingQuery, paginate
from app.kit.schemas import Detail

router = APIRouter(tags=["applications"])


def limits(request: Request) -> Limits:
    settings = request.app.state.settings
    return Limits(settings.max_saved_jobs, settings.max_applications_per_day)


AccountLimits = Annotated[Limits, Depends(limits)]


@router.post("/jobs/{job}/save/", responses={201: {"model": Detail}})
async def save_job(
    job: str, user: CurrentUser, session: Session, response: Response, limits: AccountLimits
) -> Detail:
    """201 the first time, 200 after; 403 when the account has as many as it may."""
    new = await service.save(session, limits, user.user_id, job)
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


@router.post(
    "/jobs/{job}/apply/",
    status_code=status.HTTP_201_CREATED,
    response_model=ApplicationAnswer,
    responses=REPEATABLE,
)
async def apply_to_job(
    job: str,
    user: CurrentUser,
    session: Session,
    limits: AccountLimits,
    once: Once,
    body: ApplyRequest | None = None,
) -> Response:
    """Once per posting. With `external_application_url` set, the intent is recorded and you apply there."""
    asked = body or ApplyRequest()
    return await once(
        asked,
        lambda: service.apply(session, limits, user.user_id, job, asked),
        status=status.HTTP_201_CREATED,
    )


@router.get("/applications/")
async def list_applications(
    request: Request, user: CurrentUser, session: Session, query: Annotated[ApplicationFilters, Query()]
) -> Page[ApplicationAnswer]:
    total, rows = await service.applications(session, user.user_id, query.status, query.paging)
    return paginate(request, query.paging, total, [service.answer(row, row.job) for row in rows])


@router.get("/applications/{application}/")
async def read_application(application: uuid.UUID, user: CurrentUser, session: Session) -> ApplicationDetail:
    return await service.application(session, user.user_id, application)


@router.patch("/applications/{application}/")
async def change_application(
    application: uuid.UUID, body: ApplicationPatch, user: CurrentUser, session: Session
) -> ApplicationDetail:
    """Your notes, and the status as far as it is yours to set: see `possible`."""
    return await service.change(session, user.user_id, application, body)


@router.post("/applications/{application}/withdraw/")
async def withdraw_application(
    application: uuid.UUID, user: CurrentUser, session: Session
) -> ApplicationDetail:
    """The company no longer sees it. Final."""
    patch = ApplicationPatch(status="withdrawn")
    return await service.change(session, user.user_id, application, patch)


@router.get("/jobs/{job}/applicants/", tags=["employers"])
async def list_applicants(
    job: str,
    request: Request,
    user: Employer,
    session: Session,
    query: Annotated[ApplicationFilters, Query()],
) -> Page[ApplicantAnswer]:
    total, rows = await applicants.applicants(session, user.user_id, job, query.status, query.paging)
    return paginate(request, query.paging, total, rows)


@router.patch("/jobs/{job}/applicants/{application}/", tags=["employers"])
async def change_applicant(
    job: str, application: uuid.UUID, body: ApplicantPatch, user: Employer, session: Session
) -> ApplicantAnswer:
    return await applicants.change(session, user.user_id, job, application, body)
