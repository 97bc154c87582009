"""S-135, S-355: views once per viewer and day, and counters that follow the append-only logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.event import counters
from app.event.counters import SETTLE, Visitor
from app.main import create_app
from app.tests.conftest import client_of, plain, settings_for
from app.tests.crowd import crowd, employer
from app.tests.people import Person, post_job

JOBS = "/api/v1/jobs/"


@dataclass
class Board:
    """A database of its own, with one employer and one posting."""

    app: FastAPI
    client: httpx.AsyncClient
    employer: Person
    job: dict[str, Any]

    @property
    def database(self) -> Database:
        return self.app.state.database  # type: ignore[no-any-return]

    async def roll_up(self, ahead: timedelta = timedelta()) -> None:
        await counters.roll_up(self.database, datetime.now(UTC) + ahead)

    async def counts(self) -> tuple[int, int, int, int]:
        row = (await self.employer.get("/api/v1/employer/jobs/")).json()["results"][0]
        names = ("view_count", "save_count", "application_count", "open_applications")
        return tuple(row[name] for name in names)  # type: ignore[return-value]

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as session:
            result = await session.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []


@pytest.fixture
async def board(new_database: Callable[[], URL]) -> AsyncIterator[Board]:
    app = create_app(settings_for(new_database()))
    async with app.router.lifespan_context(app), client_of(app) as client:
        person, company = await employer(app, client)
        yield Board(app, client, person, await post_job(person, company))


async def test_a_view_counts_once_per_viewer_and_day(board: Board) -> None:
    path = f"{JOBS}{board.job['id']}/"
    first, second = await crowd(board.app, board.client, 2)
    await asyncio.gather(*(first.get(path) for _ in range(5)))
    await second.get(path)
    for agent in ("firefox", "firefox", "lynx"):
        await board.client.get(path, headers={"user-agent": agent})
    await board.employer.get(path)  # looking at one's own posting is no view
    tag = (await board.client.get(path)).headers["etag"]
    await board.client.get(path, headers={"user-agent": "w3m", "if-none-match": tag})
    await board.roll_up()
    assert (await board.counts())[0] == 6
    rows = await board.sql("SELECT count(*), count(user_id), count(visitor) FROM job_view")
    assert rows == [(6, 2, 4)]


async def test_views_reported_as_events_are_the_same_views(board: Board) -> None:
    (person,) = await crowd(board.app, board.client, 1)
    today, yesterday = datetime.now(UTC), datetime.now(UTC) - timedelta(days=1)
    events = [
        {"event_id": f"{kind}{at.day}", "job": board.job["id"], "kind": kind, "at": at.isoformat()}
        for kind in ("view", "click", "dismiss")
        for at in (today, yesterday)
    ]
    assert (await person.post("/api/v1/events/", json={"events": events})).status_code == 202
    await person.get(f"{JOBS}{board.job['id']}/")
    await board.roll_up()
    assert (await board.counts())[0] == 2


async def test_counting_again_changes_nothing(board: Board) -> None:
    """S-355: the rollup is idempotent, and follows what is taken back."""
    people = await crowd(board.app, board.client, 3)
    path = f"{JOBS}{board.job['id']}/"
    for person in people:
        await person.get(path)
        await person.post(path + "save/")
    for person in people[:2]:
        await person.post(path + "apply/")
    for _ in range(3):
        await board.roll_up()
        assert await board.counts() == (3, 3, 2, 2)
    await people[0].call("DELETE", path + "save/")
    await board.roll_up(ahead=SETTLE)
    assert await board.counts() == (3, 2, 2, 2)
    await board.sql("UPDATE rollup_state SET position = 0, read_to = 0")
    await board.roll_up()
    assert await board.counts() == (3, 2, 2, 2)


async def test_a_row_that_commits_late_is_not_forgotten(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id is lower than those already read. It is found with the next rows, or when it must be final."""
    url = plain(board.database.url)
    path = f"{JOBS}{board.job['id']}/"
    insert = "INSERT INTO job_view (job_id, day, visitor) SELECT min(id), current_date, %s FROM job"
    with psycopg.connect(url) as soon, psycopg.connect(url) as late:
        late.execute(insert, (b"0" * 16,))
        soon.execute(insert, (b"1" * 16,))
        await board.client.get(path)
        await board.roll_up()
        assert (await board.counts())[0] == 1
        soon.commit()
        await board.roll_up()
        assert (await board.counts())[0] == 2
        monkeypatch.setattr(counters, "OVERLAP", 0)
        late.commit()
    await board.roll_up()
    assert (await board.counts())[0] == 2
    await board.roll_up(ahead=SETTLE)
    assert (await board.counts())[0] == 3


