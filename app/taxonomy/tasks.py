"""Looks every night whether the taxonomy's files are new."""

from __future__ import annotations

import logging

from procrastinate import JobContext

from app.db import Database
from app.queue import BULK, queue
from app.taxonomy import files, service
from app.worker_context import resources

logger = logging.getLogger(__name__)


@queue.periodic(cron="17 3 * * *")
@queue.task(name="taxonomy.load", queue="upkeep", lock="taxonomy.load", priority=BULK, pass_context=True)
async def load_taxonomy(context: JobContext, timestamp: int) -> None:
    """Stores places and skills when their files are new."""
    database, _ = resources(context)
    await load_if_there(database)


async def load_if_there(database: Database) -> None:
    try:
        async with database.transaction() as session:
            stored = await service.load(session, files.folder())
    except files.TaxonomyMissingError as error:
        logger.warning("taxonomy not loaded", extra={"cause": str(error)})
        return
    if stored:
        logger.info("taxonomy loaded", extra={"rows": stored})
