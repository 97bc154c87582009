from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from app.auth import factor, recovery, registration, service, sessions
from app.auth.access import PUBLIC, CurrentUser, RecentUser
from app.auth.rules import SessionRules
from app.auth.schemas import (
    ChangePasswordRequest,
    CodeRequest,
    EmailRequest,
    EnrolmentAnswer,
    LoginAnswer,
    LoginRequest,
    RecoveryCodesAnswer,
    RefreshRequest,
    RegisterRequest,
    ResetRequest,
    SecondFactorAnswer,
    SecondStepRequest,
    SessionAnswer,
    StepUpRequest,
    TokenAnswer,
    VerifyRequest,
)
from app.db import Session
from app.kit.caller import address_of, agent_of
from app.kit.schemas import Detail

router = APIRouter(prefix="/auth", tags=["auth"])
ACCEPTED, NO_CONTENT = status.HTTP_202_ACCEPTED, status.HTTP_204_NO_CONTENT


def session_rules(request: Request) -> SessionRules:
    rules: SessionRules = request.app.state.session_rules
    return rules


Rules = Annotated[SessionRules, Depends(session_rules)]


# -- the account ---------------------------------------------------------------------------------------


@router.post("/register/", status_code=ACCEPTED, dependencies=[PUBLIC])
async def register(body: RegisterRequest, rules: Rules, session: Session) -> Detail:
    """The answer does not tell whether the address had an account; its owner is told by mail."""
    return Detail(detail=await registration.register(session, rules, body))


@router.post("/verify-email/", dependencies=[PUBLIC])
async def verify_email(body: VerifyRequest, session: Session) -> Detail:
    """With the `token` of the link that was mailed. It works once, for one hour."""
    await registration.verify(session, body.token)
    return Detail(detail="The address is confirmed: log in.")


@router.post("/verify-email/resend/", status_code=ACCEPTED, dependencies=[PUBLIC])
async def resend_verification(body: EmailRequest, rules: Rules, session: Session) -> Detail:
    """At most three mails in a quarter of an hour."""
    return Detail(detail=await registration.resend(session, rules, body.email))


# -- signing in ----------------------------------------------------------------------------------------


@router.post("/login/", dependencies=[PUBLIC])
async def login(body: LoginRequest, request: Request, rules: Rules, session: Session) -> LoginAnswer:
    """With two-step login on, a right password is answered by the problem `second-factor-required`, whose
    `challenge` goes to `/auth/login/second-factor/`. `email-not-verified`: follow the mailed link first."""
    return await service.login(
        session, rules, body, address=address_of(request), user_agent=agent_of(request)
    )


@router.post("/login/second-factor/", dependencies=[PUBLIC])
async def login_second_factor(
    body: SecondStepRequest, request: Request, rules: Rules, session: Session
) -> LoginAnswer:
    """A code of the authenticator app, or a recovery code; each works once."""
    return await service.finish_login(
        session, rules, body, address=address_of(request), user_agent=agent_of(request)
    )


@router.post("/refresh/", dependencies=[PUBLIC])
async def refresh(body: RefreshRequest, rules: Rules, session: Session) -> TokenAnswer:
    """Each refresh token works once; using one again ends the session it belongs to."""
    return await service.refresh(session, rules, body.refresh_token)


@router.post("/logout/", status_code=NO_CONTENT)
async def logout(user: CurrentUser, session: Session) -> None:
    await service.logout(session, session_id=user.session_id)


@router.post("/logout-all/", status_code=NO_CONTENT)
async def logout_all(user: CurrentUser, session: Session) -> None:
    await service.logout_everywhere(session, user_id=user.user_id)


@router.get("/sessions/")
async def list_sessions(user: CurrentUser, session: Session) -> list[SessionAnswer]:
    """Open sessions, newest use first."""
    return await sessions.listed(session, user)


@router.delete("/sessions/", status_code=NO_CONTENT)
async def end_other_sessions(user: CurrentUser, session: Session) -> None:
    """Every session but this one."""
    await sessions.end_others(session, user)


@router.delete("/sessions/{session_id}/", status_code=NO_CONTENT)
async def end_session(session_id: uuid.UUID, user: CurrentUser, session: Session) -> None:
    await sessions.end(session, user, session_id)


@router.post("/step-up/", status_code=NO_CONTENT)
async def step_up(
    body: StepUpRequest, request: Request, user: CurrentUser, rules: Rules, session: Session
) -> None:
    """Shows again who is there. What answers `step-up-required` works for ten minutes after."""
    await sessions.step_up(session, rules, user, body, address=address_of(request))


# -- passwords -----------------------------------------------------------------------------------------


@router.post("/password/forgot/", status_code=ACCEPTED, dependencies=[PUBLIC])
async def forgot_password(body: EmailRequest, rules: Rules, session: Session) -> Detail:
    """At most three mails in a quarter of an hour."""
    return Detail(detail=await recovery.forgot(session, rules, body.email))


@router.post("/password/reset/", dependencies=[PUBLIC])
async def reset_password(body: ResetRequest, rules: Rules, session: Session) -> Detail:
    """With the `token` of the link that was mailed. Ends every session."""
    await recovery.reset(session, rules, body)
    return Detail(detail="The password is changed: log in.")


@router.post("/password/change/", status_code=NO_CONTENT)
async def change_password(
    body: ChangePasswordRequest, request: Request, user: CurrentUser, rules: Rules, session: Session
) -> None:
    """Ends every session but this one."""
    await recovery.change(session, rules, user, body, address=address_of(request))


# -- two-step login ------------------------------------------------------------------------------------


@router.get("/second-factor/")
async def second_factor(user: CurrentUser, session: Session) -> SecondFactorAnswer:
    enabled, left = await factor.state(session, user.user_id)
    return SecondFactorAnswer(enabled=enabled, recovery_codes_left=left)


@router.post("/second-factor/", status_code=status.HTTP_201_CREATED)
async def enrol_second_factor(user: RecentUser, rules: Rules, session: Session) -> EnrolmentAnswer:
    """Nothing changes until `/auth/second-factor/confirm/` gets a first code."""
    secret, uri = await factor.enrol(session, rules.seal, await sessions.account(session, user))
    return EnrolmentAnswer(secret=secret, uri=uri)


@router.post("/second-factor/confirm/")
async def confirm_second_factor(
    body: CodeRequest, user: RecentUser, rules: Rules, session: Session
) -> RecoveryCodesAnswer:
    """Turns two-step login on. The recovery codes are shown this once."""
    account = await sessions.account(session, user)
    codes = await factor.confirm(session, rules.seal, account, body.code)
    return RecoveryCodesAnswer(recovery_codes=codes)


@router.post("/second-factor/recovery-codes/")
async def renew_recovery_codes(user: RecentUser, session: Session) -> RecoveryCodesAnswer:
    """Replaces the earlier ones."""
    return RecoveryCodesAnswer(recovery_codes=await factor.renew(session, user.user_id))


@router.delete("/second-factor/", status_code=NO_CONTENT)
async def turn_off_second_factor(user: RecentUser, session: Session) -> None:
    await factor.turn_off(session, await sessions.account(session, user))
