"""The home page: a search box, a box for a resume, and that there is something to find."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.db import Session
from app.search import service as search
from app.search.schemas import FoundJob, JobQuery
from app.web import facts
from app.web.forms import guard
from app.web.view import Viewing

router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
NEWEST = 6
#: Looked at to find one that shows well what evidence is.
LOOKED_AT = 20


@router.get("/")
async def home(request: Request, view: Viewing, session: Session) -> Response:
    state = request.app.state
    query = JobQuery(sort="date", limit=LOOKED_AT)
    found = await search.search(session, state.search, state.matching, None, query)
    jobs = [(row.id, FoundJob.of_row(row)) for row in found.rows]
    example = await facts.example(request, session, jobs)
    others = [job for _, job in jobs if example is None or job.id != example.job.id]
    board = await facts.board(session, state.cache)
    return view.page("home.html", newest=others[:NEWEST], board=board, example=example)
