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


def connect(database_url: str, *, statement_timeout_s: float, **options: Any) -> psycopg.Connection[Any]:
    """A connection in UTC whose statements end after `statement_timeout_s`, and that notices a dead peer.

    Raises psycopg.OperationalError when nothing answers within `CONNECT_TIMEOUT_S`.
    """
    settings = f"-c timezone=UTC -c statement_timeout={int(statement_timeout_s * 1000)}"
    return psycopg.connect(
        conninfo(database_url),
        connect_timeout=CONNECT_TIMEOUT_S,
        tcp_user_timeout=30_000,
        keepalives_idle=30,
        application_name="jobpilot-features",
        options=settings,
        **options,
    )
