"""The first steps of an account: a resume, what was read from it, what is looked for.

Which step comes next follows from what is stored, so whoever leaves comes back to where they were; each step
can be skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Depends, Request, UploadFile
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.auth.access import PageUser, page_user
from app.db import Session
from app.errors import (
    AppError,
    ConflictError,
    InvalidInputError,
    MatchingUnavailableError,
    PayloadTooLargeError,
    QuotaExceededError,
)
from app.kit.clock import utcnow
from app.kit.pagination import Paging
from app.resume import experience, reading, service
from app.resume.document import Document
from app.resume.reading_endpoints import MAX_BODY, uploaded
from app.resume.reading_schemas import ResumeSkillsAnswer
from app.resume.schemas import ResumeAnswer, ResumePatch
from app.user import service as users
from app.user.schemas import ProfileAnswer
from app.web.admin_forms import sentence, texts
from app.web.feed_endpoints import is_known
from app.web.forms import complaints, guard
from app.web.resume_endpoints import ANY, LATER, NO_FILE, found_skills, free_name
from app.web.seeker_words import page
from app.web.settings_endpoints import PROFILE_WORDS, patch_of, stored
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/onboarding", include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)]
)
STEPS = (("resume", "Your resume"), ("confirm", "What was read"), ("preferences", "What you look for"))
#: Below this the reader was not sure, and the page says so.
SURE = 0.75
NOTICES = {
    "kept": "What you tried without an account is kept: it is your resume now.",
    "read": "Your resume was read.",
}


@dataclass(frozen=True, slots=True)
class Read:
    """One value out of the file. `sure` is None for what was not read but follows from other values."""

    name: str
    label: str
    value: str
    sure: float | None = None
    hint: str = ""


@router.get("/")
async def onboarding(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """To the first step that is not done."""
    profile = await users.profile(session, user.user_id)
    has_resume = await _resume(session, user.user_id) is not None
    done = request.query_params.get("done", "")
    notice = f"?done={done}" if done in NOTICES else ""
    if done == "kept":
        return view.go(f"/onboarding/confirm{notice}")
    if not has_resume and not is_known(profile):
        return view.go("/onboarding/resume")
    if has_resume and not is_known(profile):
        return view.go("/onboarding/confirm")
    return view.go("/onboarding/preferences" if profile.remote == "unspecified" else "/feed")


async def _resume(session: AsyncSession, user_id: int) -> ResumeAnswer | None:
    """The default one."""
    _, first = await service.page(session, user_id, Paging(limit=1), None)
    return await service.read(session, user_id, first[0].id) if first else None


# -- the resume --------------------------------------------------------------------------------------------


@router.get("/resume/")
async def resume_step(view: Viewing, user: PageUser, session: Session) -> Response:
    return _resume_form(view, await _resume(session, user.user_id))


def _resume_form(view: View, resume: ResumeAnswer | None, error: str = "", status: int = 200) -> Response:
    return page(
        view, "onboarding_resume.html", status, steps=STEPS, step="resume", resume=resume, error=error
    )


@router.post("/resume/", max_body_size=MAX_BODY)
async def read_resume(
    request: Request, view: Viewing, user: PageUser, session: Session, file: UploadFile | None = None
) -> Response:
    """As the import of a resume; what the reader refuses is said beside the field."""
    if file is None or not file.filename:
        return _resume_form(view, None, NO_FILE, 422)
    state = request.app.state
    name = await free_name(session, user.user_id, PurePath(file.filename).stem)
    try:
        made = await reading.import_file(
            session, state.serving, user.user_id, await uploaded(file), name, state.settings.max_resumes
        )
        await service.change(session, user.user_id, made.id, ResumePatch(is_default=True), ANY)
    except (InvalidInputError, PayloadTooLargeError, QuotaExceededError, ConflictError) as error:
        return _resume_form(view, None, sentence(error.message), error.status)
    except MatchingUnavailableError as error:
        return _resume_form(view, None, LATER, error.status)
    return view.go("/onboarding/confirm?done=read")


# -- what was read -----------------------------------------------------------------------------------------


@router.get("/confirm/")
async def confirm_step(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    resume = await _resume(session, user.user_id)
    if resume is None:
        return view.go("/onboarding/resume")
    profile = await users.profile(session, user.user_id)
    notice = NOTICES.get(request.query_params.get("done", ""), "")
    skills = await found_skills(request, session, user.user_id, resume.id)
    return _confirm_form(view, resume, _read(resume.document, profile), skills, profile, notice=notice)


def _confirm_form(
    view: View,
    resume: ResumeAnswer,
    fields: list[Read],
    skills: ResumeSkillsAnswer | None,
    profile: ProfileAnswer,
    *,
    errors: dict[str, str] | None = None,
    notice: str = "",
) -> Response:
    named = list(dict.fromkeys([*profile.skills, *(skills.skills if skills else [])]))
    return page(
        view,
        "onboarding_confirm.html",
        422 if errors else 200,
        steps=STEPS,
        step="confirm",
        resume=resume,
        fields=fields,
        skills=named,
        evidence=_words_of(skills),
        are_read=skills is not None,
        sure=SURE,
        errors=errors or {},
        notice=notice,
    )


def _words_of(skills: ResumeSkillsAnswer | None) -> dict[str, str]:
    """Skill -> the words that show it."""
    found: dict[str, str] = {}
    for row in skills.evidence if skills else ():
        found.setdefault(row.label, row.surface)
    return found


def _read(document: Document, profile: ProfileAnswer) -> list[Read]:
    """What the profile has already stays; the rest is as the file says it."""
    basics, seen = document.basics, document.x_jobpilot.fields
    sure = {path: found.confidence for path, found in seen.items()}
    title, path = basics.label, "/basics/label"
    if not title:
        place = next((i for i, item in enumerate(document.work) if item.position), None)
        if place is not None:
            title, path = document.work[place].position, f"/work/{place}/position"
    town = ", ".join(part for part in (basics.location.city, basics.location.region) if part)
    years = experience.years(document.work, utcnow().date())
    counted = "" if years is None else f"{min(years, 70):g}"
    return [
        Read("full_name", "Name", profile.full_name or basics.name[:200], sure.get("/basics/name")),
        Read("desired_title", "Your work", profile.desired_title or title[:300], sure.get(path)),
        Read("location", "Where you are", profile.location or town[:100], sure.get("/basics/location/city")),
        Read(
            "experience_years",
            "Years of experience",
            f"{profile.experience_years:g}" if profile.experience_years is not None else counted,
            None,
            "Counted from the periods of your positions; those that overlap count once.",
        ),
    ]


@router.post("/confirm/")
async def confirm_read(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """What was left ticked and typed is the profile from now on."""
    resume = await _resume(session, user.user_id)
    if resume is None:
        return view.go("/onboarding/resume")
    form, sent = await request.form(), await texts(request)
    ticked = [str(name) for name in form.getlist("skill")]
    values = {name: sent.get(name, "") for name in ("full_name", "desired_title", "location")}
    values |= {"experience_years": sent.get("experience_years", "")}
    values |= {"skills": ", ".join([*ticked, sent.get("more_skills", "")])}
    try:
        async with session.begin_nested():
            await users.change(session, user.user_id, patch_of(values))
    except ValidationError as error:
        profile = await users.profile(session, user.user_id)
        fields = [
            Read(item.name, item.label, values[item.name], item.sure, item.hint)
            for item in _read(resume.document, profile)
        ]
        skills = await found_skills(request, session, user.user_id, resume.id)
        errors = complaints(error, PROFILE_WORDS)
        return _confirm_form(view, resume, fields, skills, profile, errors=errors)
    return view.go("/onboarding/preferences")


# -- what is looked for ------------------------------------------------------------------------------------


@router.get("/preferences/")
async def preferences_step(view: Viewing, user: PageUser, session: Session) -> Response:
    return _preferences(view, stored(await users.profile(session, user.user_id)), {})


def _preferences(view: View, values: dict[str, Any], errors: dict[str, str]) -> Response:
    context = {"values": values, "errors": errors, "steps": STEPS, "step": "preferences"}
    return page(view, "onboarding_preferences.html", 422 if errors else 200, **context)


@router.post("/preferences/")
async def keep_preferences(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    form = await request.form()
    values = {**await texts(request), "job_types": [str(kind) for kind in form.getlist("job_types")]}
    try:
        async with session.begin_nested():
            await users.change(session, user.user_id, patch_of(values))
    except ValidationError as error:
        shown = stored(await users.profile(session, user.user_id)) | values
        return _preferences(view, shown, complaints(error, PROFILE_WORDS))
    except AppError as error:
        shown = stored(await users.profile(session, user.user_id)) | values
        return _preferences(view, shown, {"": sentence(error.message)})
    return view.go("/feed?done=ready")
