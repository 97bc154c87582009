"""Orders that need the matching service, over a real HTTP server in its place, and without it."""

from __future__ import annotations

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
from app.search import follow, ranking
from app.search.tantivy_index import TantivyIndex
from app.tests.conftest import NOBODY, client_of, settings_for
from app.tests.people import People, post_job
from app.tests.receiver import Receiver, receiving
from app.tests.test_problems import is_problem
from serving.schemas import RecommendRequest, ScoreRequest

JOBS = "/api/v1/jobs/"
TITLES = ("Baker", "Bread Artist", "Baker at night", "Pastry Chef", "Welder")


@dataclass
class World:
    client: httpx.AsyncClient
    receiver: Receiver
    ids: dict[str, int]
    url: URL
    root: Path

    def nearest(self, *titles: str) -> None:
        """What the matching service says is near, nearest first."""
        items = [
            {"job_id": self.ids[title], "rank": rank, "score": 0.5, "similarity": 1 / rank, "propensity": 1}
            for rank, title in enumerate(titles, 1)
        ]
        self.receiver.canned["/recommend"] = {"items": items, "release_id": "r1"}

    async def ask(self, query: str, **kwargs: Any) -> dict[str, Any]:
        answer = await self.client.get(f"{JOBS}?{query}", **kwargs)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def titles(self, query: str) -> list[str]:
        body = await self.ask(query)
        assert body["degraded"] == []
        return [job["title"] for job in body["results"]]


@pytest.fixture(scope="module")
async def world(database_url: URL, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    root = Path(tmp_path_factory.mktemp("search"))
    database = Database(database_url)
    async with receiving() as receiver:
        app: FastAPI = create_app(settings_for(database_url, receiver.url, search_url=f"tantivy:{root}"))
        async with app.router.lifespan_context(app), client_of(app) as client:
            person, company = await People(client).employer()
            for title in TITLES:
                await post_job(
                    person, company, title=title, remote="remote" if "Bread" in title else "on-site"
                )
            await follow.rebuild(database, TantivyIndex(root))
            async with database.transaction() as session:
                rows = (await session.execute(text("SELECT title, id FROM job"))).all()
            yield World(client, receiver, {row.title: row.id for row in rows}, database_url, root)
    await database.close()


async def test_by_meaning_words_do_not_matter(world: World) -> None:
    """S-115, S-134."""
    world.nearest("Bread Artist", "Pastry Chef", "Baker")
    assert await world.titles("q=baker&mode=semantic") == ["Bread Artist", "Pastry Chef", "Baker"]
    request = world.receiver.requests[-1]
    assert isinstance(request, RecommendRequest)
    assert (request.user.desired_title, request.user.user_id, request.user.history) == ("baker", 0, ())
    body = await world.ask("q=baker&mode=semantic&limit=2&page=2")
    assert ([job["title"] for job in body["results"]], body["pagination"]["total_count"]) == (["Baker"], 3)


async def test_by_meaning_within_the_filters_and_without_what_is_refused(world: World) -> None:
    world.nearest("Bread Artist", "Pastry Chef", "Baker")
    assert await world.titles("q=baker&mode=semantic&remote=remote") == ["Bread Artist"]
    request = world.receiver.requests[-1]
    assert isinstance(request, RecommendRequest)
    assert request.filters.remote == ("remote",)
    assert await world.titles("q=baker -pastry&mode=semantic") == ["Bread Artist", "Baker"]
    assert await world.titles("q=baker&mode=semantic&location=Nowhere") == []


async def test_hybrid_fuses_both(world: World) -> None:
    world.nearest("Pastry Chef", "Baker", "Bread Artist")
    by_words = await world.titles("q=baker")
    assert set(by_words) == {"Baker", "Baker at night"}
    fused = await world.titles("q=baker&mode=hybrid")
    assert fused[0] == "Baker"  # both sides put it forward
    assert set(fused) == {"Baker", "Baker at night", "Pastry Chef", "Bread Artist"}
    seen: list[str] = []
    query = "q=baker&mode=hybrid&limit=1"
    while query:
        body = await world.ask(query)
        seen += [job["title"] for job in body["results"]]
        cursor = body["next_cursor"]
        query = f"q=baker&mode=hybrid&limit=1&cursor={cursor}" if cursor else ""
    assert seen == fused


def test_fusion_is_by_reciprocal_rank() -> None:
    hits = ranking.fuse([1, 2], [2, 3])
    w = ranking.MEANING
    assert {hit.id: hit.key for hit in hits} == pytest.approx({1: 1 / 61, 2: 1 / 62 + w / 61, 3: w / 62})
    assert [hit.id for hit in hits] == [2, 1, 3]
    assert ranking.fuse([], []) == []


async def test_without_words_a_mode_changes_nothing(world: World) -> None:
    before = len(world.receiver.requests)
    assert len(await world.titles("mode=hybrid")) == len(TITLES)
    assert len(world.receiver.requests) == before


async def test_sorted_by_match(world: World) -> None:
    """S-134, S-150."""
    seeker = await People(world.client).seeker(desired_title="Night baker")
    scores = {"Baker": 0.2, "Baker at night": 0.9}
    items = [
        {"job_id": world.ids[title], "rank": rank, "score": score, "similarity": 0.1, "propensity": 1}
        for rank, (title, score) in enumerate(scores.items(), 1)
    ]
    world.receiver.canned["/score"] = {"items": items, "release_id": "r1"}
    answer = (await seeker.get(f"{JOBS}?q=baker&sort=match")).json()
    assert [job["title"] for job in answer["results"]] == ["Baker at night", "Baker"]
    assert (answer["degraded"], answer["sort"]) == ([], "match")
    request = world.receiver.requests[-1]
    assert isinstance(request, ScoreRequest)
    assert request.user.desired_title == "Night baker"
    assert set(request.job_ids) == {world.ids[title] for title in scores}
    everything = (await seeker.get(f"{JOBS}?sort=match")).json()
    assert [job["title"] for job in everything["results"]][:2] == ["Baker at night", "Baker"]
    is_problem(await world.client.get(f"{JOBS}?q=baker&sort=match"), 401, "not-authenticated")


async def test_without_the_matching_service_words_decide_and_the_answer_says_so(world: World) -> None:
    """S-134: labelled, never an error."""
    app = create_app(settings_for(world.url, NOBODY, search_url=f"tantivy:{world.root}"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        for mode in ("semantic", "hybrid"):
            body = (await client.get(f"{JOBS}?q=baker&mode={mode}")).json()
            assert {job["title"] for job in body["results"]} == {"Baker", "Baker at night"}
            assert body["degraded"] == ["matching"]
        seeker = await People(client).seeker()
        body = (await seeker.get(f"{JOBS}?q=baker&sort=match")).json()
        assert {job["title"] for job in body["results"]} == {"Baker", "Baker at night"}
        assert body["degraded"] == ["matching"]


async def test_what_closed_meanwhile_is_not_shown(world: World) -> None:
    """The matching service and the index may be a second behind; what is shown is what is open."""
    world.nearest("Welder", "Pastry Chef")
    database = Database(world.url)
    async with database.transaction() as session:
        await session.execute(text("UPDATE job SET status = 'paused' WHERE title = 'Welder'"))
    assert await world.titles("q=chef&mode=semantic") == ["Pastry Chef"]
    async with database.transaction() as session:
        await session.execute(text("UPDATE job SET status = 'active' WHERE title = 'Welder'"))
    await database.close()
