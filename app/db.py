"""Engine, sessions and transactions. This file is the only one that commits.

A request's transaction ends before its response is sent (`Depends(get_session, scope="function")`);
anything else opens one with `Database.transaction()`.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.errors import AppError
from app.kit.timing import record


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Seconds, except `size` (connections). Every wait on PostgreSQL is bounded by one of them.

    A connection that rested longer than `trusted_s` is tried before it is used.
    """

    size: int = 20
    wait_s: float = 2.0
    connect_s: int = 3
    recycle_s: int = 60
    trusted_s: float = 1.0
    statement_s: float = 10.0
    lock_s: float = 5.0

    def server_options(self) -> str:
        return (
            f"-c statement_timeout={int(self.statement_s * 1000)} -c lock_timeout={int(self.lock_s * 1000)} "
            "-c idle_in_transaction_session_timeout=120000 -c timezone=UTC -c jit=off"
        )


class Database:
    """Owns the connection pool of one process. Connects on first use, never on construction."""

    def __init__(self, url: str | URL, limits: PoolLimits | None = None) -> None:
        limits = limits or PoolLimits()
        self.url = make_url(url)
        self.engine = create_async_engine(
            self.url,
            pool_size=limits.size,
            max_overflow=0,
            pool_timeout=limits.wait_s,
            pool_recycle=limits.recycle_s,
            hide_parameters=True,  # an error's text must not carry resumes or addresses into the log
            connect_args={"connect_timeout": limits.connect_s, "options": limits.server_options()},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        each_alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._readers = async_sessionmaker(each_alone, expire_on_commit=False)
        _time_statements(self.engine.sync_engine)
        _ping_the_rested(self.engine.sync_engine, limits.trusted_s)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end, rolled back when the body raises.

        Exception: an `AppError` with `keeps_writes` reports a refusal whose record must survive it
        (a counted login failure, a revoked token family), so it is committed and raised on.
        """
        async with self._sessions() as session:
            try:
                yield session
            except AppError as error:
                if error.keeps_writes:
                    await session.commit()
                raise
            await session.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Every statement is its own transaction, which saves the round trips of BEGIN and COMMIT.

        PostgreSQL's READ COMMITTED shows each statement a snapshot of its own anyway, so reads lose nothing.
        """
        async with self._readers() as session:
            yield session
            await session.commit()

    async def close(self) -> None:
        await self.engine.dispose()


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A GET reads: what it writes must be one statement. All other methods get one transaction."""
    database: Database = request.app.state.database
    opened = database.reading() if request.method in ("GET", "HEAD") else database.transaction()
    async with opened as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session, scope="function")]


async def release(session: AsyncSession) -> None:
    """Ends the read phase of a request: the connection goes back to the pool while an outside call runs."""
    await session.commit()


def _time_statements(engine: Engine) -> None:
    """Adds what each statement took to the request's `db` stage."""

    @event.listens_for(engine, "before_cursor_execute")
    def started(conn: Connection, *_: Any) -> None:
        conn.info["started"] = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def ended(conn: Connection, *_: Any) -> None:
        record("db", (time.perf_counter() - conn.info.pop("started", time.perf_counter())) * 1000)


def _ping_the_rested(engine: Engine, trusted_s: float) -> None:
    """SQLAlchemy's `pool_pre_ping`, but not for connections that were used a moment ago: under load that
    would be one more round trip for every transaction."""
    dialect: Any = engine.dialect

    @event.listens_for(engine, "checkin")
    def came_back(_: Any, entry: Any) -> None:
        entry.info["rested_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def goes_out(connection: Any, entry: Any, _: Any) -> None:
        if time.monotonic() - entry.info.get("rested_since", math.inf) < trusted_s:
            return
        try:
            alive = dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error:
            alive = False
        if not alive:
            raise InvalidatePoolError  # the pool replaces it and all that are as old
