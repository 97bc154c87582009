"""What the home page says of itself, counted and computed now and then: never written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.job.schemas import SIMULATED, JobSummary
from app.kit.cache import TtlCache
from app.web import labels, match, repository
from app.web.match import Seen
from serving.schemas import UserDocument

#: Seconds that counts and an example are shown; while the model is silent it is asked again sooner.
BOARD_S, EXAMPLE_S, SILENT_S = 60.0, 60.0, 5.0
#: Skills a posting must name to be an example. The person has all but the last of them, at most so many.
NAMES, HAS = 4, 5


@dataclass(frozen=True, slots=True)
class Board:
    """`sources`: (name, open postings), largest first; `verified`: when one was last found to be open."""

    open: int
    sources: list[tuple[str, int]]
    verified: datetime | None
    simulated: int


async def board(session: AsyncSession, cache: TtlCache[object]) -> Board:
    known = cache.get("home-board")
    if isinstance(known, Board):
        return known
    rows = await repository.by_source(session)
    made = Board(
        open=sum(row.postings for row in rows),
        sources=[(labels.choice(labels.SOURCES, row.source), row.postings) for row in rows],
        verified=max((row.verified for row in rows if row.verified), default=None),
        simulated=sum(row.postings for row in rows if row.source == SIMULATED),
    )
    cache.put("home-board", made, BOARD_S)
    return made


@dataclass(frozen=True, slots=True)
class Example:
    """A posting that is open, and what the model says of it to a person made from its own words."""

    job: JobSummary
    person: UserDocument
    seen: Seen


async def example(
    request: Request, session: AsyncSession, jobs: Sequence[tuple[int, JobSummary]]
) -> Example | None:
    """Of one of these (key, posting). None while the model is silent, or no posting says enough."""
    cache: TtlCache[object] = request.app.state.cache
    known = cache.get("home-example")
    if isinstance(known, Example) and known.job.id in {job.id for _, job in jobs}:
        return known
    telling = next(((key, job) for key, job in jobs if len(job.skills) >= NAMES and job.location), None)
    if telling is None or cache.get("home-silent"):
        return None
    key, job = telling
    person = UserDocument(
        user_id=0,
        desired_title=job.title,
        skills=tuple(job.skills[:-1][:HAS]),
        location=job.location,
        remote=job.remote,
    )
    seen = await match.ask(request, session, key, person)
    if seen.state != "scored" or not seen.evidence:
        cache.put("home-silent", True, SILENT_S)
        return None
    made = Example(job, person, seen)
    cache.put("home-example", made, EXAMPLE_S)
    return made
