from __future__ import annotations

from fastapi import APIRouter, Request, status

from app.auth import service
from app.auth.access import PUBLIC, CurrentUser
from app.auth.schemas import LoginAnswer, LoginRequest, RefreshRequest, RegisterRequest, TokenAnswer
from app.db import Session
from app.kit.schemas import Detail

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/register/", status_code=status.HTTP_202_ACCEPTED, dependencies=[PUBLIC])
async def register(body: RegisterRequest, session: Session) -> Detail:
    """The answer does not tell whether the address had an account."""
    return Detail(detail=await service.register(session, body))


@router.post("/login/", dependencies=[PUBLIC])
async def login(body: LoginRequest, request: Request, session: Session) -> LoginAnswer:
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    rules: service.SessionRules = request.app.state.session_rules
    return await service.login(session, rules, body, address=address, user_agent=agent)


@router.post("/refresh/", dependencies=[PUBLIC])
async def refresh(body: RefreshRequest, request: Request, session: Session) -> TokenAnswer:
    """Each refresh token works once; using one again ends the session it belongs to."""
    return await service.refresh(session, request.app.state.session_rules, body.refresh_token)


@router.post("/logout/", status_code=status.HTTP_204_NO_CONTENT)
async def logout(user: CurrentUser, session: Session) -> None:
    await service.logout(session, session_id=user.session_id)


@router.post("/logout-all/", status_code=status.HTTP_204_NO_CONTENT)
async def logout_all(user: CurrentUser, session: Session) -> None:
    await service.logout_everywhere(session, user_id=user.user_id)
