"""What a form must prove before it is looked at, and where it may lead afterwards."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from pydantic import ValidationError

from app.auth import browser
from app.auth.access import OptionalPageUser, browser_session
from app.auth.rules import SessionRules
from app.errors import ForbiddenError
from app.settings import Settings

VISIT_COOKIE = "jp_visit"
TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field
HOME = "/dashboard"


class CrossSiteFormError(ForbiddenError):
    """A form that did not come from a page we gave to this very browser."""

    code, title = "cross-site-form", "This form has expired"


def is_secure(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.environment != "development"


def visit_of(request: Request) -> str:
    """The secret that stands for a browser without a session; "" when it has none yet."""
    return request.cookies.get(browser.cookie_name(VISIT_COOKIE, secure=is_secure(request)), "")


def binding_of(request: Request, user: object | None, visit: str) -> str:
    """What this browser's forms are tied to: its session, or its visit while there is none."""
    session = browser_session(request) if user else None
    if session is not None:
        return session.binding
    return f"visit {visit}" if visit else ""


async def guard(request: Request, user: OptionalPageUser) -> None:
    """Raises CrossSiteFormError for a change that another site may have caused.

    A bearer token is sent by nobody's browser on its own, so a request with one proves itself.
    """
    if request.method in ("GET", "HEAD") or (user and "authorization" in request.headers):
        return
    if not _is_same_origin(request):
        raise CrossSiteFormError("the form was sent from another site")
    binding = binding_of(request, user, visit_of(request))
    token = (await request.form()).get(TOKEN_FIELD)
    rules: SessionRules = request.app.state.session_rules
    if not binding or not isinstance(token, str) or not browser.is_form_token(rules.signer, binding, token):
        raise CrossSiteFormError("open the page again and send the form once more")


Guarded = Annotated[None, Depends(guard)]


def _is_same_origin(request: Request) -> bool:
    """Every browser says with a POST where it came from; who does not is refused."""
    settings: Settings = request.app.state.settings
    ours = {f"{request.url.scheme}://{request.headers.get('host', '')}", _origin(settings.web_url)}
    return request.headers.get("origin", "") in ours


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def safe_next(target: str, otherwise: str = HOME) -> str:
    """A path of ours, never another site: what browsers could read as one becomes `otherwise`."""
    plain = target.isascii() and target.isprintable() and "\\" not in target and " " not in target
    if not plain or len(target) > 2000 or not target.startswith("/") or target.startswith("//"):
        return otherwise
    try:
        parts = urlsplit(target)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc else target


def login_url(target: str) -> str:
    return f"/login?next={quote(target, safe='/')}"


def complaints(error: ValidationError, words: dict[str, str]) -> dict[str, str]:
    """Field -> what is wrong with it, in our words where we have some."""
    fields = [str(item["loc"][0]) if item["loc"] else "" for item in error.errors(include_input=False)]
    texts = [str(item["msg"]).removeprefix("Value error, ") for item in error.errors(include_input=False)]
    return {name: words.get(name, f"{text}.") for name, text in zip(fields, texts, strict=True)}
