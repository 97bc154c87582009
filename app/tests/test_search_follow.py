"""The index follows the database: real queue, real worker, real files."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.main import create_app
from app.search import follow, repository
from app.search.compile import clauses_of
from app.search.engine import EngineError, Posting, Request
from app.search.tantivy_index import TantivyIndex
from app.settings import Settings
from app.tests.conftest import client_of, settings_for
from app.tests.people import People, Person, post_job
from app.worker import run

JOBS = "/api/v1/jobs/"


@dataclass
class World:
    settings: Settings
    app: FastAPI
    database: Database
    client: httpx.AsyncClient
    root: Path

    async def work(self) -> None:
        """The worker until the queue is empty."""
        await run(self.settings, wait=False, install_signal_handlers=False)

    async def rebuild(self) -> str:
        index = TantivyIndex(self.root)
        name, _ = await follow.rebuild(self.database, index)
        return name

    async def sql(self, statement: str, **values: Any) -> Any:
        async with self.database.transaction() as session:
            result = await session.execute(text(statement), values)
            return result.scalars().all() if result.returns_rows else None

    async def search(self, query: str) -> tuple[set[str], list[str]]:
        """(titles, what did not answer)."""
        answer = await self.client.get(f"{JOBS}?{query}")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return {job["title"] for job in body["results"]}, body["degraded"]


@pytest.fixture
async def world(new_database: Callable[[], URL], tmp_path: Path) -> AsyncIterator[World]:
    root = tmp_path / "search"
    settings = settings_for(new_database(), search_url=f"tantivy:{root}")
    app = create_app(settings)
    database = Database(settings.database)
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield World(settings, app, database, client, root)
    await database.close()


@pytest.fixture
async def employer(world: World) -> tuple[Person, str]:
    return await People(world.client).employer()


async def test_without_an_index_the_database_answers_and_says_so(
    world: World, employer: tuple[Person, str]
) -> None:
    await post_job(*employer, title="Beekeeper")
    assert await world.search("q=beekeeper") == ({"Beekeeper"}, ["index"])


@pytest.mark.parametrize("order", ["q=potter or baker", "sort=date", "sort=salary"])
async def test_the_database_pages_by_cursor_as_well(
    order: str, world: World, employer: tuple[Person, str]
) -> None:
    for number in range(5):
        title = f"{'Potter' if number % 2 else 'Baker, baker'} {number}"
        await post_job(*employer, title=title, salary_min=1000 * number, salary_currency="EUR")
    whole = (await world.client.get(f"{JOBS}?{order}")).json()["results"]
    seen, query = [], f"{order}&limit=2"
    while query:
        body = (await world.client.get(f"{JOBS}?{query}")).json()
        assert body["degraded"] == ["index"]
        seen += body["results"]
        query = f"{order}&limit=2&cursor={body['next_cursor']}" if body["next_cursor"] else ""
    assert [job["id"] for job in seen] == [job["id"] for job in whole]
    assert len(seen) == 5


async def test_the_database_finds_by_the_same_filters(world: World, employer: tuple[Person, str]) -> None:
    """S-101, S-134: fewer conveniences, no other meaning."""
    person, company = employer
    await post_job(
        person, company, title="Potter", salary_min=100, salary_interval="day", salary_currency="EUR"
    )
    await post_job(person, company, title="Baker", skills=["JavaScript"], location="Oslo, Norway")
    for query, expected in {
        "q=js": {"Baker"},
        "q=pott*": {"Potter"},
        "q=potter or baker -oslo": {"Potter", "Baker"},
        "q=baker -javascript": set(),
        "skills=javascript": {"Baker"},
        "skills=javascript&skills=go": set(),
        "location=oslo": {"Baker"},
        "salary_min=28138": {"Potter"},
        "salary_min=28140": set(),
        "salary_max=90&salary_interval=day&currency=EUR": set(),
        "salary_max=110&salary_interval=day&currency=EUR": {"Potter"},
        f"company={company}": {"Potter", "Baker"},
        "posted_after=2100-01-01T00:00:00Z": set(),
    }.items():
        assert await world.search(query) == (expected, ["index"]), query
    suggested = (await world.client.get(f"{JOBS}suggest/?q=pot")).json()["results"]
    assert suggested == [{"text": "potter", "kind": "title", "count": 1}]


async def test_the_worker_builds_what_is_missing_and_follows_changes(
    world: World, employer: tuple[Person, str]
) -> None:
    person, company = employer
    first = await post_job(person, company, title="Beekeeper")
    await world.work()
    assert await world.search("q=beekeeper") == ({"Beekeeper"}, [])
    await post_job(person, company, title="Apiarist")
    await world.work()
    assert await world.search("q=apiarist") == ({"Apiarist"}, [])
    await person.patch(f"{JOBS}{first['id']}/", json={"title": "Gardener"})
    await world.work()
    assert await world.search("q=gardener") == ({"Gardener"}, [])
    assert await world.search("q=beekeeper") == (set(), [])
    await person.post(f"{JOBS}{first['id']}/pause/")
    await world.work()
    assert await world.search("q=gardener") == (set(), [])
    await person.post(f"{JOBS}{first['id']}/resume/")
    await world.sql("UPDATE company SET name = 'Hive and Sons' WHERE slug = :slug", slug=company)
    await world.work()
    assert await world.search("q=hive") == ({"Gardener", "Apiarist"}, [])
    await world.sql("DELETE FROM job WHERE title = 'Gardener'")
    await world.work()
    assert await world.search("q=hive") == ({"Apiarist"}, [])
    assert await world.sql("SELECT job_id FROM search_change") == []


async def test_new_postings_are_found_and_closed_ones_leave_within_two_seconds(
    world: World, employer: tuple[Person, str]
) -> None:
    """S-134. The worker runs as it does in production: nobody tells it to look."""
    person, company = employer
    await world.rebuild()
    worker = asyncio.create_task(run(world.settings, install_signal_handlers=False))
    try:
        await _until(lambda: _found(world, await_title=""), 20)
        for title in ("Falconer", "Ostler", "Cooper"):
            made = await post_job(person, company, title=title)
            await _until(lambda title=title: _found(world, await_title=title), 2)
            await person.post(f"{JOBS}{made['id']}/close/")
            titles, _ = await world.search(f"q={title}")
            assert titles == set()  # at once: what is shown is read from the database
            await _until(lambda: _total_is(world, 0), 2)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def _found(world: World, await_title: str) -> bool:
    if not await_title:
        return bool(await world.sql("SELECT count(*) FROM procrastinate_workers"))
    titles, degraded = await world.search(f"q={await_title}")
    return titles == {await_title} and not degraded


async def _total_is(world: World, total: int) -> bool:
    answer = (await world.client.get(f"{JOBS}?sort=date")).json()
    return bool(answer["pagination"]["total_count"] == total and not answer["degraded"])


async def _until(condition: Callable[[], Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        await asyncio.sleep(0.02)


async def test_what_does_not_concern_the_index_is_not_noted(
    world: World, employer: tuple[Person, str]
) -> None:
    await post_job(*employer, title="Beekeeper")
    await world.rebuild()
    await world.sql("UPDATE job SET last_verified = now(), updated_at = now(), is_featured = true")
    await post_job(*employer, title="Draft", status="draft")
    assert await world.sql("SELECT job_id FROM search_change") == []


async def test_without_an_index_nothing_is_noted_for_one(world: World, employer: tuple[Person, str]) -> None:
    """After SEARCH_URL became postgresql: the log of changes must not grow for ever."""
    await world.rebuild()
    await post_job(*employer, title="Beekeeper")
    await follow.unfollow(world.database)
    await post_job(*employer, title="Apiarist")
    assert await world.sql("SELECT job_id FROM search_change") == []
    assert await world.search("q=apiarist") == ({"Apiarist"}, ["index"])


async def test_one_transaction_queues_one_task(world: World, employer: tuple[Person, str]) -> None:
    await world.rebuild()
    for title in ("One", "Two"):
        await post_job(*employer, title=title, status="draft")
    async with world.database.transaction() as session:
        for statement in ("'active'", "'paused'", "'active'"):
            await session.execute(text(f"UPDATE job SET status = {statement}"))  # noqa: S608
    tasks = await world.sql("SELECT task_name FROM procrastinate_jobs WHERE task_name = 'search.update'")
    assert tasks == ["search.update"]
    assert len(await world.sql("SELECT id FROM search_change")) == 6


async def test_a_rolled_back_change_reaches_nothing(world: World, employer: tuple[Person, str]) -> None:
    await post_job(*employer, title="Beekeeper")
    await world.rebuild()

    async def change_and_fail() -> None:
        async with world.database.transaction() as session:
            await session.execute(text("UPDATE job SET title = 'Never'"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_and_fail()
    assert await world.sql("SELECT job_id FROM search_change") == []


async def test_a_crash_between_index_and_forgetting_repeats_harmlessly(
    world: World, employer: tuple[Person, str]
) -> None:
    await world.rebuild()
    await post_job(*employer, title="Beekeeper")
    noted = await world.sql("SELECT job_id FROM search_change")
    await world.work()
    name = (await world.sql("SELECT name FROM search_index"))[0]
    for job_id in noted * 2:  # as if it had not been forgotten
        await world.sql("INSERT INTO search_change (index_name, job_id) VALUES (:n, :j)", n=name, j=job_id)
    await world.work()
    answer = (await world.client.get(f"{JOBS}?q=beekeeper")).json()
    assert (answer["pagination"]["total_count"], len(answer["results"])) == (1, 1)


async def test_a_rebuild_happens_beside_the_live_index_and_misses_no_change(
    world: World, employer: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, company = employer
    jobs = [await post_job(person, company, title=f"Weaver {number}") for number in range(5)]
    old = await world.rebuild()
    index = _Slow(world.root)
    monkeypatch.setattr(follow, "LOAD", 2)
    building = asyncio.create_task(follow.rebuild(world.database, index))
    await index.loading.wait()
    assert await world.search("q=weaver") == ({f"Weaver {n}" for n in range(5)}, [])  # the old one answers
    await person.patch(f"{JOBS}{jobs[0]['id']}/", json={"title": "Spinner"})
    await person.post(f"{JOBS}{jobs[1]['id']}/close/")
    await post_job(person, company, title="Weaver 5")
    await world.work()  # the old one goes on following, too
    assert (await world.search("q=spinner"))[0] == {"Spinner"}
    index.go_on.set()
    new, _ = await building
    assert new != old
    assert await world.search("q=weaver") == ({f"Weaver {n}" for n in (2, 3, 4, 5)}, [])
    assert await world.search("q=spinner") == ({"Spinner"}, [])
    await world.work()
    assert [folder.name for folder in world.root.iterdir() if folder.is_dir()] in (
        [new],
        [new, old],
        [old, new],
    )
    async with world.database.transaction() as session:
        assert await repository.following(session) == [new]


class _Slow(TantivyIndex):
    """Stops after its first load until told to go on."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.loading, self.go_on = asyncio.Event(), asyncio.Event()

    async def load(self, name: str, postings: Any) -> None:
        await super().load(name, postings)
        self.loading.set()
        await self.go_on.wait()


