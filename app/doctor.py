"""What `jobpilot doctor` looks at, in the order in which things depend on each other."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, PoolLimits
from app.health import repository
from app.migrations.runner import newest
from app.problems import DATABASE_ERRORS
from app.search.provider import search_at
from app.search.state import look, open_postings
from app.settings import Settings
from serving.client import ServingClient, ServingError


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str


async def examine(settings: Settings) -> list[Check]:
    return [
        Check("environment", True, f"{settings.environment}, database at {settings.database!r}"),
        *await _database(settings),
        await _serving(settings),
    ]


async def _database(settings: Settings) -> list[Check]:
    database = Database(settings.database, PoolLimits(size=1, connect_s=5))
    try:
        async with database.transaction() as session:
            version = (await session.execute(text("SHOW server_version"))).scalar_one()
            reached = Check("database", True, f"PostgreSQL {version}")
        async with database.transaction() as session:
            revision, wanted = await repository.schema_revision(session), newest()
            hint = "" if revision == wanted else f", this version needs {wanted}: run `jobpilot migrate`"
            queue = await repository.queue_state(session)
            search = await _search(session, settings)
    except DATABASE_ERRORS as error:
        return [Check("database", False, str(error).partition("\n")[0])]
    except DBAPIError:
        return [reached, Check("schema", False, "not migrated: run `jobpilot migrate`")]
    finally:
        await database.close()
    workers = f"{queue.workers} worker(s), oldest waiting task {queue.waiting_s:.0f} s"
    return [
        reached,
        Check("schema", revision == wanted, f"{revision}{hint}"),
        Check("queue", queue.workers > 0, workers),
        search,
    ]


async def _search(session: AsyncSession, settings: Settings) -> Check:
    """Whether the index answers, and holds what is open."""
    search = search_at(settings.search_url.get_secret_value())
    try:
        found = await look(session, search)
        postings = await open_postings(session)
    finally:
        await search.close()
    if found.condition == "down":
        hint = "PostgreSQL answers instead; a worker builds one, `jobpilot search rebuild` does it now"
        return Check("search", False, f"{found.engine}: {found.cause}: {hint}")
    if found.documents is None:
        return Check("search", True, f"{found.engine}, {postings:,} open postings, no index set up")
    detail = f"{found.engine}, {found.documents:,} documents for {postings:,} open postings"
    detail += f", {found.waiting:,} change(s) waiting"
    well = found.condition == "ok" and found.agrees(postings)
    hint = "" if well else ": is a worker running? `jobpilot search rebuild` makes them agree"
    return Check("search", well, detail + hint)


async def _serving(settings: Settings) -> Check:
    async with ServingClient(settings.serving_url, timeout=5.0) as serving:
        try:
            state = await serving.state()
        except ServingError as error:
            return Check("serving", False, f"{settings.serving_url}: {error}")
    return Check("serving", True, f"release {state.release_id}, {state.jobs} postings, {state.index_kind}")
