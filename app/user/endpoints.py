from __future__ import annotations

from fastapi import APIRouter

from app.auth.access import CurrentUser
from app.db import Session
from app.user import service
from app.user.schemas import ProfileAnswer, ProfilePatch

router = APIRouter(prefix="/auth/profile", tags=["profile"])


@router.get("/")
async def get_profile(user: CurrentUser, session: Session) -> ProfileAnswer:
    return await service.profile(session, user.user_id)


@router.patch("/")
async def change_profile(body: ProfilePatch, user: CurrentUser, session: Session) -> ProfileAnswer:
    return await service.change(session, user.user_id, body)
