"""Health: the database is the one hard dependency; without the rest the app answers with less."""

from __future__ import annotations

import logging
from typing import Literal

from sqlalchemy.exc import DBAPIError

from app.db import Database
from app.health import repository
from app.health.schemas import HealthAnswer, IndexState, SearchState
from app.kit.cache import TtlCache
from app.kit.clock import utcnow
from app.problems import DATABASE_ERRORS
from app.search.provider import Search
from app.search.state import look, open_postings
from serving.client import ServingClient, ServingError
from serving.schemas import StateResponse

logger = logging.getLogger(__name__)
#: A probe must not become load on the serving layer.
SERVING_STATE_S = 2.0
PROBE_KEY, PROBE_S = "health-probe", 30.0
LATE_S = 60.0
#: The index is looked at this often, and the postings beside it counted, by each process.
SEARCH_STATE_S, POSTINGS_S = 5.0, 60.0
#: Unreachable, or reachable and not migrated.
FAULTS = (DBAPIError, *DATABASE_ERRORS)
Queue = Literal["ok", "no worker", "delayed", "down"]


async def check(
    database: Database, serving: ServingClient, search: Search, cache: TtlCache[object]
) -> HealthAnswer:
    queue = await _queue(database)
    database_up = queue != "down"
    state = await _serving(serving, cache)
    index = await _search(database, search, cache) if database_up else None
    well = index is not None and index.condition == "ok" and state is not None and queue == "ok"
    return HealthAnswer(
        status="healthy" if well else "degraded" if database_up else "unhealthy",
        database="ok" if database_up else "down",
        cache="ok" if _cache_works(cache) else "down",
        timestamp=utcnow(),
        serving="ok" if state else "down",
        index=IndexState(kind=state.index_kind, jobs=state.jobs, sequence=state.sequence) if state else None,
        model_version=state.release_id if state else None,
        search=index,
        queue=queue,
    )


async def database_is_ready(database: Database, revision: str) -> bool:
    """Whether the database answers and has the schema this code was written for."""
    try:
        async with database.transaction() as session:
            return await repository.schema_revision(session) == revision
    except FAULTS:
        return False


async def _queue(database: Database) -> Queue:
    try:
        async with database.transaction() as session:
            state = await repository.queue_state(session)
    except FAULTS as error:
        logger.warning("database check failed", extra={"cause": type(error).__name__})
        return "down"
    if state.workers == 0:
        return "no worker"
    return "delayed" if state.waiting_s > LATE_S else "ok"


async def _serving(serving: ServingClient, cache: TtlCache[object]) -> StateResponse | None:
    known = cache.get("serving-state")
    if isinstance(known, StateResponse):
        return known
    try:
        state = await serving.state()
    except ServingError as error:
        logger.warning("serving check failed", extra={"cause": str(error)[:300]})
        return None
    cache.put("serving-state", state, SERVING_STATE_S)
    return state


async def _search(database: Database, search: Search, cache: TtlCache[object]) -> SearchState | None:
    """Search goes on without its index, so whatever is wrong with it is said and no more."""
    known = cache.get("search-state")
    if isinstance(known, SearchState):
        return known
    try:
        async with database.transaction() as session:
            found = await look(session, search)
            postings = cache.get("open-postings")
            if not isinstance(postings, int):
                postings = await open_postings(session)
                cache.put("open-postings", postings, POSTINGS_S)
    except FAULTS as error:
        logger.warning("search check failed", extra={"cause": type(error).__name__})
        return None
    if found.cause:
        logger.warning("no search index", extra={"cause": found.cause})
    state = SearchState(
        condition=found.condition if found.agrees(postings) else "behind",
        engine=found.engine,
        documents=found.documents,
        open_postings=postings,
        waiting=found.waiting,
    )
    cache.put("search-state", state, SEARCH_STATE_S)
    return state


def _cache_works(cache: TtlCache[object]) -> bool:
    cache.put(PROBE_KEY, True, PROBE_S)
    return cache.get(PROBE_KEY) is True
