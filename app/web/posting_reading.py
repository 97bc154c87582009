"""What models read of a posting, as its page shows it: each sentence leads to its place in the text.

All of it may be missing: the page does not wait for it, and is whole without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import Request
from markupsafe import Markup, escape
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidInputError, MatchingUnavailableError
from app.ingestion.normalize.gazetteer import fold
from app.job.schemas import JobDetail
from app.reading import service as reading
from app.reading.schemas import RequirementLine, Source, SourceField, SummaryLine
from app.resume import making
from app.user import service as users

FIELDS: tuple[SourceField, ...] = ("description", "requirements", "benefits")
#: Seconds: enough for what is stored, of which nobody is asked.
LEAST_S = 0.01


@dataclass(frozen=True, slots=True)
class Place:
    """Characters [start, end) of a text, under a name that links can lead to."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """`at` are the names of its places, the first is where it leads."""

    text: str
    at: list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """`skills`: (name, whether the reader has it; None for somebody we do not know that of)."""

    line: Line
    need: str
    skills: list[tuple[str, bool | None]]


@dataclass(slots=True)
class Reading:
    """`texts`: the posting's own, as HTML with the places marked in them."""

    summary: list[Line] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    texts: dict[str, Markup] = field(default_factory=dict)
    is_silent: bool = False


async def read(request: Request, session: AsyncSession, job: JobDetail, user_id: int | None) -> Reading:
    """Of an active posting what is stored, and what the models say in the time a page waits."""
    is_read = job.status == "active"
    summary, requirements, silent = await _asked_for(request, session, job) if is_read else ([], [], False)
    places: dict[SourceField, list[Place]] = {name: [] for name in FIELDS}
    found = Reading(is_silent=silent)
    for number, line in enumerate(summary, 1):
        found.summary.append(Line(line.text, _put(places, f"said-{number}", line.sources)))
    has = await _has(session, user_id, requirements)
    for need in requirements:
        at = _put(places, f"asked-{need.rank}", [need.source])
        skills = [(name, has.get(name)) for name in need.skills]
        found.asked.append(Asked(Line(need.text, at), need.need, skills))
    found.texts = {name: marked(getattr(job, name), places[name]) for name in FIELDS}
    return found


async def _asked_for(
    request: Request, session: AsyncSession, job: JobDetail
) -> tuple[list[SummaryLine], list[RequirementLine], bool]:
    """Summary, requirements, and whether one of them did not come. Both together wait no longer than one page
    does."""
    state, clock = request.app.state, asyncio.get_running_loop()
    end = clock.time() + state.settings.page_patience_s
    summary: list[SummaryLine] = []
    requirements: list[RequirementLine] = []
    silent = False
    try:
        serving = state.serving.within(state.settings.page_patience_s)
        summary = (await reading.summary(session, serving, str(job.id))).sentences
    except InvalidInputError:
        pass
    except MatchingUnavailableError:
        silent = True
    try:
        serving = state.serving.within(max(LEAST_S, end - clock.time()))
        requirements = (await reading.requirements(session, serving, str(job.id))).requirements
    except InvalidInputError:
        pass
    except MatchingUnavailableError:
        silent = True
    return summary, requirements, silent


def _put(places: dict[SourceField, list[Place]], name: str, sources: Sequence[Source]) -> list[str]:
    names = []
    for number, source in enumerate(sources, 1):
        names.append(name if number == 1 else f"{name}-{number}")
        places[source.field].append(Place(names[-1], source.start, source.end))
    return names


async def _has(
    session: AsyncSession, user_id: int | None, requirements: Sequence[RequirementLine]
) -> dict[str, bool]:
    """Skill asked for -> whether the profile has it, under any name. Empty for who has stated none."""
    profile = await users.profile(session, user_id) if user_id else None
    if not profile or not profile.skills:
        return {}
    own = {fold(name) for name in profile.skills}
    wanted = {name for line in requirements for name in line.skills}
    others = await making.other_names(session, wanted)
    return {name: bool(own & {fold(name), *others[name]}) for name in wanted}


def marked(text: str, places: Sequence[Place]) -> Markup:
    """The text as HTML with a named element around each place. Where two overlap, the later one ends with the
    earlier: elements only nest."""
    made: list[Markup] = []
    open_: list[int] = []
    at = 0

    def write(until: int) -> None:
        nonlocal at
        made.append(escape(text[at:until]))
        at = max(at, until)

    def close(until: int) -> None:
        while open_ and open_[-1] <= until:
            write(open_.pop())
            made.append(Markup("</span>"))

    for place in sorted(places, key=lambda place: (place.start, -place.end)):
        close(place.start)
        write(place.start)
        open_.append(min(place.end, open_[-1] if open_ else len(text)))
        made.append(Markup('<span class="source" id="{}">').format(place.name))
    close(len(text))
    write(len(text))
    return Markup("").join(made)
