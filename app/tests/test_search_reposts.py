"""One posting published several times is one result: the newest open publication stands for the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.job.upkeep import annotate_batch
from app.main import create_app
from app.search import follow
from app.search.compile import clauses_of
from app.search.engine import Filters, Request
from app.search.tantivy_engine import TantivyEngine
from app.search.tantivy_index import TantivyIndex
from app.tests.conftest import client_of, settings_for
from app.tests.people import People, Person, post_job
from app.tests.receiver import Receiver, receiving
from app.tests.test_search_contract import BASE

JOBS = "/api/v1/jobs/"
SAME = {
    "title": "Python Developer",
    "location": "Oslo, Norway",
    "skills": ["Python"],
    "salary_min": 100_000,
    "description": " ".join(f"We build the part of the system that does task number {n}." for n in range(60)),
}
DATED = text(
    "UPDATE job SET posted_at = timestamptz '2026-01-01' + :n * interval '1 day' WHERE public_id = :id"
)
IMPORTED = text(
    "INSERT INTO job (public_id, slug, company_id, title, description, location, skills, salary_min, "
    "salary_currency, salary_source, posted_at, source, external_id, content_hash) "
    "SELECT gen_random_uuid(), slug || '-again', company_id, title, description || ' Apply now.', location, "
    "skills, salary_min, salary_currency, salary_source, timestamptz '2026-02-01', 'feed', 'a', 'x' "
    "FROM job WHERE public_id = :id"
)


@dataclass
class Board:
    app: FastAPI
    client: httpx.AsyncClient
    person: Person
    company: str
    database: Database
    receiver: Receiver
    index: TantivyIndex | None
    day: int = 0
    names: dict[str, str] = field(default_factory=dict)

    async def publish(self, name: str, **fields: Any) -> str:
        """A day after the last one; `names` tells by which name a test knows an id."""
        job = await post_job(self.person, self.company, **SAME | fields)
        self.day += 1
        async with self.database.transaction() as session:
            await session.execute(DATED, {"n": self.day, "id": job["id"]})
        self.names[job["id"]] = name
        return str(job["id"])

    async def publish_several(self) -> dict[str, str]:
        """Three publications of one posting, and two postings that are others."""
        made = {name: await self.publish(name) for name in ("first", "second")}
        made["elsewhere"] = await self.publish("elsewhere", location="Bergen, Norway")
        made["other"] = await self.publish("other", title="Python Nurse", description="Care for snakes.")
        made["third"] = await self.publish("third")
        return made

    async def follow(self) -> None:
        """The index learns what was noted for it, as a worker sees to."""
        if self.index is not None:
            assert await follow.try_to_update(self.database, self.index)

    async def ask(self, query: str) -> dict[str, Any]:
        await self.follow()
        answer = await self.client.get(f"{JOBS}?{query}")
        assert answer.status_code == 200, answer.text
        body = dict(answer.json())
        assert body["degraded"] == []
        return body

    async def shown(self, query: str) -> list[tuple[str, int]]:
        """(name, reposts) of each result."""
        body = await self.ask(query)
        return [(self.names[job["id"]], job["reposts"]) for job in body["results"]]


@pytest.fixture(params=["tantivy", "postgresql"])
async def board(request: pytest.FixtureRequest, new_database: Any, tmp_path: Path) -> AsyncIterator[Board]:
    url: URL = new_database()
    embedded = request.param == "tantivy"
    database = Database(url)
    async with receiving() as receiver:
        search_url = f"tantivy:{tmp_path}" if embedded else "postgresql:"
        app = create_app(settings_for(url, receiver.url, search_url=search_url))
        index = TantivyIndex(tmp_path) if embedded else None
        if index is not None:
            await follow.rebuild(database, TantivyIndex(tmp_path))
        async with app.router.lifespan_context(app), client_of(app) as client:
            person, company = await People(client).employer()
            yield Board(app, client, person, company, database, receiver, index)
        if index is not None:
            await index.close()
    await database.close()


async def test_the_newest_publication_stands_for_all(board: Board) -> None:
    """S-134: one card, how many more there are, and counts that count what can be shown."""
    await board.publish_several()
    expected = {("third", 2), ("elsewhere", 0), ("other", 0)}
    for query in (
        "q=python",
        "sort=date",
        "sort=salary",
        "q=python&salary_min=90000&skills=Python",
        "q=pyth*",
    ):
        assert set(await board.shown(query)) == expected, query
        assert (await board.ask(query))["pagination"]["total_count"] == 3
    assert await board.shown('q="python developer"&location=Oslo') == [("third", 2)]


async def test_all_publications_are_shown_on_request_and_within_a_company(board: Board) -> None:
    await board.publish_several()
    everything = {("third", 2), ("second", 1), ("first", 0), ("elsewhere", 0), ("other", 0)}
    for query in ("q=python&reposts=true", f"q=python&company={board.company}", f"company={board.company}"):
        assert set(await board.shown(query)) == everything, query
        assert (await board.ask(query))["pagination"]["total_count"] == 5


async def test_an_older_publication_takes_over_when_the_newest_ends(board: Board) -> None:
    made = await board.publish_several()
    await board.follow()
    assert (await board.person.post(f"{JOBS}{made['third']}/close/")).status_code == 200
    assert set(await board.shown("q=developer")) == {("second", 1), ("elsewhere", 0)}
    assert (await board.person.post(f"{JOBS}{made['second']}/pause/")).status_code == 200
    assert set(await board.shown("q=developer")) == {("first", 0), ("elsewhere", 0)}
    assert (await board.person.post(f"{JOBS}{made['second']}/resume/")).status_code == 200
    assert set(await board.shown("q=developer")) == {("second", 1), ("elsewhere", 0)}
    async with board.database.transaction() as session:
        await session.execute(text("DELETE FROM job WHERE public_id = :id"), {"id": made["second"]})
    assert set(await board.shown("q=developer")) == {("first", 0), ("elsewhere", 0)}


async def test_what_becomes_another_posting_stands_for_itself(board: Board) -> None:
    """Another text leaves the group, other terms are another kind of it: no filter loses a posting."""
    made = await board.publish_several()
    await board.follow()
    changed = await board.person.patch(f"{JOBS}{made['third']}/", json={"description": "Quite another job."})
    assert changed.status_code == 200
    assert set(await board.shown("q=developer")) == {("third", 0), ("second", 1), ("elsewhere", 0)}
    paid = await board.person.patch(f"{JOBS}{made['second']}/", json={"salary_min": 120_000})
    assert paid.status_code == 200
    assert set(await board.shown("q=developer&location=Oslo")) == {("third", 0), ("second", 0), ("first", 0)}
    assert await board.shown("q=developer&salary_min=110000&location=Oslo") == [("second", 0)]
    back = await board.person.patch(f"{JOBS}{made['third']}/", json={"description": SAME["description"]})
    assert back.status_code == 200
    assert set(await board.shown("q=developer&location=Oslo")) == {("third", 1), ("second", 0)}


@pytest.mark.parametrize("query", ["sort=date", "q=python"])
async def test_pages_by_cursor_show_each_posting_once_while_reposts_come(board: Board, query: str) -> None:
    """What was on a page does not come again, and what no repost has replaced is not lost."""
    for number in range(6):
        await board.publish(f"p{number}", title=f"Python Developer {'x' * number}")
    names = []
    body = await board.ask(f"{query}&limit=2")
    last = board.names[(await board.ask(f"{query}&limit=6"))["results"][-1]["id"]]
    while True:
        names += [board.names[job["id"]] for job in body["results"]]
        if not body["next_cursor"]:
            break
        if len(names) == 2:  # of the one that would be on the last page
            await board.publish("again", title=f"Python Developer {'x' * int(last[1])}")
        body = await board.ask(f"{query}&limit=2&cursor={body['next_cursor']}")
    assert len(names) == len(set(names))
    assert {f"p{number}" for number in range(6)} - {last} <= set(names)


async def test_a_cursor_of_collapsed_results_does_not_continue_the_others(board: Board) -> None:
    await board.publish_several()
    cursor = (await board.ask("q=python&limit=2"))["next_cursor"]
    answer = await board.client.get(f"{JOBS}?q=python&limit=2&reposts=true&cursor={cursor}")
    assert (answer.status_code, answer.json()["detail"]) == (422, "the cursor is of another search")


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
async def test_by_meaning_the_newest_publication_stands_where_any_was_near(board: Board, mode: str) -> None:
    """The matching service may put forward another publication than the newest, or several."""
    made = await board.publish_several()
    async with board.database.transaction() as session:
        rows = await session.execute(text("SELECT public_id::text AS name, id FROM job"))
        ids = {row.name: row.id for row in rows}
    near = ["first", "other", "second"]
    items = [
        {"job_id": ids[made[name]], "rank": rank, "score": 0.5, "similarity": 1 / rank, "propensity": 1}
        for rank, name in enumerate(near, 1)
    ]
    board.receiver.canned["/recommend"] = {"items": items, "release_id": "r1"}
    shown = await board.shown(f"q=snakes&mode={mode}")
    assert sorted(shown) == [("other", 0), ("third", 2)]
    if mode == "semantic":
        assert shown[0] == ("third", 2)
    all_of_them = await board.shown(f"q=snakes&mode={mode}&reposts=true")
    assert sorted(all_of_them) == [("first", 0), ("other", 0), ("second", 1)]


async def test_an_imported_repost_joins_its_group_when_it_is_annotated(board: Board) -> None:
    """Nearly the same text: the index hears of it although nothing else of the posting has changed."""
    first = await board.publish("first")
    async with board.database.transaction() as session:
        await session.execute(IMPORTED, {"id": first})
        again = await session.scalar(text("SELECT public_id::text FROM job WHERE source = 'feed'"))
    board.names[str(again)] = "again"
    assert set(await board.shown("q=developer")) == {("first", 0), ("again", 0)}
    assert await annotate_batch(board.database) == 1
    assert await board.shown("q=developer") == [("again", 1)]
    assert await annotate_batch(board.database) == 0


async def test_two_published_at_once_find_each_other(board: Board) -> None:
    bodies = [SAME | {"company": board.company} for _ in range(4)]
    answers = await asyncio.gather(*(board.person.post(JOBS, json=body) for body in bodies))
    assert [answer.status_code for answer in answers] == [201] * 4
    body = await board.ask("q=developer")
    assert [job["reposts"] for job in body["results"]] == [3]


async def test_one_text_of_two_companies_is_two_postings(board: Board) -> None:
    await board.publish("ours")
    other, company = await People(board.client).employer()
    job = await post_job(other, company, **SAME)
    board.names[job["id"]] = "theirs"
    assert set(await board.shown("q=developer")) == {("ours", 0), ("theirs", 0)}


async def test_giving_up_the_company_is_counted_as_it_would_be_shown(board: Board) -> None:
    await board.publish_several()
    body = await board.ask("q=developer&company=nobody")
    assert [(item["drop"], item["total_count"]) for item in body["relax"]] == [("company", 2)]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> TantivyEngine:
    """12,600 bakers, every sixth a repost: 10,500 to be shown. 11,000 of them cook as well."""
    root = tmp_path_factory.mktemp("crowded")
    name = "index-00000000crowded"

    async def build() -> None:
        index = TantivyIndex(root)
        await index.create(name)
        numbers = range(1, 12_601)
        made = [
            replace(
                BASE,
                id=number,
                title=f"Baker {'of bread ' * (number % 7)}",
                company="Cook" if number <= 11_000 else "Acme",
                repost=number % 6 == 0,
            )
            for number in numbers
        ]
        await index.load(name, made)
        await index.finish(name)
        await index.publish(name)
        await index.close()

    asyncio.run(build())
    return TantivyEngine(root)


@pytest.mark.parametrize("offset", [0, 40, 480, 5000])
def test_a_broad_search_finds_the_same_however_reposts_are_left_out(
    crowded: TantivyEngine, offset: int
) -> None:
    """The best of very many are looked for without the reposts' list; a filter that all pass uses it."""
    broad = Request(clauses_of("baker"), offset=offset, limit=20, collapse=True)
    found = crowded.search_now(broad)
    same = crowded.search_now(replace(broad, filters=Filters(posted_after=0)))
    assert [hit.key for hit in found.hits] == pytest.approx([hit.key for hit in same.hits])
    assert {hit.id for hit in found.hits} == {hit.id for hit in same.hits}
    assert all(hit.id % 6 for hit in found.hits)
    assert (found.total, found.exact) == (10_000, False)


def test_more_than_anyone_counts_is_said_of_what_can_be_shown(crowded: TantivyEngine) -> None:
    """11,000 match, but fewer than 10,000 can be shown: the number is exact."""
    answer = crowded.search_now(Request(clauses_of("cook"), limit=20, collapse=True))
    assert (answer.total, answer.exact) == (11_000 - 11_000 // 6, True)
    answer = crowded.search_now(Request(clauses_of("cook"), limit=20))
    assert (answer.total, answer.exact) == (10_000, False)
