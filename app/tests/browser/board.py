"""What is on the board the browser looks at: postings of every state, made through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from app.search import follow
from app.search.tantivy_index import TantivyIndex
from app.tests.crowd import employer
from app.tests.people import People, Person, post_job

PYTHON = {
    "description": "You build the services behind our timetable.\n\nWe review each other's work every day.",
    "requirements": "Three years with Python.\nSome SQL.",
    "benefits": "Five weeks of leave.",
    "location": "Oslo, Norway",
    "job_type": "full-time",
    "salary_min": 70_000,
    "salary_max": 90_000,
    "salary_currency": "EUR",
    "skills": ["Python", "SQL", "PostgreSQL", "Continuous integration", "Code review"],
}
#: What no layout likes: one endless word, and a title of several lines.
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@dataclass(frozen=True, slots=True)
class Board:
    url: str
    app: FastAPI
    client: httpx.AsyncClient
    people: People
    open: list[dict[str, Any]]
    external: dict[str, Any]
    closed: dict[str, Any]
    long: dict[str, Any]

    async def seeker(self, **profile: Any) -> Person:
        return await self.people.seeker(**profile)

    async def busy_seeker(self) -> Person:
        """Somebody whose every page has something on it."""
        person = await self.seeker(
            full_name="Ada Example", desired_title="Python developer", skills=["Python", "SQL"]
        )
        for job in (self.open[0], self.open[1], self.long):
            await person.post(f"/api/v1/jobs/{job['id']}/save/")
        for job in (self.open[0], self.external, self.long):
            await person.post(f"/api/v1/jobs/{job['id']}/apply/", json={"cover_letter": "Here I am."})
        sent = (await person.get("/api/v1/applications/")).json()["results"]
        await person.post(f"/api/v1/applications/{sent[0]['id']}/withdraw/")
        return person


async def fill(app: FastAPI, client: httpx.AsyncClient, index: Path, url: str) -> Board:
    member, company = await employer(app, client)
    posted = [
        job
        async for job in _post(
            member,
            company,
            *[{"title": f"Python Developer {number}", "remote": "remote"} for number in range(1, 7)],
            {"title": "Timetable clerk", "external_application_url": "https://example.org/apply"},
            {"title": "Python Developer of last year"},
            {"title": f"{LONG}, {LONG.lower()} and a deputy", "skills": [LONG, "Python"], "location": LONG},
        )
    ]
    *open_, external, closed, long = posted
    await member.post(f"/api/v1/jobs/{closed['id']}/close/")
    await follow.rebuild(app.state.database, TantivyIndex(index))
    return Board(url, app, client, People(client), open_, external, closed, long)


async def _post(member: Person, company: str, *postings: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    for fields in postings:
        yield await post_job(member, company, **(PYTHON | fields))
