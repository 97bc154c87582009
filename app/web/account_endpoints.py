"""Coming in and going out: the API's own services behind plain forms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.auth import registration, service
from app.auth.access import PageUser, page_user
from app.auth.schemas import LoginAnswer, LoginRequest, RegisterRequest, SecondStepRequest
from app.db import Session
from app.errors import (
    AppError,
    EmailNotVerifiedError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidInputError,
    InvalidTokenError,
    SecondFactorRequiredError,
    TooManyAttemptsError,
)
from app.kit.caller import address_of, agent_of
from app.trial import service as trials
from app.web import trial_endpoints
from app.web.forms import HOME, complaints, guard, safe_next
from app.web.view import View, Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
#: The policy comes first: who has no session is shown the login, not a refused form.
personal = APIRouter(include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)])
Next = Annotated[str, Query(alias="next", max_length=4000)]
FormNext = Annotated[str, Form(alias="next", max_length=4000)]
Text = Annotated[str, Form(max_length=1000)]
WORDS = {
    "email": "Enter an e-mail address, like name@example.org.",
    "password": "A password has 8 to 128 characters.",
    "full_name": "A name has 200 characters at most.",
    "code": "Enter the six digits from your app, or a recovery code.",
    "challenge": "Start again.",
}
WRONG = "E-mail or password is wrong."


@router.get("/login/")
async def login_page(view: Viewing, target: Next = "") -> Response:
    """Who is signed in already goes on."""
    return view.go(safe_next(target)) if view.user else _login_form(view, target)


def _login_form(
    view: View, target: str, message: str = "", *, email: str = "", status: int = 200
) -> Response:
    return view.page("login.html", status, next=safe_next(target), message=message, email=email)


def _wait(error: TooManyAttemptsError) -> tuple[int, int]:
    """(seconds, minutes as people are told)."""
    seconds = error.retry_after_s or 60
    return seconds, -(-seconds // 60)


@router.post("/login/")
async def login(
    request: Request,
    view: Viewing,
    session: Session,
    email: Text = "",
    password: Text = "",
    target: FormNext = "",
) -> Response:
    """As the API's login; what it refuses is said above the form."""
    try:
        body = LoginRequest.model_validate({"email": email, "password": password})
        found = await service.login(
            session, view.rules, body, address=address_of(request), user_agent=agent_of(request)
        )
    except SecondFactorRequiredError as asked:
        challenge = str(asked.extensions["challenge"])
        return _code_form(view, target, challenge)
    except (ValidationError, InvalidCredentialsError):  # what cannot be a password is a wrong one
        return _login_form(view, target, WRONG, email=email, status=422)
    except EmailNotVerifiedError:
        message = (
            "Confirm your address first: follow the link in the mail we sent. "
            "No mail? Register again with the same address and we send another."
        )
        return _login_form(view, target, message, email=email, status=403)
    except TooManyAttemptsError as error:
        seconds, minutes = _wait(error)
        message = f"Too many failed logins. Try again in {minutes} minutes."
        return _later(_login_form(view, target, message, email=email, status=429), seconds)
    return await _signed_in(request, view, session, found, target)


@router.post("/login/second-factor/")
async def login_second_factor(
    request: Request,
    view: Viewing,
    session: Session,
    challenge: Text = "",
    code: Text = "",
    target: FormNext = "",
) -> Response:
    """A wrong code may be tried again while the challenge lives; without one it starts at the password."""
    try:
        body = SecondStepRequest.model_validate({"challenge": challenge, "code": code})
        found = await service.finish_login(
            session, view.rules, body, address=address_of(request), user_agent=agent_of(request)
        )
    except ValidationError as error:
        message = next(iter(complaints(error, WORDS).values()))
        return _code_form(view, target, challenge, message, 422)
    except InvalidCodeError:
        return _code_form(view, target, challenge, "The code is wrong, used or too old.", 422)
    except InvalidTokenError:
        return _login_form(view, target, "That took too long. Log in again.", status=422)
    except TooManyAttemptsError as error:
        seconds, minutes = _wait(error)
        message = f"Too many codes. Wait {minutes} minutes."
        return _later(_code_form(view, target, challenge, message, 429), seconds)
    return await _signed_in(request, view, session, found, target)


def _later(page: Response, seconds: int) -> Response:
    page.headers["Retry-After"] = str(seconds)
    return page


def _code_form(view: View, target: str, challenge: str, message: str = "", status: int = 200) -> Response:
    shown = {"next": safe_next(target), "challenge": challenge, "message": message}
    return view.page("second_factor.html", status, **shown)


async def _signed_in(
    request: Request, view: View, session: AsyncSession, found: LoginAnswer, target: str
) -> Response:
    """What this browser tried before it had its account comes along, and is shown to be confirmed."""
    view.open(view.rules.signer.read(found.access_token))
    goes_on = safe_next(target)
    token = trial_endpoints.token_of(request)
    most = request.app.state.settings.max_resumes
    if not token or not await trials.adopt(session, token, found.user.id, most):
        return view.go(goes_on)
    answer = view.go(goes_on if goes_on != HOME else "/onboarding?done=kept")
    return trial_endpoints.with_token(request, answer, "")


@personal.post("/logout/")
async def logout(view: Viewing, user: PageUser, session: Session) -> Response:
    """The session ends for whoever holds a copy of the cookie, too."""
    await service.logout(session, session_id=user.session_id)
    view.close()
    return view.go("/")


@router.get("/register/")
async def register_page(view: Viewing) -> Response:
    return view.go(safe_next("")) if view.user else _register_form(view)


def _register_form(
    view: View, errors: dict[str, str] | None = None, *, email: str = "", full_name: str = ""
) -> Response:
    shown = {"errors": errors or {}, "email": email, "full_name": full_name}
    return view.page("register.html", 422 if errors else 200, **shown)


@router.post("/register/")
async def register(
    view: Viewing, session: Session, email: Text = "", password: Text = "", full_name: Text = ""
) -> Response:
    """The answer does not tell whether the address had an account."""
    try:
        body = RegisterRequest.model_validate({"email": email, "password": password, "full_name": full_name})
        answer = await registration.register(session, view.rules, body)
    except ValidationError as error:
        return _register_form(view, complaints(error, WORDS), email=email, full_name=full_name)
    except InvalidInputError as error:
        return _register_form(view, {"password": _said(error)}, email=email, full_name=full_name)
    return view.page("registered.html", answer=answer)


def _said(error: AppError) -> str:
    return error.message[:1].upper() + error.message[1:].rstrip(".") + "."
