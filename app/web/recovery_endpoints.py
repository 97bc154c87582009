"""Forgotten passwords and addresses that wait for their confirmation: the pages that ask for a mail, and the
two that mails lead to.

Opening a mailed link does nothing, because mail scanners open links too; only the button does. Those two
forms need no token of ours: the secret in them is one.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from pydantic import ValidationError
from starlette.responses import Response

from app.auth import recovery, registration
from app.auth.schemas import EmailRequest, ResetRequest
from app.db import Session
from app.errors import AppError
from app.web.forms import complaints, guard
from app.web.view import View, Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
links = APIRouter(prefix="/account", include_in_schema=False, max_body_size=20_000)
Text = Annotated[str, Form(max_length=1000)]
Token = Annotated[str, Query(min_length=20, max_length=100)]
FormToken = Annotated[str, Form(min_length=20, max_length=100)]
WORDS = {
    "email": "Enter an e-mail address, like name@example.org.",
    "password": "A password has 8 to 128 characters.",
}


@router.get("/forgot/")
async def forgot_page(view: Viewing) -> Response:
    return view.page("forgot.html", errors={}, email="", answer="")


@router.post("/forgot/")
async def forgot(view: Viewing, session: Session, email: Text = "") -> Response:
    """The answer does not tell who has an account."""
    try:
        address = EmailRequest(email=email).email
    except ValidationError as error:
        return view.page("forgot.html", 422, errors=complaints(error, WORDS), email=email, answer="")
    answer = await recovery.forgot(session, view.rules, address)
    return view.page("forgot.html", errors={}, email="", answer=answer)


@router.get("/verify/")
async def verify_page(view: Viewing) -> Response:
    """What to do when the mail has not come."""
    return view.page("verify.html", errors={}, email="", answer="")


@router.post("/verify/")
async def verify(view: Viewing, session: Session, email: Text = "") -> Response:
    try:
        address = EmailRequest(email=email).email
    except ValidationError as error:
        return view.page("verify.html", 422, errors=complaints(error, WORDS), email=email, answer="")
    answer = await registration.resend(session, view.rules, address)
    return view.page("verify.html", errors={}, email="", answer=answer)


# -- where mails lead ------------------------------------------------------------------------------------


def _secret(page: Response) -> Response:
    """The address of this page is a secret: no other page is told it."""
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


@links.get("/verify-email/")
async def confirm_address_page(token: Token, view: Viewing) -> Response:
    return _secret(view.page("confirm_address.html", token=token, message=""))


@links.post("/verify-email/")
async def confirm_address(token: FormToken, view: Viewing, session: Session) -> Response:
    try:
        await registration.verify(session, token)
    except AppError as error:
        return _secret(view.page("confirm_address.html", error.status, token="", message=f"{error.title}."))
    return _secret(view.page("address_confirmed.html"))


@links.get("/reset-password/")
async def reset_page(token: Token, view: Viewing) -> Response:
    return _reset_form(view, token)


def _reset_form(view: View, token: str, message: str = "", status: int = 200) -> Response:
    return _secret(view.page("reset_password.html", status, token=token, message=message, done=False))


@links.post("/reset-password/")
async def reset(token: FormToken, view: Viewing, session: Session, password: Text = "") -> Response:
    """A weak password shows the form again; the link stays good."""
    try:
        body = ResetRequest.model_validate({"token": token, "password": password})
        await recovery.reset(session, view.rules, body)
    except ValidationError:
        return _reset_form(view, token, WORDS["password"], 422)
    except AppError as error:
        said = error.message[:1].upper() + error.message[1:].rstrip(".") + "."
        return _reset_form(view, token if error.status == 422 else "", said, error.status)
    return _secret(view.page("reset_password.html", token="", message="", done=True))
