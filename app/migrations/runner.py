"""Brings a database to the newest schema. Safe to run from several processes at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, make_url, text

#: Key of the advisory lock that serialises migrations ("jobpilot" in ASCII).
_LOCK = 0x6A6F6270696C6F74


def config(connection: Connection | None = None) -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent))
    alembic.set_main_option("path_separator", "os")
    if connection is not None:
        alembic.attributes["connection"] = connection
    return alembic


def migrate(url: str | URL, revision: str = "head") -> str:
    """Upgrades the database at `url` to `revision` and returns the revision it had before ("" if none)."""
    engine = create_engine(make_url(url), connect_args={"connect_timeout": 10})
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            before = current(connection)
            command.upgrade(config(connection), revision)
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
            return before
    finally:
        engine.dispose()


def current(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def newest() -> str:
    """The revision this code was written for."""
    return ScriptDirectory.from_config(config()).get_current_head() or ""
