"""Finds, for every search that is watched, which of the postings that are new since last time it finds.

Postings that became active are noted by a trigger. All watched searches are asked about them, then they are
forgotten; an alert exists once for a person and posting, so a run that is repeated adds nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.kit.clock import utcnow
from app.orm import SavedSearch
from app.search import saved_repository as repository
from app.search.compile import clauses_of, filters_of
from app.search.engine import EngineError, Request, SearchEngine
from app.search.postgres import PostgresEngine
from app.search.provider import Search
from app.search.saved_repository import Candidate
from app.search.saved_schemas import SavedSearchAnswer

logger = logging.getLogger(__name__)
#: New postings asked about at once, and searches asked in one transaction.
POSTINGS, SEARCHES = 1000, 200
#: Alerts one search may give in one go: a filter that finds more than these finds too much to read.
MOST = 50
BUDGET_S = 40.0
KEPT = timedelta(days=90)


async def alert_all(database: Database, search: Search, budget_s: float = BUDGET_S) -> int:
    """Asks until nothing new is left or the time is over; returns the number of alerts."""
    end, made = time.monotonic() + budget_s, 0
    while time.monotonic() < end:
        async with database.transaction() as session:
            engine, name = await _engine(session, search)
            found = await repository.candidates(session, name, POSTINGS)
        if not found:
            return made
        made += await _ask_everybody(database, engine, found)
        async with database.transaction() as session:
            await repository.forget_candidates(session, [candidate.number for candidate in found])
    return made


async def _ask_everybody(database: Database, engine: SearchEngine | None, found: Sequence[Candidate]) -> int:
    last = made = 0
    while True:
        async with database.transaction() as session:
            searches = await repository.watching(session, last, SEARCHES)
            for saved in searches:
                ids = await _finds(engine or PostgresEngine(session), saved, found)
                made += await repository.add_alerts(session, saved, ids) if ids else 0
        if not searches:
            return made
        last = searches[-1].id


async def _finds(engine: SearchEngine, saved: SavedSearch, found: Sequence[Candidate]) -> list[int]:
    """Of the postings that came after the search was saved."""
    later = tuple(sorted({item.job_id for item in found if item.at >= saved.created_at}))
    if not later:
        return []
    try:
        query = SavedSearchAnswer.of(saved).query
    except ValidationError:
        logger.error("a saved search cannot be read any more", extra={"saved_search": str(saved.public_id)})
        return []
    filters = replace(await filters_of(query), ids=later)
    answer = await engine.search(Request(clauses_of(query.q), filters, "date", limit=MOST, count=False))
    return [hit.id for hit in answer.hits]


async def _engine(session: AsyncSession, search: Search) -> tuple[SearchEngine | None, str | None]:
    """The index and its name; nothing where the database is to be asked."""
    try:
        engine = await search.live(session)
        return engine, await engine.current()
    except EngineError:
        return None, None


async def forget_old(database: Database) -> None:
    while True:
        async with database.transaction() as session:
            if not await repository.forget_alerts_before(session, utcnow() - KEPT, 1000):
                return
