from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from app.admin import audit, service
from app.admin.schemas import (
    AdminJob,
    AdminUser,
    AuditAnswer,
    AuditFilters,
    AuditVerdict,
    BulkAnswer,
    BulkModeration,
    JobFilters,
    Moderation,
    Reason,
    UserFilters,
)
from app.auth.access import Staff
from app.db import Session
from app.idempotency import REPEATABLE, Once
from app.job.schemas import JobCreate, JobDetail, JobPatch
from app.kit.etag import STALE, IfMatch, etag
from app.kit.pagination import Page, paginate

router = APIRouter(prefix="/admin", tags=["moderation"])


@router.get("/jobs/")
async def admin_list_jobs(
    request: Request, user: Staff, session: Session, query: Annotated[JobFilters, Query()]
) -> Page[AdminJob]:
    """Postings of every company in every state, newest first."""
    total, rows = await service.jobs(session, query)
    return paginate(request, query.paging, total, rows)


@router.post("/jobs/", status_code=status.HTTP_201_CREATED, response_model=JobDetail, responses=REPEATABLE)
async def admin_create_job(body: JobCreate, user: Staff, session: Session, once: Once) -> Response:
    return await once(
        body,
        lambda: service.create_job(session, user.public_id, body),
        status=status.HTTP_201_CREATED,
    )


@router.post("/jobs/bulk/")
async def admin_moderate_jobs(body: BulkModeration, user: Staff, session: Session) -> BulkAnswer:
    """One action on up to 100 postings; each succeeds or fails by itself."""
    return await service.moderate_many(session, user.public_id, body)


@router.get("/jobs/{job}/")
async def admin_read_job(job: str, user: Staff, session: Session, response: Response) -> JobDetail:
    detail = await service.job(session, job)
    response.headers["ETag"] = etag(detail)
    return detail


@router.patch("/jobs/{job}/", responses=STALE)
async def admin_change_job(
    job: str, body: JobPatch, user: Staff, session: Session, response: Response, if_match: IfMatch = None
) -> JobDetail:
    detail = await service.edit_job(session, user.public_id, job, body, if_match)
    response.headers["ETag"] = etag(detail)
    return detail


@router.post("/jobs/{job}/moderate/")
async def admin_moderate_job(job: str, body: Moderation, user: Staff, session: Session) -> JobDetail:
    """A removed posting stays removed, whatever an import or its employer says, until it is restored."""
    return await service.moderate(session, user.public_id, job, body.action, body.reason)


@router.get("/users/")
async def admin_list_users(
    request: Request, user: Staff, session: Session, query: Annotated[UserFilters, Query()]
) -> Page[AdminUser]:
    total, rows = await service.users(session, query)
    return paginate(request, query.paging, total, [AdminUser.model_validate(row) for row in rows])


@router.post("/users/{account}/deactivate/")
async def admin_deactivate_user(
    account: uuid.UUID, user: Staff, session: Session, body: Reason | None = None
) -> AdminUser:
    """The account cannot sign in, and what it was signed in with ends at once."""
    reason = body.reason if body else ""
    return AdminUser.model_validate(
        await service.set_active(session, user.public_id, account, active=False, reason=reason)
    )


@router.post("/users/{account}/activate/")
async def admin_activate_user(
    account: uuid.UUID, user: Staff, session: Session, body: Reason | None = None
) -> AdminUser:
    reason = body.reason if body else ""
    return AdminUser.model_validate(
        await service.set_active(session, user.public_id, account, active=True, reason=reason)
    )


@router.get("/audit/")
async def admin_list_audit(
    request: Request, user: Staff, session: Session, query: Annotated[AuditFilters, Query()]
) -> Page[AuditAnswer]:
    total, rows = await service.entries(session, query)
    return paginate(request, query.paging, total, rows)


@router.get("/audit/verify/")
async def admin_verify_audit(user: Staff, session: Session) -> AuditVerdict:
    return await audit.verify(session)
