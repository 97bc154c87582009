"""The feed: what is recommended, why, and what a seeker does about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import QueryParams
from starlette.responses import Response

from app.auth.access import PageUser, page_user
from app.db import Session
from app.errors import AppError
from app.recommendation import hiding
from app.recommendation import service as recommendation
from app.recommendation.schemas import RecommendationQuery, RecommendationsAnswer
from app.search import service as search
from app.search.schemas import JobQuery, Relaxation
from app.user import service as users
from app.user.schemas import ProfileAnswer
from app.web import evidence, repository, seeker_words
from app.web.forms import complaints, guard, safe_next
from app.web.seeker_words import page
from app.web.view import Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)])
PER_PAGE = 10
#: Skills offered to who has said nothing yet, and how many are asked for.
OFFERED, ENOUGH = 24, 5
FEED = "/feed"
LISTS = ("remote", "job_type")
Text = Annotated[str, Form(max_length=4000)]
WORDS = {
    "salary_min": "The lowest pay is a number, without signs or commas.",
    "near": "A place has 200 characters at most.",
    "remote": "There is no such remote option.",
    "job_type": "There is no such type of job.",
}
NAMES = {
    "remote": "remote or on site",
    "job_type": "the type of job",
    "near": "the place",
    "salary_min": "the pay",
}
#: The same conditions, as a search names them.
_OF_SEARCH = {"location": "near", "remote": "remote", "job_type": "job_type", "salary_min": "salary_min"}
#: What a form that led here did; the address names it, so only these words can be shown.
NOTICES = {
    "hidden": "Hidden. It will not be shown again.",
    "company": "Hidden, with all of this company. Settings, Privacy lists the companies you hide.",
    "kept": "Your resume and what was read from it are in your account now.",
    "ready": "Your profile is set up. This is what fits.",
    "skills": "Your skills are on your profile now.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The conditions in an address. What cannot be understood is named in `errors` and left away."""

    query: RecommendationQuery
    values: dict[str, Any]
    errors: dict[str, str]

    @property
    def narrows(self) -> bool:
        return bool({name for name, value in self.values.items() if value} & NAMES.keys())

    def url(self, **changes: str) -> str:
        """The same with these changed; "" leaves a condition away."""
        again = {"new": "yes"} if self.query.exclude_seen else {}
        kept = {**self.values, **again, **changes}
        pairs = [(name, value) for name, value in kept.items() if value]
        return FEED + ("?" + urlencode(pairs, doseq=True) if pairs else "")


def read(parameters: QueryParams) -> Asked:
    values: dict[str, Any] = {name: parameters.getlist(name) for name in LISTS}
    values |= {name: parameters.get(name, "").strip() for name in ("near", "salary_min")}
    given = {name: value for name, value in values.items() if value}
    shared = {"limit": PER_PAGE, "exclude_seen": parameters.get("new") == "yes"}
    try:
        return Asked(RecommendationQuery.model_validate(given | shared), values, {})
    except ValidationError as error:
        errors = complaints(error, WORDS)
        kept = {name: value for name, value in given.items() if name not in errors}
        return Asked(RecommendationQuery.model_validate(kept | shared), kept, errors)


@router.get("/feed/")
async def feed_page(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """Ten at a time. "More" leaves out what was shown before; each page is logged as shown."""
    asked = read(request.query_params)
    profile = await users.profile(session, user.user_id)
    found = await recommendation.recommend(session, request.app.state.matching, user.user_id, asked.query)
    shown = [item.job.id for item in found.results]
    return page(
        view,
        "feed.html",
        422 if asked.errors else 200,
        asked=asked,
        found=found,
        cards=[evidence.card(item) for item in found.results],
        is_known=is_known(profile),
        saved=await repository.kept(session, user.user_id, shown),
        relax=await _relax(request, session, asked, found),
        skills=[] if is_known(profile) else await common_skills(request, session, found),
        enough=ENOUGH,
        notice=NOTICES.get(request.query_params.get("done", ""), ""),
    )


def is_known(profile: ProfileAnswer) -> bool:
    """Whether there is something to match by."""
    return bool(profile.desired_title or profile.skills or profile.resume_text)


async def _relax(
    request: Request, session: AsyncSession, asked: Asked, found: RecommendationsAnswer
) -> list[tuple[str, str]]:
    """(address, words) of each condition without which there would be postings; the search counts them."""
    if found.results or not asked.narrows:
        return []
    query = asked.query
    given = {"remote": query.remote, "job_type": query.job_type, "location": query.near}
    wanted = JobQuery.model_validate(
        {**given, "salary_min": int(query.salary_min) if query.salary_min else None, "limit": 1}
    )
    state = request.app.state
    answer = await search.search(session, state.search, state.matching, None, wanted)
    known = [item for item in answer.advice.relax if item.drop in _OF_SEARCH]
    return [(asked.url(**{_OF_SEARCH[item.drop]: ""}), _words(item)) for item in known]


def _words(advice: Relaxation) -> str:
    postings = "1 posting" if advice.total_count == 1 else f"{advice.total_count:,} postings"
    return f"Without {NAMES[_OF_SEARCH[advice.drop]]}: {postings}"


async def common_skills(request: Request, session: AsyncSession, found: RecommendationsAnswer) -> list[str]:
    """Skills that open postings ask for most; none while the index is away. The index counts them in small
    letters, so their names are taken from the postings on the page, where those have them."""
    state = request.app.state
    query = JobQuery(limit=1, facets=("skills",))
    answer = await search.search(session, state.search, state.matching, None, query)
    named = await search.labelled(session, answer.facets)
    written = {name.lower(): name for item in found.results for name in item.job.skills}
    return [written.get(item.label, item.label) for item in named.get("skills", ())[:OFFERED]]


@router.post("/feed/skills/")
async def pick_skills(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """A profile from a few ticks: enough to begin with."""
    form = await request.form()
    ticked = [value for value in form.getlist("skills") if isinstance(value, str)]
    typed = str(form.get("others", "")).split(",")
    names = [name.strip() for name in (*ticked, *typed) if 0 < len(name.strip()) <= 100]
    if not names:
        return view.go(FEED)
    try:
        await users.complete(session, user.user_id, skills=names[:50])
    except (ValidationError, AppError):
        return view.go(FEED)
    return view.go(f"{FEED}?done=skills")


@router.post("/jobs/{job}/hide/")
async def hide_posting(
    job: str, view: Viewing, user: PageUser, session: Session, reason: Text = "", back: Text = ""
) -> Response:
    """Raises NotFoundError. An unknown reason is none."""
    known = reason if reason in seeker_words.HIDE else ""
    await hiding.hide(session, user.user_id, job, known)  # type: ignore[arg-type]  # a key of HIDE is a reason
    target = safe_next(back, FEED)
    joint = "&" if "?" in target else "?"
    return view.go(f"{target}{joint}done={'company' if known == 'company' else 'hidden'}")