class _Dies(TantivyIndex):
    async def finish(self, name: str) -> None:
        raise EngineError("the machine stopped")


async def test_a_rebuild_that_dies_leaves_the_old_index_and_the_next_one_cleans_up(
    world: World, employer: tuple[Person, str]
) -> None:
    await post_job(*employer, title="Beekeeper")
    live = await world.rebuild()
    with pytest.raises(EngineError):
        await follow.rebuild(world.database, _Dies(world.root))
    assert await world.search("q=beekeeper") == ({"Beekeeper"}, [])
    assert len(await world.sql("SELECT name FROM search_index")) == 2
    index = TantivyIndex(world.root)
    await follow.sweep(world.database, index, live)
    assert await world.sql("SELECT name FROM search_index") == [live]
    assert {folder.name for folder in world.root.iterdir() if folder.is_dir()} == {live}


async def test_two_rebuilds_do_not_run_at_once(world: World) -> None:
    index = _Slow(world.root)
    async with follow._alone(world.database):
        with pytest.raises(follow.RebuildRunningError):
            await follow.rebuild(world.database, index)


@pytest.mark.parametrize("damage", ["meta.json", "pieces", "folder", "pointer", "format"])
async def test_a_broken_index_is_noticed_replaced_and_never_answers_wrongly(
    damage: str, world: World, employer: tuple[Person, str]
) -> None:
    await post_job(*employer, title="Beekeeper")
    name = await world.rebuild()
    folder = world.root / name
    if damage == "meta.json":
        (folder / "meta.json").write_text("{")
    elif damage == "pieces":
        for file in folder.glob("*.term"):
            file.unlink()
    elif damage == "folder":
        folder.rename(world.root / "elsewhere")
    elif damage == "pointer":
        (world.root / "CURRENT").write_bytes(b"\xff../../etc")
    else:
        (folder / "format").write_text("0")
    assert await world.search("q=beekeeper") == ({"Beekeeper"}, ["index"])
    await post_job(*employer, title="Apiarist")
    await world.work()
    assert await world.search("q=apiarist") == ({"Apiarist"}, [])
    assert await world.search("q=beekeeper") == ({"Beekeeper"}, [])


