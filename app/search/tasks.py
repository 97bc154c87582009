"""Tasks of search: following changes, building an index where there is none. All may be repeated.

`search.update` is queued by the triggers of migration 0008, in the transaction that changes a posting.
"""

from __future__ import annotations

import logging

import procrastinate
from procrastinate import JobContext

from app.db import Database
from app.queue import BULK, URGENT, Backoff, enqueue, every_minute, queue
from app.search import alerts, follow
from app.search.engine import SearchIndex
from app.search.provider import index_at, search_at
from app.worker_context import resources, settings_of

logger = logging.getLogger(__name__)
CONTEXT_KEY = "search_index"


def index_of(context: JobContext) -> SearchIndex | None:
    """The worker's own writer; None where the database searches by itself."""
    index: SearchIndex | None = context.additional_context.get(CONTEXT_KEY)
    return index


@queue.task(
    name="search.update", queue="search", lock="search.update", retry=Backoff(attempts=20), pass_context=True
)
async def update_index(context: JobContext) -> None:
    """Whatever is noted, not only what queued this: a run that finds nothing is over at once."""
    database, _ = resources(context)
    index = index_of(context)
    if index is not None and not await follow.try_to_update(database, index):
        await queue_rebuild(database)


@queue.periodic(cron="* * * * *")
@queue.task(name="search.check", queue="search", lock="search.update", priority=URGENT, pass_context=True)
async def check_index(context: JobContext, timestamp: int) -> None:
    """Builds an index where there is none, and removes what is left of others."""
    database, _ = resources(context)
    index = index_of(context)
    if index is None:
        await follow.unfollow(database)
        return
    if not await follow.try_to_update(database, index):
        await queue_rebuild(database)
        return
    live = await index.live()
    if live is not None:
        await follow.sweep(database, index, live)


@queue.task(
    name="search.rebuild",
    queue="search",
    lock="search.rebuild",
    queueing_lock="search.rebuild",
    priority=BULK,
    pass_context=True,
)
async def rebuild_index(context: JobContext) -> None:
    """With a writer of its own: changes go on being followed."""
    await _rebuild(context)


@queue.periodic(cron="7 4 * * *")
@queue.task(name="search.renew", queue="search", lock="search.rebuild", priority=BULK, pass_context=True)
async def renew_index(context: JobContext, timestamp: int) -> None:
    """Every night: the engine keeps what was removed in its files until it happens to rewrite them."""
    await _rebuild(context)


async def _rebuild(context: JobContext) -> None:
    database, _ = resources(context)
    building = index_at(settings_of(context).search_url.get_secret_value())
    if building is None:
        return
    try:
        await follow.rebuild(database, building)
    except follow.RebuildRunningError:
        logger.info("an index is being built already")
    finally:
        await building.close()
    async with database.transaction() as session:
        await enqueue(session, update_index, priority=URGENT)  # what was noted during the switch


async def queue_rebuild(database: Database) -> None:
    """Once: a second wish while one waits is the same wish."""
    try:
        async with database.transaction() as session:
            await enqueue(session, rebuild_index, priority=BULK)
    except procrastinate.exceptions.AlreadyEnqueued:
        return
    logger.warning("no usable search index: building one, the database answers meanwhile")


async def wake(database: Database) -> None:
    """At a worker's start: what was noted while nobody worked, and an index if there is none."""
    async with database.transaction() as session:
        await enqueue(session, update_index, priority=URGENT)


@every_minute("search.alert")
async def alert_seekers(context: JobContext, timestamp: int) -> None:
    """Tells seekers of postings that are new and that a search of theirs finds."""
    database, _ = resources(context)
    search = search_at(settings_of(context).search_url.get_secret_value())
    try:
        made = await alerts.alert_all(database, search)
    finally:
        await search.close()
    if made:
        logger.info("seekers alerted", extra={"alerts": made})


@queue.periodic(cron="43 3 * * *")
@queue.task(name="search.forget_alerts", queue="upkeep", lock="search.forget_alerts", pass_context=True)
async def forget_alerts(context: JobContext, timestamp: int) -> None:
    database, _ = resources(context)
    await alerts.forget_old(database)
