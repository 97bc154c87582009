"""What a resume says, taken into the profile: shown first, added when its owner says so."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.auth.access import PageUser, page_user
from app.db import Session
from app.errors import AppError, MatchingUnavailableError
from app.kit.clock import utcnow
from app.resume import experience, reading, service
from app.resume.schemas import ResumeAnswer
from app.user import service as users
from app.user.schemas import MAX_SKILLS, ProfilePatch
from app.web.forms import guard
from app.web.resume_endpoints import page
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/resumes/{resume}/use",
    include_in_schema=False,
    dependencies=[Depends(page_user), Depends(guard)],
)
#: Years the profile can hold.
MOST_YEARS = 70.0


@dataclass(frozen=True, slots=True)
class Offer:
    """What the profile does not have yet. `skills` is None when the models do not answer."""

    skills: list[str] | None
    desired_title: str
    experience_years: float | None

    @property
    def is_empty(self) -> bool:
        return not self.skills and not self.desired_title and self.experience_years is None


@router.get("/")
async def use_resume_page(
    resume: uuid.UUID, request: Request, view: Viewing, user: PageUser, session: Session
) -> Response:
    """Raises NotFoundError."""
    found = await service.read(session, user.user_id, resume)
    return page(view, "resume_use.html", resume=found, offer=await _offer(request, session, user, found))


async def _offer(request: Request, session: AsyncSession, user: PageUser, resume: ResumeAnswer) -> Offer:
    profile = await users.profile(session, user.user_id)
    skills = await _skills(request, session, user.user_id, resume.id)
    known = {name.casefold() for name in profile.skills}
    new = None if skills is None else [name for name in skills if name.casefold() not in known]
    return Offer(
        skills=new[:MAX_SKILLS] if new else new,
        desired_title="" if profile.desired_title else _title(resume),
        experience_years=_years(resume) if profile.experience_years is None else None,
    )


def _title(resume: ResumeAnswer) -> str:
    """As the person calls their work: the headline, or else what they do now."""
    work = resume.document.work
    return resume.document.basics.label or next((item.position for item in work if item.position), "")


def _years(resume: ResumeAnswer) -> float | None:
    found = experience.years(resume.document.work, utcnow().date())
    return None if found is None else min(found, MOST_YEARS)


async def _skills(
    request: Request, session: AsyncSession, user_id: int, resume: uuid.UUID
) -> list[str] | None:
    try:
        return (await reading.skills(session, request.app.state.serving, user_id, resume)).skills
    except MatchingUnavailableError:
        return None
    except AppError as error:
        if error.status != 422:
            raise
        return []


@router.post("/")
async def use_resume(
    resume: uuid.UUID, request: Request, view: Viewing, user: PageUser, session: Session
) -> Response:
    """Adds what was left ticked. Raises NotFoundError."""
    found = await service.read(session, user.user_id, resume)
    form = await request.form()
    skills = [value for value in form.getlist("skills") if isinstance(value, str)]
    try:
        asked = ProfilePatch(skills=tuple(skills), desired_title=_title(found))
    except ValidationError:
        return _again(view, found)
    added = await users.complete(
        session,
        user.user_id,
        skills=asked.skills or (),
        desired_title=asked.desired_title or "" if form.get("desired_title") else "",
        experience_years=_years(found) if form.get("experience_years") else None,
    )
    return page(view, "resume_used.html", resume=found, added=added)


def _again(view: View, found: ResumeAnswer) -> Response:
    return view.go(f"/resumes/{found.id}/use/")