async def test_settled_rows_are_not_read_again(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "OVERLAP", 0)
    state = "SELECT position, read_to FROM rollup_state WHERE name = 'job_view'"
    await board.client.get(f"{JOBS}{board.job['id']}/")
    ((newest,),) = await board.sql("SELECT max(id) FROM job_view")
    await board.roll_up()
    assert await board.sql(state) == [(0, newest)]
    await board.roll_up(ahead=SETTLE * 2)
    assert await board.sql(state) == [(newest, newest)]
    await board.sql("UPDATE job_counter SET view_count = 77")
    await board.roll_up(ahead=SETTLE * 4)
    assert (await board.counts())[0] == 77


async def test_long_backlogs_are_read_in_chunks(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before the counters were is final from the start."""
    monkeypatch.setattr(counters, "CHUNK", 3)
    monkeypatch.setattr(counters, "MOST_CHUNKS", 2)
    monkeypatch.setattr(counters, "OVERLAP", 0)
    await board.sql(
        "INSERT INTO job_view (job_id, day, visitor) "
        "SELECT j.id, current_date, decode(lpad(n::text, 32, '0'), 'hex') "
        "FROM job j, generate_series(1, 14) AS n"
    )
    await board.sql("UPDATE rollup_state SET horizon = 10")
    reached = []
    for _ in range(3):
        await board.roll_up()
        reached += await board.sql("SELECT position, read_to FROM rollup_state WHERE name = 'job_view'")
    assert reached == [(6, 12), (10, 14), (10, 14)]
    assert (await board.counts())[0] == 14


async def test_scores_are_kept_by_model(board: Board) -> None:
    """S-354: a table of match scores in place of a cache in the posting; the newest of each model."""
    await crowd(board.app, board.client, 1)
    for minutes, bundle, score in ((2, "b1", 0.9), (3, "b1", 0.1), (1, "b2", 0.5)):
        await board.sql(
            "INSERT INTO impression (request_id, user_id, job_id, rank, score, propensity, release_id, at) "
            "SELECT gen_random_uuid(), (SELECT max(id) FROM app_user), min(id), 1, :score, 1, :bundle, "
            "now() - :minutes * interval '1 minute' FROM job",
            minutes=minutes,
            bundle=bundle,
            score=score,
        )
    for _ in range(2):
        await board.roll_up()
        rows = await board.sql("SELECT bundle_version, score FROM match_score ORDER BY bundle_version")
        assert rows == [("b1", 0.9), ("b2", 0.5)]


async def test_the_log_of_views_is_append_only(board: Board) -> None:
    await board.client.get(f"{JOBS}{board.job['id']}/")
    with (
        psycopg.connect(plain(board.database.url)) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="append-only"),
    ):
        connection.execute("UPDATE job_view SET day = day")


def test_a_visitor_is_nobody_and_another_one_tomorrow() -> None:
    now = datetime.now(UTC)
    visitor = Visitor("192.0.2.1", "firefox")
    digest = visitor.digest("secret", now)
    assert len(digest) == 16
    others = {
        Visitor("192.0.2.2", "firefox").digest("secret", now),
        Visitor("192.0.2.1", "lynx").digest("secret", now),
        visitor.digest("secret", now + timedelta(days=1)),
        visitor.digest("another", now),
    }
    assert len(others) == 4
    assert digest not in others
    assert digest == Visitor("192.0.2.1", "firefox").digest("secret", now)
