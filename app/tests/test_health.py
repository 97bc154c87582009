"""Health, and what happens to everybody while PostgreSQL is away."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, make_url, text

from app.db import Database, PoolLimits
from app.doctor import Check, examine
from app.kit.cache import TtlCache
from app.main import create_app
from app.migrations.runner import migrate
from app.search import follow
from app.search.state import IndexCondition
from app.search.tantivy_index import TantivyIndex
from app.tests.conftest import client_of, plain, pull_the_plug, settings_for, start_postgres
from app.tests.people import People, post_job
from app.tests.receiver import receiving
from app.tests.test_problems import is_problem
from app.tests.test_serving_client import STATE

KEYS = {
    "status",
    "service",
    "database",
    "cache",
    "timestamp",
    "serving",
    "index",
    "search",
    "model_version",
    "queue",
}


async def test_without_serving_and_worker_the_app_is_degraded(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/")
    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == KEYS
    assert (body["service"], body["status"], body["database"], body["cache"]) == (
        "jobpilot-app",
        "degraded",
        "ok",
        "ok",
    )
    assert (body["serving"], body["index"], body["model_version"], body["queue"]) == (
        "down",
        None,
        None,
        "no worker",
    )
    assert (await client.get("/health/live/")).json() == {"status": "ok"}
    assert (await client.get("/health/ready/")).json() == {"status": "ok"}


async def test_with_everything_the_app_is_healthy(new_database: Callable[[], URL]) -> None:
    url = new_database()
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
        async with receiving() as receiver:
            receiver.canned["/state"] = STATE
            app = create_app(settings_for(url, receiver.url))
            async with app.router.lifespan_context(app), client_of(app) as client:
                for _ in range(3):
                    body = (await client.get("/health/")).json()
                    assert (body["status"], body["queue"], body["model_version"]) == ("healthy", "ok", "r1")
                    assert body["index"] == {"kind": "flat", "jobs": 2, "sequence": 3}
            assert receiver.calls == ["/state"]
            checks = await examine(settings_for(url, receiver.url))
            assert [(check.name, check.ok) for check in checks] == [
                (name, True) for name in ("environment", "database", "schema", "queue", "search", "serving")
            ]
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('serving', 'waits')"
        )
        connection.execute("UPDATE procrastinate_events SET at = at - interval '1 hour'")
        app = create_app(settings_for(url))
        async with app.router.lifespan_context(app), client_of(app) as client:
            assert (await client.get("/health/")).json()["queue"] == "delayed"


async def test_an_unmigrated_database_is_not_ready(postgres: URL) -> None:
    with psycopg.connect(plain(postgres), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
    settings = settings_for(postgres.set(database="bare"))
    app = create_app(settings)
    async with app.router.lifespan_context(app), client_of(app) as client:
        is_problem(await client.get("/health/ready/"), 503, "unavailable")
    failed = {check.name for check in await examine(settings) if not check.ok}
    assert failed == {"schema", "serving"}


# -- an outage ---------------------------------------------------------------------------------------


class Outage:
    """A PostgreSQL of its own that can be pulled away like a plug and started again."""

    def __init__(self) -> None:
        self.server = start_postgres()
        self.url = make_url(self.server.get_uri()).set(drivername="postgresql+psycopg")

    def kill(self) -> None:
        pull_the_plug(self.server)

    def start(self) -> None:
        with self.server._lock:
            self.server.ensure_postgres_running()


@pytest.fixture
def outage() -> Iterator[Outage]:
    made = Outage()
    migrate(made.url)
    yield made
    made.kill()
    shutil.rmtree(made.server.pgdata.parent, ignore_errors=True)


@pytest.fixture
async def fragile(outage: Outage) -> AsyncIterator[FastAPI]:
    app = create_app(settings_for(outage.url))
    async with app.router.lifespan_context(app):
        yield app


async def test_the_app_survives_an_outage_of_postgresql(outage: Outage, fragile: FastAPI) -> None:
    async with client_of(fragile) as client:
        seeker = await People(client).seeker(skills=["Python"])
        assert (await client.get("/health/ready/")).status_code == 200
        outage.kill()
        for path in ("/api/v1/jobs/", "/api/v2/recommendations/", "/api/v1/auth/profile/"):
            refused = await seeker.get(path)
            is_problem(refused, 503, "database-unavailable")
            assert int(refused.headers["retry-after"]) > 0
            assert "psycopg" not in refused.text
        is_problem(
            await client.post("/api/v1/auth/login/", json={"email": seeker.email, "password": "long enough"}),
            503,
            "database-unavailable",
        )
        sick = await client.get("/health/")
        assert sick.status_code == 503
        assert (sick.json()["status"], sick.json()["database"], sick.json()["queue"]) == (
            "unhealthy",
            "down",
            "down",
        )
        assert (await client.get("/health/live/")).status_code == 200
        is_problem(await client.get("/health/ready/"), 503, "unavailable")
        outage.start()
        for path in ("/health/ready/", "/api/v1/jobs/", "/api/v2/recommendations/", "/api/v1/auth/profile/"):
            assert (await seeker.get(path)).status_code == 200, path


async def test_a_full_pool_is_a_503_and_not_a_wait_without_end(
    database_url: URL, application: FastAPI
) -> None:
    fine = application.state.database
    narrow = Database(database_url, PoolLimits(size=1, wait_s=0.05))
    try:
        async with narrow.transaction() as session:
            await session.connection()
            application.state.database = narrow
            async with client_of(application) as client:
                is_problem(await client.get("/api/v1/jobs/"), 503, "database-unavailable")
        async with client_of(application) as client:
            assert (await client.get("/api/v1/jobs/")).status_code == 200
    finally:
        application.state.database = fine
        await narrow.close()


async def test_a_statement_may_not_run_forever(database_url: URL) -> None:
    from sqlalchemy.exc import OperationalError

    hasty = Database(database_url, PoolLimits(size=1, statement_s=0.05))
    try:
        with pytest.raises(OperationalError, match="statement timeout"):
            async with hasty.transaction() as session:
                await session.execute(text("SELECT pg_sleep(60)"))
    finally:
        await hasty.close()


# -- the search index --------------------------------------------------------------------------------


async def test_health_and_doctor_look_at_the_search_index(
    new_database: Callable[[], URL], tmp_path: Path
) -> None:
    """Without its index search goes on, so health stays 200 and says so; both count its documents."""
    url = new_database()
    settings = settings_for(url, search_url=f"tantivy:{tmp_path}")

    async def said(client: httpx.AsyncClient) -> dict[str, Any]:
        app.state.cache = TtlCache[object]()  # what was seen seconds ago is not asked for again
        answer = await client.get("/health/")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        return dict(answer.json()["search"])

    async def doctor() -> Check:
        return next(check for check in await examine(settings) if check.name == "search")

    app = create_app(settings)
    database = Database(url)
    async with app.router.lifespan_context(app), client_of(app) as client:
        employer = await People(client).employer()
        await post_job(*employer)
        nothing = {"condition": "down", "engine": "tantivy", "documents": None, "waiting": None}
        assert await said(client) == nothing | {"open_postings": 1}
        assert (await doctor()).ok is False
        assert "PostgreSQL answers instead" in (await doctor()).detail
        name, _ = await follow.rebuild(database, TantivyIndex(tmp_path))
        fine = {"condition": "ok", "engine": "tantivy", "documents": 1, "waiting": 0, "open_postings": 1}
        assert await said(client) == fine
        assert await doctor() == Check(
            "search", True, "tantivy, 1 documents for 1 open postings, 0 change(s) waiting"
        )
        await post_job(*employer, title="Another")
        assert await said(client) == fine | {"waiting": 1, "open_postings": 2}
        async with database.transaction() as session:  # nobody has worked for long
            await session.execute(
                text(
                    "INSERT INTO search_change (index_name, job_id) "
                    "SELECT :name, n FROM generate_series(1, 1001) n"
                ),
                {"name": name},
            )
        late = await said(client)
        assert (late["condition"], late["waiting"]) == ("behind", 1002)
        checked = await doctor()
        assert (checked.ok, "is a worker running?" in checked.detail) == (False, True)
    await database.close()


async def test_health_does_not_count_again_for_every_probe(client: httpx.AsyncClient, people: People) -> None:
    """Probes come every second; what they are told of the index is some seconds old."""
    before = (await client.get("/health/")).json()["search"]
    await post_job(*await people.employer())
    assert (await client.get("/health/")).json()["search"] == before


@pytest.mark.parametrize(
    ("documents", "waiting", "postings", "agrees"),
    [
        (1_000_000, 0, 1_009_000, True),
        (1_000_000, 0, 1_100_000, False),
        (1_000_000, 95_000, 1_100_000, True),
        (0, 0, 90, True),
        (0, 0, 150, False),
        (300, 0, 150, False),
    ],
)
def test_documents_agree_with_postings_up_to_what_waits(
    documents: int, waiting: int, postings: int, agrees: bool
) -> None:
    assert IndexCondition("ok", "tantivy", documents, waiting).agrees(postings) is agrees