@pytest.mark.parametrize("suffix", ["term", "idx", "fast", "pos", "store", "fieldnorm"])
async def test_garbage_in_the_files_is_no_error_and_is_mended(
    suffix: str, world: World, employer: tuple[Person, str]
) -> None:
    """Bits that flipped after the index was opened or written: the database answers, a new index is built."""
    await post_job(*employer, title="Beekeeper of bees", description="Keeps bees.")
    name = await world.rebuild()
    for file in (world.root / name).glob(f"*.{suffix}"):
        raw = file.read_bytes()
        file.write_bytes(bytes(byte ^ 0x5A for byte in raw))
    titles, degraded = await world.search('q="of bees"&facets=job_type&facets=skills')
    assert titles == {"Beekeeper of bees"}
    await world.work()
    assert await world.search('q="of bees"&facets=job_type') == ({"Beekeeper of bees"}, [])
    live = (await world.sql("SELECT name FROM search_index"))[0]
    assert (live != name) == (degraded == ["index"])  # what is never read may stay as it is


async def test_an_index_of_another_database_does_not_answer(
    world: World, employer: tuple[Person, str], new_database: Callable[[], URL]
) -> None:
    await post_job(*employer, title="Beekeeper")
    await world.rebuild()
    other = create_app(settings_for(new_database(), search_url=f"tantivy:{world.root}"))
    async with other.router.lifespan_context(other), client_of(other) as client:
        answer = (await client.get(f"{JOBS}?q=beekeeper")).json()
    assert (answer["results"], answer["degraded"]) == ([], ["index"])


