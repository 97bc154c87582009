"""Raise my match: which changes would raise a seeker's fit, by how much, and for how many postings more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.application import service as applications
from app.auth.access import PageUser, page_user
from app.db import Session
from app.errors import AppError, NotFoundError
from app.job import service as jobs
from app.job.schemas import JobSummary
from app.kit.pagination import Paging
from app.recommendation import raising
from app.user import service as users
from app.web.forms import guard
from app.web.seeker_words import page
from app.web.view import Viewing

router = APIRouter(prefix="/lab", include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)])
MOST = 8
Text = Annotated[str, Form(max_length=300)]
NOTICES = {"added": "It is on your profile. The figures below are with it."}


@router.get("/")
async def lab_page(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    """For the postings named in the address, or for the best of the feed."""
    named = request.query_params.getlist("job")[:MOST]
    keys = [key for key in [await _key(session, name) for name in named] if key is not None]
    _, saved = await applications.saved(session, user.user_id, Paging(limit=MOST))
    found = await raising.raising(session, request.app.state.matching, user.user_id, keys)
    return page(
        view,
        "lab.html",
        found=found,
        chosen=set(named),
        saved=[JobSummary.of(row.job) for row in saved if row.job.status == "active"],
        notice=NOTICES.get(request.query_params.get("done", ""), ""),
    )


async def _key(session: AsyncSession, reference: str) -> int | None:
    try:
        return await jobs.any_id(session, reference)
    except NotFoundError:
        return None


@router.post("/skills/")
async def add_skill(view: Viewing, user: PageUser, session: Session, skill: Text = "") -> Response:
    """For who has it already and did not say so. Nothing else is changed."""
    name = skill.strip()
    if not 0 < len(name) <= 100:
        return view.go("/lab")
    try:
        await users.complete(session, user.user_id, skills=(name,))
    except (ValidationError, AppError):
        return view.go("/lab")
    return view.go("/lab?done=added")
