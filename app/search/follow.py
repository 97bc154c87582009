"""Keeps an index agreeing with the database: change by change, and from scratch beside the live one.

PostgreSQL is the truth. Triggers note every posting an index must look at again, in the transaction that
changed it; here what is noted is read, put into the index, and only then forgotten. So each change arrives
at least once, in the state it has when it is read, and a crash anywhere repeats a little work.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.db import Database
from app.kit.ids import uuid7
from app.search import repository, reposts
from app.search.engine import EngineError, SearchIndex
from app.search.postings import postings

logger = logging.getLogger(__name__)
#: Changes taken at once, and postings read at once for a new index.
BATCH, LOAD = 500, 1000
#: Seconds that transactions from before the new index was known may take to end.
PATIENCE_S = 300.0
#: A new index goes live when fewer changes than these are waiting for it.
NEARLY = 100
Advance = Callable[[int], None]


class RebuildRunningError(Exception):
    """Another process is building an index."""


class RebuildStoppedError(Exception):
    """Not finished; nothing has changed for readers, and it is safe to begin again."""


async def live_index(database: Database, index: SearchIndex) -> str | None:
    """The live index, if it follows this database."""
    name = await index.live()
    if name is None:
        return None
    async with database.transaction() as session:
        return name if await repository.follows(session, name) else None


async def update(database: Database, index: SearchIndex, name: str, *, until: int = 0) -> int:
    """Puts what is noted for the index into it; returns the number of changes. Raises EngineError.

    Ends when no more than `until` changes came in one go.
    """
    done = 0
    while True:
        async with database.transaction() as session:
            noted = await repository.changes(session, name, BATCH)
            ids = sorted({job_id for _, job_id in noted})
            ids += await reposts.beside(session, ids)
            rows = await repository.indexed(session, ids) if ids else []
        if not noted:
            return done
        stored = await asyncio.to_thread(postings, rows)
        await index.apply(name, stored, set(ids) - {item.id for item in stored})
        async with database.transaction() as session:
            await repository.forget_changes(session, [number for number, _ in noted])
        done += len(noted)
        if len(noted) <= until:
            return done


async def rebuild(
    database: Database, index: SearchIndex, advance: Advance = lambda count: None
) -> tuple[str, int]:
    """A new index beside the live one, then one switch: (its name, number of postings).

    `index` must not be the object that follows changes: both keep a writer of their own. Raises
    RebuildRunningError, RebuildStoppedError, EngineError.
    """
    async with _alone(database):
        name = f"index-{uuid7().hex}"
        live = await index.live()
        async with database.transaction() as session:
            await repository.unfollow_others(session, {live} if live else set())
            begun = await repository.follow(session, name)
        await index.create(name)
        await _settled(database, begun)
        count = await _load(database, index, name, advance)
        await index.finish(name)
        await update(database, index, name, until=NEARLY)
        await index.close()  # whoever follows changes is the writer from here on
        await index.publish(name)
        async with database.transaction() as session:
            await repository.unfollow_others(session, {name})
        logger.info("search index rebuilt", extra={"index": name, "postings": count})
        return name, count


async def unfollow(database: Database) -> None:
    """There is no index any more: nothing has to be noted."""
    async with database.transaction() as session:
        await repository.unfollow_others(session, ())


async def sweep(database: Database, index: SearchIndex, live: str) -> None:
    """Removes what rebuilds have left behind, unless one is running."""
    try:
        async with _alone(database):
            async with database.transaction() as session:
                await repository.unfollow_others(session, {live})
            await index.sweep({live})
    except RebuildRunningError:
        return


async def _load(database: Database, index: SearchIndex, name: str, advance: Advance) -> int:
    last = count = 0
    while True:
        async with database.transaction() as session:
            rows = await repository.indexed_after(session, last, LOAD)
        if not rows:
            return count
        await index.load(name, await asyncio.to_thread(postings, rows))
        last, count = rows[-1].id, count + len(rows)
        advance(len(rows))


async def _settled(database: Database, begun: int) -> None:
    """Waits for transactions that began before the index was known: their changes are not noted for it, so
    they must be there to be read. Raises RebuildStoppedError."""
    end = time.monotonic() + PATIENCE_S
    while True:
        async with database.reading() as session:
            if await repository.oldest_running(session) > begun:
                return
        if time.monotonic() > end:
            raise RebuildStoppedError(f"a transaction has been running for {PATIENCE_S:.0f} s")
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    """Raises RebuildRunningError. The lock is the connection's: it ends with a process that dies."""
    async with database.reading() as session:
        if not await repository.lock_rebuild(session):
            raise RebuildRunningError
        try:
            yield
        finally:
            await repository.unlock_rebuild(session)


async def try_to_update(database: Database, index: SearchIndex) -> bool:
    """Whether there is a live index, up to date now. One that cannot be written is withdrawn: the database
    answers until a new one is built. Raises EngineError for a failure that may pass."""
    name = await live_index(database, index)
    if name is None:
        return False
    try:
        await update(database, index, name)
    except EngineError:
        if await live_index(database, index) is None:
            return False
        raise
    return True