async def test_a_writer_that_failed_is_opened_again(world: World) -> None:
    name = await world.rebuild()
    index = TantivyIndex(world.root)
    with pytest.raises(EngineError):
        await index.apply("index-00000000nothere", [], [1])
    made = Posting(1, "Beekeeper", "", "", (), "", "", (), "", "", "", None, None, posted=1)
    await index.apply(name, [made], [])
    await index.close()
    answer = await world.app.state.search.engine.search(Request(clauses_of("beekeeper")))
    assert [hit.id for hit in answer.hits] == [1]


@pytest.mark.parametrize("order", ["q=potter", "sort=date", "sort=salary"])
async def test_pages_by_cursor_while_postings_come_and_go(
    order: str, world: World, employer: tuple[Person, str]
) -> None:
    """S-134: nothing twice, and nothing left out that was there all the time."""
    person, company = employer
    made = [
        await post_job(person, company, title=f"Potter {number}", salary_min=number, salary_currency="USD")
        for number in range(12)
    ]
    await world.rebuild()
    seen: list[str] = []
    query, removed = f"{order}&limit=3", set()
    for turn in range(10):
        body = (await world.client.get(f"{JOBS}?{query}")).json()
        assert body["degraded"] == []
        seen += [job["title"] for job in body["results"]]
        if not body["next_cursor"]:
            break
        query = f"{order}&limit=3&cursor={body['next_cursor']}"
        if turn < 2:  # one comes, and one goes that was shown just now
            await post_job(person, company, title="Potter, new", salary_min=1000, salary_currency="USD")
            gone = next(job for job in made if job["title"] == seen[-1])
            removed.add(gone["title"])
            await person.post(f"{JOBS}{gone['id']}/close/")
            await world.work()
    old = [title for title in seen if title != "Potter, new"]
    assert len(old) == len(set(old))
    assert set(old) == {job["title"] for job in made}
    assert len(removed) == 2


async def test_a_writer_that_is_killed_leaves_the_index_as_it_was_committed(
    world: World, employer: tuple[Person, str]
) -> None:
    """SIGKILL in the middle of writing: no lock stays, no half a posting."""
    await post_job(*employer, title="Beekeeper")
    name = await world.rebuild()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITING, str(world.root), name), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"writing\n"
    process.kill()
    await process.wait()
    assert await world.search("sort=date") == ({"Beekeeper"}, [])
    await post_job(*employer, title="Apiarist")
    await world.work()
    answer = (await world.client.get(f"{JOBS}?sort=date")).json()
    assert (answer["pagination"]["total_count"], answer["degraded"]) == (2, [])


WRITING = """
import sys, time
from pathlib import Path
from app.search.engine import Posting
from app.search.tantivy_index import TantivyIndex
index = TantivyIndex(Path(sys.argv[1]))
for number in range(1000, 3000):
    half = Posting(number, "Half", "", "", (), "x " * 500, "", (), "", "", "", None, None, 1)
    index._load(sys.argv[2], [half])
print("writing", flush=True)
time.sleep(60)
"""
