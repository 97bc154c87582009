"""Query parameters -> what an engine is asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from app.search import places, query
from app.search.currency import annual_dollars
from app.search.engine import Clause, Filters, Place
from app.search.schemas import JobFilters
from app.search.synonyms import synonyms

#: Parameters that narrow a search, by the field of `Filters` that carries them.
NARROWING = {
    "location": "place",
    "job_type": "job_types",
    "remote": "remote",
    "salary_min": "salary_min",
    "salary_max": "salary_max",
    "skills": "skills",
    "company": "company",
    "posted_after": "posted_after",
}


def clauses_of(text: str) -> tuple[Clause, ...]:
    return synonyms().expand(query.parse(text))


async def filters_of(asked: JobFilters) -> Filters:
    return Filters(
        place=await _place(asked.location, asked.radius_km) if asked.location else None,
        job_types=tuple(asked.job_type),
        remote=tuple(asked.remote),
        salary_min=annual_dollars(asked.salary_min, asked.currency, asked.salary_interval),
        salary_max=annual_dollars(asked.salary_max, asked.currency, asked.salary_interval),
        skills=tuple(dict.fromkeys(skill.lower() for skill in asked.skills)),
        company=asked.company,
        posted_after=int(asked.posted_after.timestamp()) if asked.posted_after else None,
    )


async def _place(text: str, radius_km: float) -> Place:
    """In a thread: the first of a process reads the tables of places."""
    return await asyncio.to_thread(places.near, text, radius_km)


def without(filters: Filters, parameter: str) -> Filters:
    name = NARROWING[parameter]
    return replace(filters, **{name: getattr(Filters(), name)})


def set_in(filters: Filters) -> list[str]:
    """The parameters that narrow, in the order in which they are worth giving up."""
    empty = Filters()
    return [
        parameter for parameter, name in NARROWING.items() if getattr(filters, name) != getattr(empty, name)
    ]
