from __future__ import annotations

from fastapi import APIRouter, status

from app.auth.access import PUBLIC, CurrentUser, Employer
from app.db import Session
from app.organization import service
from app.organization.schemas import CompanyAnswer, CompanyCreate, CompanyPatch

router = APIRouter(prefix="/companies", tags=["companies"])


@router.post("/", status_code=status.HTTP_201_CREATED)
async def create_company(body: CompanyCreate, user: CurrentUser, session: Session) -> CompanyAnswer:
    """Whoever makes a company is its first member and may post its jobs."""
    return CompanyAnswer.model_validate(await service.create(session, user.user_id, body))


@router.get("/{slug}/", dependencies=[PUBLIC])
async def get_company(slug: str, session: Session) -> CompanyAnswer:
    return CompanyAnswer.model_validate(await service.get(session, slug))


@router.patch("/{slug}/")
async def change_company(slug: str, body: CompanyPatch, user: Employer, session: Session) -> CompanyAnswer:
    return CompanyAnswer.model_validate(await service.change(session, user.user_id, slug, body))
