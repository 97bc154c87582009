"""Tasks that have postings read and summarised. Both may be repeated: what is done is not done again."""

from __future__ import annotations

import logging
import time

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from app.queue import Backoff, enqueue, every_minute, queue
from app.reading import service
from app.worker_context import resources
from serving.client import ServingError

logger = logging.getLogger(__name__)
#: Seconds of a minute that reading may take, so that an import of thousands leaves the cores to people.
BUDGET_S = 20.0


@queue.task(name="reading.summarize", queue="serving", retry=Backoff(attempts=20), pass_context=True)
async def summarize_batch(context: JobContext, *, batch_id: int) -> None:
    """Until nothing of the batch is pending; each portion is kept when it is done."""
    database, serving = resources(context)
    while True:
        async with database.transaction() as session:
            if not await service.summarize_pending(session, serving, batch_id):
                return


async def enqueue_batch(session: AsyncSession, batch_id: int) -> None:
    await enqueue(session, summarize_batch, batch_id=batch_id)


@every_minute("reading.read")
async def read_postings(context: JobContext, timestamp: int) -> None:
    """Facts of postings that are new or have changed, newest first."""
    database, serving = resources(context)
    end = time.monotonic() + BUDGET_S
    while time.monotonic() < end:
        try:
            async with database.transaction() as session:
                if not await service.read_unread(session, serving):
                    return
        except ServingError as error:
            logger.warning("postings are read later", extra={"cause": str(error)[:300]})
            return
