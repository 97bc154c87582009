"""Tasks that keep postings in order: expiry, and what follows from an imported text. Both may be repeated."""

from __future__ import annotations

import asyncio
import logging
import time

from procrastinate import JobContext

from app.db import Database
from app.job import details_repository, service
from app.job.simhash import simhash
from app.queue import every_minute, queue
from app.taxonomy import service as taxonomy
from app.worker_context import resources

logger = logging.getLogger(__name__)
BATCH = 200
#: Seconds a run of a minutely task may go on for before it leaves the rest to the next.
BUDGET_S = 40.0
MOST_BATCHES = 100


@queue.periodic(cron="* * * * *")
@queue.task(name="job.expire", queue="serving", pass_context=True)
async def expire_jobs(context: JobContext, timestamp: int) -> None:
    database, _ = resources(context)
    for _ in range(MOST_BATCHES):
        async with database.transaction() as session:
            if not await service.expire_overdue(session):
                return


@every_minute("job.annotate")
async def annotate_jobs(context: JobContext, timestamp: int) -> None:
    """Finds place, simhash and earlier publications of what was imported."""
    database, _ = resources(context)
    end = time.monotonic() + BUDGET_S
    while await annotate_batch(database):
        if time.monotonic() > end:
            logger.info("annotating goes on in a minute")
            return


async def annotate_batch(database: Database) -> int:
    """Annotates the next imported postings; returns how many there were."""
    async with database.transaction() as session:
        rows = await details_repository.not_annotated(session, BATCH)
        places = {
            location: await taxonomy.place_of(session, location)
            for location in sorted({row.location for row in rows})
        }
        found = [
            {
                "id": row.id,
                "content_hash": row.content_hash,
                "simhash": await asyncio.to_thread(simhash, row.title, row.description),
                "location_id": places[row.location],
            }
            for row in rows
        ]
        if found:
            await details_repository.annotate(session, found)
            await details_repository.regroup(session, [(row.id, row.company_id) for row in rows])
    return len(found)
