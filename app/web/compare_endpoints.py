"""Postings side by side, and why one of them does not stand higher."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.auth.access import PageUser, page_user
from app.db import Session, release
from app.errors import GoneError, InvalidInputError, MatchingUnavailableError, NotFoundError
from app.job import service as jobs
from app.job.schemas import JobDetail
from app.recommendation import repository
from app.recommendation.matching import Matching
from app.recommendation.schemas import Recommendation
from app.web import evidence
from app.web.forms import guard
from app.web.seeker_words import page
from app.web.view import Viewing
from serving.match_schemas import WhyNotResponse
from serving.schemas import ScoredJob, ScoreRequest, UserDocument, WhyNotRequest

router = APIRouter(prefix="/jobs", include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)])
FEWEST, MOST = 2, 4
#: A page of the feed: further down nobody looks.
PAGE = 10


@dataclass(frozen=True, slots=True)
class Side:
    """One posting of a comparison. `score` and `card` are None while the models do not answer."""

    job: JobDetail
    score: float | None
    card: evidence.Card | None


@router.get("/compare/")
async def compare_page(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """Two to four, named in the address. What is closed is left away, and said."""
    named = list(dict.fromkeys(request.query_params.getlist("job")))
    found, gone = await _postings(session, named[:MOST], user.user_id)
    scored, is_known = await _scored(request, session, user.user_id, list(found))
    sides = [_side(job, scored.get(key)) for key, job in found.items()]
    return page(
        view,
        "compare.html",
        sides=sides,
        gone=gone,
        too_many=len(named) > MOST,
        enough=len(sides) >= FEWEST,
        is_known=is_known,
        silent=bool(sides) and is_known and not scored,
    )


async def _postings(
    session: AsyncSession, named: list[str], user_id: int
) -> tuple[dict[int, JobDetail], int]:
    """(key -> posting, in the order named; how many are not there any more)."""
    found: dict[int, JobDetail] = {}
    for reference in named:
        try:
            job, _ = await jobs.read(session, reference, user_id)
        except (GoneError, NotFoundError):
            continue
        found[job.id] = await jobs.described(session, job)
    return found, len(named) - len(found)


async def _scored(
    request: Request, session: AsyncSession, user_id: int, keys: list[int]
) -> tuple[dict[int, ScoredJob], bool]:
    """(key -> what the models say, nothing when they do not answer; whether the profile says anything)."""
    person, _ = await repository.known(session, user_id)
    is_known = bool(person.desired_title or person.skills or person.resume_text)
    if not keys or not is_known:
        return {}, is_known
    await release(session)
    try:
        answer = await _hurried(request).score(ScoreRequest(user=person, job_ids=tuple(keys)))
    except (MatchingUnavailableError, InvalidInputError):
        return {}, is_known
    return {item.job_id: item for item in answer.items}, is_known


def _hurried(request: Request) -> Matching:
    """Waits no longer than a page does."""
    state = request.app.state
    return Matching(state.serving.within(state.settings.page_patience_s), state.matching.breaker)


def _side(job: JobDetail, item: ScoredJob | None) -> Side:
    if item is None:
        return Side(job, None, None)
    shown = Recommendation(job=job, rank=1, score=item.score, reasons=list(item.reasons), match=item.match)
    return Side(job, item.score, evidence.card(shown))


# -- why not -----------------------------------------------------------------------------------------------


@router.get("/{job}/why-not/")
async def why_not_page(
    job: str, request: Request, view: Viewing, user: PageUser, session: Session
) -> Response:
    """Where the posting is lost on its way to the first `above` places. Raises NotFoundError."""
    above = request.query_params.get("above", "")
    limit = min(max(int(above), 1), 100) if above.isdecimal() and len(above) < 4 else PAGE
    key = await jobs.any_id(session, job)
    shown = (await jobs.summaries(session, [key]))[key]
    person, exclude = await repository.known(session, user.user_id)
    await release(session)
    found = await _traced(request, person, key, exclude, limit)
    return page(view, "why_not.html", job=shown, found=found, limit=limit)


async def _traced(
    request: Request, person: UserDocument, key: int, exclude: list[int], limit: int
) -> WhyNotResponse | None:
    asked = WhyNotRequest(user=person, job_id=key, limit=limit, exclude=tuple(exclude))
    try:
        return await _hurried(request).why_not(asked)
    except (MatchingUnavailableError, InvalidInputError):
        return None
