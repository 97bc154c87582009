"""A resume dropped before there is an account: matches now, and what was read is kept for a day.

The token in the browser's cookie is the only key to it.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, UploadFile
from starlette.responses import Response

from app.auth import browser
from app.auth.access import OptionalPageUser
from app.db import Session
from app.errors import InvalidInputError, MatchingUnavailableError, PayloadTooLargeError
from app.recommendation import service as recommendation
from app.recommendation.schemas import RecommendationQuery
from app.resume.reading_endpoints import MAX_BODY, uploaded
from app.trial import service as trials
from app.trial.schemas import Tried
from app.web import evidence
from app.web.admin_forms import sentence
from app.web.forms import guard, is_secure
from app.web.view import View, Viewing

router = APIRouter(prefix="/try", include_in_schema=False, dependencies=[Depends(guard)])
COOKIE = "jp_trial"
SHOWN = 10
NO_FILE = "Choose a file first."
LATER = "Files cannot be read at the moment. Try again in a few seconds."
#: What a form that led here did; the address names it, so only these words can be shown.
_NOTICES = {"forgotten": "It is deleted: nothing of your resume is left here."}


def token_of(request: Request) -> str:
    return request.cookies.get(browser.cookie_name(COOKIE, secure=is_secure(request)), "")


def with_token(request: Request, response: Response, token: str) -> Response:
    """Gives the browser the key to what it sent; "" takes it away."""
    secure = is_secure(request)
    response.set_cookie(
        browser.cookie_name(COOKIE, secure=secure),
        token,
        max_age=int(trials.LIFETIME.total_seconds()) if token else 0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("/")
async def try_page(request: Request, view: Viewing, session: Session, user: OptionalPageUser) -> Response:
    """The matches of what was dropped, or the box to drop it in. Who has an account has better pages."""
    if user:
        return view.go("/onboarding")
    tried = await trials.read(session, token_of(request))
    if tried is not None:
        return await _matches(request, view, session, tried)
    notice = _NOTICES.get(request.query_params.get("done", ""), "")
    return view.page("try.html", error="", notice=notice)


async def _matches(request: Request, view: View, session: Session, tried: Tried) -> Response:
    found = await recommendation.recommend_to_guest(
        session, request.app.state.matching, tried.person(), RecommendationQuery(limit=SHOWN)
    )
    return view.page(
        "try_matches.html",
        tried=tried,
        found=found,
        cards=[evidence.card(item) for item in found.results],
    )


@router.post("/", max_body_size=MAX_BODY)
async def try_resume(
    request: Request,
    view: Viewing,
    session: Session,
    user: OptionalPageUser,
    file: UploadFile | None = None,
) -> Response:
    """What the reader refuses is said beside the field, with its reason and what to do."""
    if user:
        return view.go("/onboarding")
    if file is None or not file.filename:
        return _refused(view, NO_FILE, 422)
    state = request.app.state
    try:
        token = await trials.begin(session, state.serving, await uploaded(file))
    except (InvalidInputError, PayloadTooLargeError) as error:
        return _refused(view, sentence(error.message), error.status)
    except MatchingUnavailableError as error:
        return _refused(view, LATER, error.status)
    old = token_of(request)
    if old:
        await trials.forget(session, old)
    return with_token(request, view.go("/try"), token)


def _refused(view: View, error: str, status: int) -> Response:
    return view.page("try.html", status, error=error)


@router.post("/forget/")
async def forget_trial(request: Request, view: Viewing, session: Session) -> Response:
    token = token_of(request)
    if token:
        await trials.forget(session, token)
    return with_token(request, view.go("/try?done=forgotten"), "")
