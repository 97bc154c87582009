"""Saved searches and the alerts they give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.main import create_app
from app.search import alerts, follow
from app.search.provider import Search
from app.search.tantivy_index import TantivyIndex
from app.tests.conftest import client_of, settings_for
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

SAVED, ALERTS = "/api/v1/saved-searches/", "/api/v1/alerts/"


@dataclass
class World:
    app: FastAPI
    database: Database
    index: TantivyIndex
    people: People

    async def sql(self, statement: str, **values: Any) -> Any:
        async with self.database.transaction() as session:
            result = await session.execute(text(statement), values)
            return result.scalars().all() if result.returns_rows else None

    async def follow(self) -> None:
        name = await self.index.live()
        assert name is not None
        await follow.update(self.database, self.index, name)

    async def alert(self) -> int:
        search: Search = self.app.state.search
        return await alerts.alert_all(self.database, search)


@pytest.fixture(scope="module")
async def world(database_url: URL, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    root = Path(tmp_path_factory.mktemp("search"))
    app = create_app(settings_for(database_url, search_url=f"tantivy:{root}", max_saved_searches=5))
    database = Database(database_url)
    index = TantivyIndex(root)
    async with app.router.lifespan_context(app), client_of(app) as client:
        await follow.rebuild(database, index)
        yield World(app, database, index, People(client))
    await index.close()
    await database.close()


@pytest.fixture(scope="module")
async def client(world: World) -> httpx.AsyncClient:
    return world.people.client


@pytest.fixture(scope="module")
async def employer(world: World) -> tuple[Person, str]:
    return await world.people.employer()


async def keep(person: Person, name: str = "Mine", **query: Any) -> dict[str, Any]:
    made = await person.post(SAVED, json={"name": name, "query": query or {"q": "python"}})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def alerted(person: Person, query: str = "") -> list[str]:
    answer = await person.get(f"{ALERTS}?{query}")
    assert answer.status_code == 200, answer.text
    return [item["job"]["title"] for item in answer.json()["results"]]


async def test_a_search_is_saved_read_changed_and_removed(world: World) -> None:
    """S-150."""
    person = await world.people.seeker()
    query = {
        "q": "nurse",
        "location": "Oslo",
        "job_type": ["part-time"],
        "posted_after": "2026-01-01T00:00:00Z",
    }
    made = await keep(person, "Nights", **query)
    assert made["query"] | query == made["query"]
    path = f"{SAVED}{made['id']}/"
    assert (await person.get(path)).json() == made
    assert (await person.get(SAVED)).json()["results"] == [made]
    changed = (await person.patch(path, json={"name": "Days", "alerts": False})).json()
    assert (changed["name"], changed["alerts"], changed["query"]) == ("Days", False, made["query"])
    changed = (await person.patch(path, json={"query": {"skills": ["Python"]}})).json()
    assert (changed["query"]["q"], changed["query"]["skills"]) == ("", ["Python"])
    assert (await person.call("DELETE", path)).status_code == 204
    is_problem(await person.get(path), 404, "not-found")
    assert (await person.get(SAVED)).json()["results"] == []


async def test_only_the_owner_sees_a_saved_search(world: World, client: httpx.AsyncClient) -> None:
    person, other = await world.people.seeker(), await world.people.seeker()
    path = f"{SAVED}{(await keep(person))['id']}/"
    for method in ("GET", "PATCH", "DELETE"):
        body = {"json": {"name": "Theirs"}} if method == "PATCH" else {}
        is_problem(await other.call(method, path, **body), 404, "not-found")
        is_problem(await client.request(method, path, **body), 401, "not-authenticated")
    assert (await other.get(SAVED)).json()["results"] == []
    assert (await person.get(path)).json()["name"] == "Mine"


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "query": {"q": "x"}},
        {"name": " ", "query": {"q": "x"}},
        {"name": "x" * 101, "query": {"q": "x"}},
        {"name": "x", "query": {}},
        {"name": "x", "query": {"q": "***"}},
        {"name": "x", "query": {"sort": "date", "radius_km": 3}},
        {"name": "x", "query": {"q": "y" * 301}},
        {"name": "x", "query": {"q": "y", "page": 2}},
        {"name": "x", "query": {"q": "y", "user_id": 1}},
        {"name": "x"},
    ],
)
async def test_what_cannot_be_saved(body: dict[str, Any], world: World, employer: tuple[Person, str]) -> None:
    is_problem(await employer[0].post(SAVED, json=body), 422, "invalid-input")


async def test_names_are_unique_and_the_limit_holds_under_parallel_saves(world: World) -> None:
    person = await world.people.seeker()
    await keep(person, "One")
    is_problem(await person.post(SAVED, json={"name": "One", "query": {"q": "x"}}), 409, "conflict")
    bodies = [{"name": f"Search {number}", "query": {"q": "x"}} for number in range(12)]
    answers = await asyncio.gather(*(person.post(SAVED, json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [403] * 8
    assert len((await person.get(SAVED)).json()["results"]) == 5


async def test_new_postings_give_alerts_once(world: World, employer: tuple[Person, str]) -> None:
    """Synonyms and places count; what was there before the search, or is a draft or closed, does not."""
    await post_job(*employer, title="Old Glassblower", location="Berlin, Germany")
    seeker = await world.people.seeker()
    await keep(seeker, "Glass", q="glassblower", location="Potsdam", radius_km=60)
    await keep(seeker, "Berlin", location="Berlin")
    await keep(seeker, "JS", q="js")
    await post_job(*employer, title="New Glassblower", location="Berlin, Germany")
    await post_job(*employer, title="JavaScript Artist", location="Oslo, Norway")
    await post_job(*employer, title="Draft Glassblower", location="Berlin, Germany", status="draft")
    closed = await post_job(*employer, title="Closed Glassblower", location="Berlin, Germany")
    await employer[0].post(f"/api/v1/jobs/{closed['id']}/close/")
    assert await world.alert() == 0  # the index has not seen them: they wait
    await world.follow()
    assert await world.alert() == 2
    assert set(await alerted(seeker)) == {"New Glassblower", "JavaScript Artist"}
    assert await world.alert() == 0
    assert await world.sql("SELECT id FROM alert_candidate") == []


async def test_a_repeated_run_adds_nothing(world: World, employer: tuple[Person, str]) -> None:
    seeker = await world.people.seeker()
    await keep(seeker, q="thatcher")
    await post_job(*employer, title="Thatcher")
    await world.follow()
    noted = await world.sql("SELECT job_id FROM alert_candidate")
    assert await world.alert() == 1
    for job_id in noted:  # as if the run had died before it forgot them
        await world.sql("INSERT INTO alert_candidate (job_id) VALUES (:id)", id=job_id)
    assert await world.alert() == 0
    assert await alerted(seeker) == ["Thatcher"]


async def test_a_reopened_posting_is_not_new_again(world: World, employer: tuple[Person, str]) -> None:
    seeker = await world.people.seeker()
    await keep(seeker, q="farrier")
    job = await post_job(*employer, title="Farrier")
    await world.follow()
    await world.alert()
    for verb in ("close", "reopen"):
        await employer[0].post(f"/api/v1/jobs/{job['id']}/{verb}/")
    await world.follow()
    assert await world.alert() == 0
    assert await alerted(seeker) == ["Farrier"]


async def test_alerts_can_be_switched_off_and_marked_read(world: World, employer: tuple[Person, str]) -> None:
    seeker, other = await world.people.seeker(), await world.people.seeker()
    quiet = await keep(other, q="saddler")
    await other.patch(f"{SAVED}{quiet['id']}/", json={"alerts": False})
    await keep(seeker, "Saddles", q="saddler")
    for number in range(3):
        await post_job(*employer, title=f"Saddler {number}")
    await world.follow()
    assert await world.alert() == 3
    assert await alerted(other) == []
    listed = (await seeker.get(ALERTS)).json()["results"]
    assert [item["job"]["title"] for item in listed] == ["Saddler 2", "Saddler 1", "Saddler 0"]
    assert {item["search"]["name"] for item in listed} == {"Saddles"}
    first = {"ids": [listed[0]["id"]]}
    assert (await other.post(f"{ALERTS}read/", json=first)).json() == {"marked": 0}
    assert (await seeker.post(f"{ALERTS}read/", json=first)).json() == {"marked": 1}
    assert await alerted(seeker, "unread=true") == ["Saddler 1", "Saddler 0"]
    assert (await seeker.post(f"{ALERTS}read/")).json() == {"marked": 2}
    assert await alerted(seeker, "unread=true") == []
    assert len(await alerted(seeker, "limit=2")) == 2
    search = listed[0]["search"]["id"]
    await seeker.call("DELETE", f"{SAVED}{search}/")
    assert await alerted(seeker) == []


async def test_nothing_is_noted_while_nobody_watches(world: World, employer: tuple[Person, str]) -> None:
    await world.sql("UPDATE saved_search SET alerts = false")
    await post_job(*employer, title="Chandler")
    assert await world.sql("SELECT id FROM alert_candidate") == []
    await world.follow()


async def test_without_an_index_the_database_finds_them(world: World, employer: tuple[Person, str]) -> None:
    seeker = await world.people.seeker()
    await keep(seeker, q="wheelwright")
    await post_job(*employer, title="Wheelwright")
    assert await alerts.alert_all(world.database, Search(None)) == 1
    assert await alerted(seeker) == ["Wheelwright"]
    await world.follow()


async def test_old_alerts_are_forgotten(world: World) -> None:
    await world.sql("UPDATE job_alert SET created_at = now() - interval '91 days'")
    await alerts.forget_old(world.database)
    assert await world.sql("SELECT id FROM job_alert") == []
