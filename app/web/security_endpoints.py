"""Who may come into an account: its sessions, its password, its second factor."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.auth import factor, recovery, sessions
from app.auth.access import PageUser, Principal, RecentPageUser, page_user
from app.auth.schemas import ChangePasswordRequest, CodeRequest
from app.db import Session
from app.errors import (
    ConflictError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidInputError,
    NotFoundError,
    TooManyAttemptsError,
)
from app.kit.caller import address_of
from app.web.admin_forms import sentence
from app.web.forms import complaints, guard
from app.web.seeker_words import page
from app.web.settings_endpoints import noticed
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/settings/security", include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)]
)
Text = Annotated[str, Form(max_length=1000)]
WORDS = {
    "current_password": "A password has 8 to 128 characters.",
    "new_password": "A password has 8 to 128 characters.",
}
WAIT = "Too many tries. Wait a quarter of an hour."
HERE = "/settings/security"


@router.get("/")
async def security_page(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    return await _page(view, session, user, notice=noticed(request))


async def _page(
    view: View,
    session: AsyncSession,
    user: Principal,
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    notice: str = "",
) -> Response:
    is_on, codes_left = await factor.state(session, user.user_id)
    return page(
        view,
        "settings_security.html",
        status,
        sessions=await sessions.listed(session, user),
        is_on=is_on,
        codes_left=codes_left,
        errors=errors or {},
        notice=notice,
    )


@router.post("/sessions/{session_id}/end/")
async def end_session_page(
    session_id: uuid.UUID, view: Viewing, user: PageUser, session: Session
) -> Response:
    """Raises NotFoundError, also for somebody else's."""
    await sessions.end(session, user, session_id)
    return view.go(f"{HERE}?done=ended")


@router.post("/sessions/end-others/")
async def end_other_sessions_page(view: Viewing, user: PageUser, session: Session) -> Response:
    await sessions.end_others(session, user)
    return view.go(f"{HERE}?done=alone")


@router.post("/password/")
async def change_password_page(
    request: Request,
    view: Viewing,
    user: PageUser,
    session: Session,
    current_password: Text = "",
    new_password: Text = "",
) -> Response:
    """Ends every session but this one."""
    sent = {"current_password": current_password, "new_password": new_password}
    errors, status = {}, 422
    try:
        body = ChangePasswordRequest.model_validate(sent)
        await recovery.change(session, view.rules, user, body, address=address_of(request))
    except ValidationError as error:
        errors = complaints(error, WORDS)
    except InvalidCredentialsError:
        errors = {"current_password": "That is not your password."}
    except InvalidInputError as error:
        errors = {"new_password": sentence(error.message)}
    except TooManyAttemptsError:
        errors, status = {"current_password": WAIT}, 429
    else:
        return view.go(f"{HERE}?done=password")
    return await _page(view, session, user, status, errors=errors)


# -- two-step login ----------------------------------------------------------------------------------------


@router.post("/second-factor/")
async def enrol_page(view: Viewing, user: RecentPageUser, session: Session) -> Response:
    """Nothing changes until a first code was right."""
    account = await sessions.account(session, user)
    try:
        secret, uri = await factor.enrol(session, view.rules.seal, account)
    except ConflictError:
        return view.go(HERE)
    return page(view, "settings_enrol.html", secret=secret, uri=uri, error="")


@router.post("/second-factor/confirm/")
async def confirm_factor_page(
    view: Viewing, user: RecentPageUser, session: Session, code: Text = ""
) -> Response:
    """A wrong code may be tried again: the app has the key already."""
    account = await sessions.account(session, user)
    error, status = "The code is wrong or too old: type the one that the app shows now.", 422
    try:
        codes = await factor.confirm(
            session, view.rules.seal, account, CodeRequest.model_validate({"code": code}).code
        )
    except (ValidationError, InvalidCodeError):
        pass
    except TooManyAttemptsError:
        error, status = WAIT, 429
    except (NotFoundError, ConflictError):
        return view.go(HERE)
    else:
        return page(view, "settings_codes.html", codes=codes, is_new=True)
    return page(view, "settings_enrol.html", status, secret="", uri="", error=error)


@router.post("/second-factor/codes/")
async def renew_codes_page(view: Viewing, user: RecentPageUser, session: Session) -> Response:
    """Raises NotFoundError when two-step login is off."""
    return page(view, "settings_codes.html", codes=await factor.renew(session, user.user_id), is_new=False)


@router.post("/second-factor/off/")
async def turn_off_factor_page(view: Viewing, user: RecentPageUser, session: Session) -> Response:
    """Raises NotFoundError when it is off."""
    await factor.turn_off(session, await sessions.account(session, user))
    return view.go(f"{HERE}?done=off")
