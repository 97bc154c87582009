"""What JobPilot says of itself: how it scores and how well, what it costs, how programs use it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.db import Session
from app.web import examples, facts, release
from app.web.forms import guard
from app.web.view import Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])


@router.get("/trust/")
async def trust(request: Request, view: Viewing, session: Session) -> Response:
    """With the figures that the serving layer's release passed its gates with; without an answer, none."""
    state = request.app.state
    board = await facts.board(session, state.cache)
    return view.page("trust.html", model=await release.live(state.serving, state.cache), board=board)


@router.get("/pricing/")
async def pricing(request: Request, view: Viewing) -> Response:
    settings = request.app.state.settings
    limits = (
        ("Saved postings", settings.max_saved_jobs, ""),
        ("Applications", settings.max_applications_per_day, "a day"),
        ("Saved searches with alerts", settings.max_saved_searches, ""),
        ("Resumes", settings.max_resumes, ""),
        ("Downloads of a resume", settings.max_resume_downloads_per_day, "a day"),
    )
    return view.page("pricing.html", limits=limits)


@router.get("/developers/")
async def developers(request: Request, view: Viewing) -> Response:
    address = request.app.state.settings.public_api_url.rstrip("/")
    return view.page("developers.html", api=f"{address}/api", examples=examples.at(f"{address}/api"))
