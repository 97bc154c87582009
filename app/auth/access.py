"""Who is calling, and the policies routes are declared with. A route without one refuses to start.

| policy | who passes |
|---|---|
| `PUBLIC` | everybody |
| `CurrentUser` | a signed-in account; what it may touch is decided by ownership, and not owning is a 404 |
| `Employer` | a member of at least one company; which company is decided as above |
| `Staff` | staff |
| `RecentUser` | a signed-in account whose owner proved again, minutes ago, to be there (a step-up) |
| `PageUser` | as `CurrentUser`, but the session may also come as a browser's cookie: for pages only |
| `RecentPageUser` | as `RecentUser`, the same way |
| `StaffPage` | staff, the same way; to everybody else who is signed in the page is not there |
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import browser, factor, repository
from app.auth.rules import SessionRules
from app.db import Session
from app.errors import (
    ForbiddenError,
    InvalidTokenError,
    NotAuthenticatedError,
    NotFoundError,
    StepUpRequiredError,
)
from app.kit.clock import utcnow
from app.kit.tokens import Claims, TokenSigner
from app.ratelimit import CLAIMS

_bearer = HTTPBearer(auto_error=False, description="The `access_token` of a login")

#: How long a password or a code that was just given counts as "it is still the same person".
RECENT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Principal:
    user_id: int
    public_id: uuid.UUID
    session_id: int
    is_staff: bool
    is_employer: bool
    authenticated_at: datetime


def public() -> None:
    """Declares that a route is open to everybody."""


async def current_user(
    request: Request,
    session: Session,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """Raises NotAuthenticatedError without a token and InvalidTokenError for a bad or ended one."""
    if credentials is None:
        raise NotAuthenticatedError("send `Authorization: Bearer <access token>`")
    signer: TokenSigner = request.app.state.signer
    claims: Claims = request.scope.get(CLAIMS) or signer.read(credentials.credentials)
    found = await _principal(session, claims)
    if found is None:
        raise InvalidTokenError
    return found


async def _principal(session: AsyncSession, claims: Claims) -> Principal | None:
    """Who the claims name, noted as active; None when the session has ended."""
    row = await repository.live_session(session, user=claims.user, session_id=claims.session)
    if row is None:
        return None
    facts = dict(row)
    if facts.pop("is_back"):
        await repository.touch(session, row.user_id)
    return Principal(**facts)


CurrentUser = Annotated[Principal, Depends(current_user)]


async def recent_user(user: CurrentUser, session: Session) -> Principal:
    """Raises StepUpRequiredError when the last password or code of this session is too old."""
    if utcnow() - user.authenticated_at > RECENT:
        method = "code" if await factor.is_on(session, user.user_id) else "password"
        raise StepUpRequiredError(
            f"POST your {method} to /api/v1/auth/step-up/, then try again", extensions={"methods": [method]}
        )
    return user


RecentUser = Annotated[Principal, Depends(recent_user)]


async def optional_user(
    request: Request,
    session: Session,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal | None:
    """Nobody without a token; a token that is sent must be good."""
    return await current_user(request, session, credentials) if credentials else None


OptionalUser = Annotated[Principal | None, Depends(optional_user)]


SESSION_COOKIE = "jp_session"


def browser_session(request: Request) -> browser.BrowserSession | None:
    """What the request's cookie says; whether the session lives is not asked here."""
    rules: SessionRules = request.app.state.session_rules
    secure = request.app.state.settings.environment != "development"
    value = request.cookies.get(browser.cookie_name(SESSION_COOKIE, secure=secure), "")
    return browser.unseal(rules.signer, value, utcnow(), rules.refresh_lifetime) if value else None


async def optional_page_user(
    request: Request,
    session: Session,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal | None:
    """Nobody without a live session. A cookie that ended is no error: people leave browsers open."""
    if credentials is not None:
        return await current_user(request, session, credentials)
    found = browser_session(request)
    return await _principal(session, found.claims) if found else None


OptionalPageUser = Annotated[Principal | None, Depends(optional_page_user)]


async def page_user(user: OptionalPageUser) -> Principal:
    """Raises NotAuthenticatedError, which a browser is shown as the way to the login."""
    if user is None:
        raise NotAuthenticatedError("log in to see this page")
    return user


PageUser = Annotated[Principal, Depends(page_user)]


async def recent_page_user(user: PageUser, session: Session) -> Principal:
    """As `recent_user`, for pages: a browser is shown where to say so again."""
    return await recent_user(user, session)


RecentPageUser = Annotated[Principal, Depends(recent_page_user)]


async def staff_page(user: PageUser) -> Principal:
    """Raises NotAuthenticatedError as `page_user`, and NotFoundError: who is not staff is told nothing."""
    if not user.is_staff:
        raise NotFoundError
    return user


StaffPage = Annotated[Principal, Depends(staff_page)]


async def employer(user: CurrentUser) -> Principal:
    if not user.is_employer:
        raise ForbiddenError("only a company's members may do this")
    return user


Employer = Annotated[Principal, Depends(employer)]


async def staff(user: CurrentUser) -> Principal:
    if not user.is_staff:
        raise ForbiddenError("only staff may do this")
    return user


Staff = Annotated[Principal, Depends(staff)]

PUBLIC = Depends(public)
POLICIES: dict[Callable[..., Any], str] = {
    staff: "staff",
    employer: "employer",
    current_user: "user",
    optional_user: "public",
    staff_page: "staff-page",
    page_user: "user",
    optional_page_user: "public",
    public: "public",
}


def policies(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    """(method, path, policy) of every route; the policy is "" when none is declared."""
    for route in iter_route_contexts(app.routes):
        calls = set(_calls(route.dependant)) if isinstance(route.original_route, APIRoute) else set()
        policy = next((name for call, name in POLICIES.items() if call in calls), "")
        for method in sorted(route.methods or {""}):
            yield method, route.path or "", policy


def _calls(dependant: Any) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


def refuse_undeclared(app: FastAPI) -> None:
    """Deny by default: raises RuntimeError naming the routes that say nothing about who may call them."""
    missing = [f"{method} {path}" for method, path, policy in policies(app) if not policy]
    if missing:
        raise RuntimeError("routes without an access policy: " + ", ".join(missing))
