"""The two pages that mails lead to. Plain forms, no script: opening a link does nothing, because mail
scanners open links too; only the button does."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.auth import recovery, registration
from app.auth.access import PUBLIC
from app.auth.endpoints import Rules
from app.auth.schemas import ResetRequest
from app.db import Session
from app.errors import AppError

router = APIRouter(
    prefix="/account",
    dependencies=[PUBLIC],
    include_in_schema=False,
    default_response_class=HTMLResponse,
    max_body_size=20_000,
)
_CSP = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
Token = Annotated[str, Query(min_length=20, max_length=100)]
FormToken = Annotated[str, Form(min_length=20, max_length=100)]
FormPassword = Annotated[str, Form(max_length=1000)]
NEW_FIELDS = (
    '<p><label for="password">New password</label><br><input id="password" name="password" type="password" '
    'autocomplete="new-password" minlength="8" maxlength="128" required aria-describedby="hint"></p>'
    '<p id="hint">8 characters or more; 15 are advised. A few random words are good.</p>'
)


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} - JobPilot</title></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>",
        status_code=status,
        headers={"Content-Security-Policy": _CSP},
    )


def _form(action: str, token: str, fields: str, button: str, message: str = "") -> str:
    alert = f'<p role="alert">{escape(message)}</p>' if message else ""
    return (
        f'{alert}<form method="post" action="{action}">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        f'{fields}<p><button type="submit">{escape(button)}</button></p></form>'
    )


@router.get("/verify-email/")
async def verify_email_page(token: Token) -> HTMLResponse:
    form = _form("/account/verify-email/", token, "", "Confirm my address")
    return _page("Confirm your address", form)


@router.post("/verify-email/")
async def verify_email_form(token: FormToken, session: Session) -> HTMLResponse:
    try:
        await registration.verify(session, token)
    except AppError as error:
        return _page("Confirm your address", f'<p role="alert">{escape(error.title)}.</p>', error.status)
    return _page("Your address is confirmed", "<p>You can log in now.</p>")


@router.get("/reset-password/")
async def reset_password_page(token: Token) -> HTMLResponse:
    form = _form("/account/reset-password/", token, NEW_FIELDS, "Set the password")
    return _page("Choose a new password", form)


@router.post("/reset-password/")
async def reset_password_form(
    token: FormToken, password: FormPassword, rules: Rules, session: Session
) -> HTMLResponse:
    """A weak password shows the form again; the link stays good."""
    try:
        await recovery.reset(
            session, rules, ResetRequest.model_validate({"token": token, "password": password})
        )
    except ValidationError:
        message, status = "The password needs 8 to 128 characters.", 422
    except AppError as error:
        message, status = f"{error.message}.", error.status
    else:
        return _page("The password is changed", "<p>Every session was ended. Log in with it now.</p>")
    again = _form("/account/reset-password/", token, NEW_FIELDS, "Set the password", message)
    return _page("Choose a new password", again, status)
