"""Connections to PostgreSQL for the feature side: every URL form in use, and a timeout on everything."""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

CONNECT_TIMEOUT_S = 10
_SCHEME = re.compile(r"^postgres(?:ql)?(?:\+[a-z0-9_]+)?://")


class DatabaseUrlError(ValueError):
    """Not a URL of a PostgreSQL database. The message never repeats it: it may hold a password."""


def conninfo(database_url: str) -> str:
    """A libpq URI from `postgresql://`, `postgres://` or SQLAlchemy's `postgresql+psycopg://` form."""
    uri, found = _SCHEME.subn("postgresql://", database_url.strip())
    if not found:
        raise DatabaseUrlError("the database URL must start with postgresql:// or postgresql+psycopg://")
    try:
        conninfo_to_dict(uri)
    except psycopg.ProgrammingError as error:
        raise DatabaseUrlError("the database URL cannot be parsed") from error
    return uri


def parts(database_url: str) -> dict[str, str]:
    """The URL's pieces under libpq's names (host, port, user, password, dbname, sslmode...)."""
    found = conninfo_to_dict(conninfo(database_url))
    return {key: str(value) for key, value in found.items() if value is not None}


def endpoint(database_url: str) -> dict[str, Any]:
    """Where and as whom to connect, in the words of Feast's PostgreSQL stores."""
    found = parts(database_url)
    return {
        "host": found.get("host", "localhost"),
        "port": int(found.get("port", "5432")),
        "database": found.get("dbname", "postgres"),
        "user": found.get("user", "postgres"),
        "password": found.get("password", ""),
        "sslmode": found.get("sslmode", "prefer"),
    }


def options(statement_timeout_s: float) -> dict[str, Any]:
    """Connection parameters: UTC, a bound on every statement and on connecting, and notice of a dead peer."""
    return {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "tcp_user_timeout": 30_000,
        "keepalives_idle": 30,
        "application_name": "jobpilot-features",
        "options": f"-c timezone=UTC -c statement_timeout={int(statement_timeout_s * 1000)}",
    }


def connect(database_url: str, *, statement_timeout_s: float) -> psycopg.Connection[Any]:
    """A connection with `options`.

    Raises psycopg.OperationalError when nothing answers within `CONNECT_TIMEOUT_S`.
    """
    return psycopg.connect(conninfo(database_url), **options(statement_timeout_s))
