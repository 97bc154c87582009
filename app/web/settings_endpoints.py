"""An account's settings: what is said of a person, who sees it, what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from starlette.responses import Response

from app.auth import factor, sessions
from app.auth.access import PageUser, page_user
from app.auth.schemas import StepUpRequest
from app.db import Session
from app.errors import AppError, InvalidCodeError, InvalidCredentialsError, TooManyAttemptsError
from app.kit.caller import address_of
from app.recommendation import hiding
from app.user import service as users
from app.user.documents import PrivacyPatch
from app.user.schemas import ProfileAnswer, ProfilePatch
from app.web.admin_forms import sentence, texts
from app.web.forms import complaints, guard, safe_next
from app.web.seeker_words import page
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/settings", include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)]
)
Text = Annotated[str, Form(max_length=1000)]
FormNext = Annotated[str, Form(alias="next", max_length=4000)]
MONTHS = (
    ("", "Never by itself"),
    ("6", "6 months"),
    ("12", "A year"),
    ("24", "2 years"),
    ("60", "5 years"),
)
PROFILE_WORDS = {
    "full_name": "A name has 200 characters at most.",
    "desired_title": "A title has 300 characters at most.",
    "skills": "At most 200 skills of at most 100 characters each, with commas between them.",
    "location": "A place has 100 characters at most.",
    "preferred_locations": "At most 20 places of at most 100 characters each, one a line.",
    "experience_years": "Years are a number from 0 to 70.",
    "salary_expectation_min": "The lowest pay is a number, without signs or commas.",
    "salary_expectation_max": "The highest pay is a number, without signs or commas.",
    "salary_currency": "A currency has three capital letters, like EUR.",
    "bio": "At most 500 characters.",
    "phone_number": "A phone number begins with + and the country code.",
    "": "The lowest pay is above the highest.",
}
_TEXTS = ("full_name", "desired_title", "location", "remote", "bio", "phone_number", "education_level")
_PAY = ("salary_expectation_min", "salary_expectation_max")
#: What a form that led here did; the address names it, so only these words can be shown.
NOTICES = {
    "saved": "Saved.",
    "ended": "That session is ended.",
    "alone": "Every other session is ended.",
    "password": "Your password is changed, and every other session was ended.",
    "off": "Two-step login is off.",
    "asked": "A copy of your data is being made. This page shows it when it is ready; a mail tells you, too.",
    "again": "Its postings may be shown to you again.",
}


@router.get("/")
async def settings_page(view: Viewing) -> Response:
    return view.go("/settings/profile")


def noticed(request: Request) -> str:
    return NOTICES.get(request.query_params.get("done", ""), "")


# -- the profile -------------------------------------------------------------------------------------------


@router.get("/profile/")
async def profile_settings_page(
    request: Request, view: Viewing, user: PageUser, session: Session
) -> Response:
    values = stored(await users.profile(session, user.user_id))
    return _profile_form(view, values, {}, noticed(request))


@router.post("/profile/")
async def change_profile_settings(
    request: Request, view: Viewing, user: PageUser, session: Session
) -> Response:
    form = await request.form()
    values = {**await texts(request), "job_types": [str(kind) for kind in form.getlist("job_types")]}
    shown = stored(await users.profile(session, user.user_id)) | values
    try:
        async with session.begin_nested():
            await users.change(session, user.user_id, patch_of(values))
    except ValidationError as error:
        return _profile_form(view, shown, complaints(error, PROFILE_WORDS))
    except AppError as error:
        return _profile_form(view, shown, {"": sentence(error.message)})
    return view.go("/settings/profile?done=saved")


def _profile_form(
    view: View, values: Mapping[str, Any], errors: dict[str, str], notice: str = ""
) -> Response:
    context = {"values": values, "errors": errors, "notice": notice}
    return page(view, "settings_profile.html", 422 if errors else 200, **context)


def stored(profile: ProfileAnswer) -> dict[str, Any]:
    """The profile as the form shows it."""
    values: dict[str, Any] = {name: getattr(profile, name) for name in _TEXTS}
    values |= {name: _number(getattr(profile, name)) for name in ("experience_years", *_PAY)}
    return values | {
        "skills": ", ".join(profile.skills),
        "preferred_locations": "\n".join(profile.preferred_locations),
        "job_types": list(profile.job_types),
        "salary_currency": profile.salary_currency,
        "salary_interval": profile.salary_interval,
    }


def patch_of(sent: Mapping[str, Any]) -> ProfilePatch:
    """Only the fields the form has. Raises ValidationError."""
    values: dict[str, Any] = {name: sent[name] for name in (*_TEXTS, "salary_interval") if name in sent}
    if "skills" in sent:
        listed = sent["skills"].replace("\n", ",").split(",")
        values["skills"] = [skill.strip() for skill in listed if skill.strip()]
    if "preferred_locations" in sent:
        lines = sent["preferred_locations"].split("\n")
        values["preferred_locations"] = [line.strip() for line in lines if line.strip()]
    if "job_types" in sent:
        values["job_types"] = sent["job_types"]
    if "salary_currency" in sent:
        values["salary_currency"] = sent["salary_currency"].upper()
    values |= {name: sent[name] or None for name in ("experience_years", *_PAY) if name in sent}
    return ProfilePatch.model_validate(values)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


# -- privacy -----------------------------------------------------------------------------------------------


@router.get("/privacy/")
async def privacy_page(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    profile = await users.profile(session, user.user_id)
    return page(
        view,
        "settings_privacy.html",
        privacy=profile.privacy_settings,
        months=MONTHS,
        hidden=await hiding.hidden_companies(session, user.user_id),
        notice=noticed(request),
    )


@router.post("/privacy/")
async def change_privacy(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """A box that is not ticked is not sent, and means no."""
    sent = await texts(request)
    keep = sent.get("retention_months", "")
    patch = PrivacyPatch.model_validate(
        {
            "profile_visibility": sent.get("profile_visibility", "private"),
            "profiling_opt_out": sent.get("profiling_opt_out") == "yes",
            "training_opt_out": sent.get("training_opt_out") == "yes",
            "retention_months": int(keep) if keep.isdecimal() and len(keep) <= 3 else None,
        }
    )
    await users.change(session, user.user_id, ProfilePatch(privacy_settings=patch))
    return view.go("/settings/privacy?done=saved")


@router.post("/privacy/companies/{slug}/show/")
async def show_company_again(slug: str, view: Viewing, user: PageUser, session: Session) -> Response:
    """Raises NotFoundError."""
    await hiding.show_company(session, user.user_id, slug)
    return view.go("/settings/privacy?done=again#companies")


# -- who sits there ----------------------------------------------------------------------------------------


@router.get("/confirm/")
async def confirm_page(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    target = safe_next(request.query_params.get("next", ""), "/settings/security")
    return _confirm_form(view, target, by_code=await factor.is_on(session, user.user_id))


def _confirm_form(
    view: View, target: str, *, by_code: bool, message: str = "", status: int = 200
) -> Response:
    return page(view, "settings_confirm.html", status, next=target, by_code=by_code, message=message)


@router.post("/confirm/")
async def confirm(
    request: Request,
    view: Viewing,
    user: PageUser,
    session: Session,
    password: Text = "",
    code: Text = "",
    target: FormNext = "",
) -> Response:
    """The password, or a code where two-step login is on; good for ten minutes."""
    goes_on = safe_next(target, "/settings/security")
    by_code = await factor.is_on(session, user.user_id)
    message, status = "That is not right.", 422
    try:
        body = StepUpRequest.model_validate({"code": code} if by_code else {"password": password})
        await sessions.step_up(session, view.rules, user, body, address=address_of(request))
    except TooManyAttemptsError:
        message, status = "Too many tries. Wait a quarter of an hour.", 429
    except InvalidCodeError:
        message = "The code is wrong, used or too old."
    except InvalidCredentialsError:
        message = "The password is wrong."
    except ValidationError:
        message = "Enter the six digits from your app." if by_code else "The password is wrong."
    else:
        return view.go(goes_on)
    return _confirm_form(view, goes_on, by_code=by_code, message=message, status=status)
