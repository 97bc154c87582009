"""Pages: templates, what every one of them needs to know, and the headers they are sent with."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.auth import browser
from app.auth.access import SESSION_COOKIE, OptionalPageUser, Principal, browser_session
from app.auth.rules import SessionRules
from app.db import Session
from app.kit.clock import utcnow
from app.kit.tokens import Claims, new_secret
from app.web import labels, repository
from app.web.assets import asset_url, has_asset
from app.web.forms import TOKEN_FIELD, VISIT_COOKIE, binding_of, is_secure, visit_of

#: Scripts are files of ours (htmx and what is beside it) and ask none but us; nothing is inline or evaluated.
#: JSON-LD is data, which this rule does not concern.
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: `same-origin`, not the API's `no-referrer`: with that, browsers send a form's Origin as "null".
HEADERS = {"Content-Security-Policy": CSP, "Referrer-Policy": "same-origin"}
PERSONAL = {"Cache-Control": "no-store"}
Answer = TypeVar("Answer", bound=Response)
#: How old a session's cookie gets before the browser is given a new one.
RENEWED_AFTER = timedelta(days=1)


@lru_cache(maxsize=1)
def templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (
        labels.salary,
        labels.ago,
        labels.day,
        labels.reason,
        labels.number,
        labels.percent,
        labels.web_address,
    ):
        made.filters[filter_.__name__] = filter_
    made.globals |= {
        "asset_url": asset_url,
        "has_asset": has_asset,
        "labels": labels,
        "TOKEN_FIELD": TOKEN_FIELD,
    }
    return made


def render(template: str, **context: Any) -> str:
    return templates().get_template(template).render(**context)


class View:
    """One request's page. Cookies that come about while it is made are set on its answer."""

    def __init__(self, request: Request, user: Principal | None) -> None:
        self.request, self.user = request, user
        self.rules: SessionRules = request.app.state.session_rules
        self._cookies: dict[str, tuple[str, int | None]] = {}
        self._visit = visit_of(request)

    def form_token(self) -> str:
        """Ties a form to this browser; one that is here for the first time gets a secret to be tied to."""
        if not binding_of(self.request, self.user, self._visit):
            self._visit = new_secret()
            self._cookies[VISIT_COOKIE] = (self._visit, None)
        return browser.form_token(self.rules.signer, binding_of(self.request, self.user, self._visit))

    def open(self, claims: Claims) -> None:
        """From this answer on the browser belongs to the session."""
        lifetime = int(self.rules.refresh_lifetime.total_seconds())
        self._cookies[SESSION_COOKIE] = (browser.seal(self.rules.signer, claims, utcnow()), lifetime)

    def close(self) -> None:
        self._cookies[SESSION_COOKIE] = ("", 0)

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks, which puts what it gets into the page that is there."""
        headers = self.request.headers
        return "hx-request" in headers and "hx-history-restore-request" not in headers

    def page(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        return self._answer(template, status, context, vary="Cookie")

    def page_or_part(self, template: str, part: str, status: int, **context: Any) -> HTMLResponse:
        """`part` is a template that the page includes: htmx is given that alone."""
        return self._answer(part if self.is_partial else template, status, context, vary="Cookie, HX-Request")

    def _answer(self, template: str, status: int, context: dict[str, Any], *, vary: str) -> HTMLResponse:
        shared = {"user": self.user, "form_token": self.form_token, "path": self.request.url.path}
        text = render(template, **{"notice": ""} | shared | context)
        personal = self.user or self._cookies or self.is_partial
        keeping = PERSONAL if personal else {"Cache-Control": "private, no-cache"}
        response = HTMLResponse(text, status, HEADERS | keeping | {"Vary": vary})
        return self._with_cookies(response)

    def go(self, target: str) -> RedirectResponse:
        """After a form: the browser asks for the target anew."""
        response = RedirectResponse(target, 303, HEADERS | PERSONAL)
        return self._with_cookies(response)

    def _with_cookies(self, response: Answer) -> Answer:
        secure = is_secure(self.request)
        for name, (value, lifetime) in self._cookies.items():
            response.set_cookie(
                browser.cookie_name(name, secure=secure),
                value,
                max_age=lifetime,
                path="/",
                secure=secure,
                httponly=True,
                samesite="lax",
            )
        return response


async def view(request: Request, user: OptionalPageUser, session: Session) -> View:
    made = View(request, user)
    found = browser_session(request) if user else None
    if user and found and utcnow() - found.issued_at > RENEWED_AFTER:
        await repository.note_use(session, user.session_id)
        made.open(found.claims)
    return made


Viewing = Annotated[View, Depends(view)]
