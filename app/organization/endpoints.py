from __future__ import annotations

from fastapi import APIRouter, Response, status

from app.auth.access import PUBLIC, CurrentUser, Employer
from app.db import Session
from app.idempotency import REPEATABLE, Once
from app.organization import service
from app.organization.schemas import CompanyAnswer, CompanyCreate, CompanyPatch

router = APIRouter(prefix="/companies", tags=["companies"])


@router.post("/", status_code=status.HTTP_201_CREATED, response_model=CompanyAnswer, responses=REPEATABLE)
async def create_company(body: CompanyCreate, user: CurrentUser, session: Session, once: Once) -> Response:
    """Whoever makes a company is its first member and may post its jobs."""

    async def work() -> CompanyAnswer:
        return CompanyAnswer.model_validate(await service.create(session, user.user_id, body))

    return await once(body, work, status=status.HTTP_201_CREATED)


@router.get("/{slug}/", dependencies=[PUBLIC])
async def get_company(slug: str, session: Session) -> CompanyAnswer:
    return CompanyAnswer.model_validate(await service.get(session, slug))


@router.patch("/{slug}/")
async def change_company(slug: str, body: CompanyPatch, user: Employer, session: Session) -> CompanyAnswer:
    return CompanyAnswer.model_validate(await service.change(session, user.user_id, slug, body))
