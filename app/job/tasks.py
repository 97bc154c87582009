"""Tasks of postings. They take ids and reload: what is sent is the state at that moment."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from app.job.push import BATCH, push
from app.queue import BULK, NORMAL, URGENT, Backoff, enqueue, queue
from app.worker_context import resources
from serving.client import ServingRejectedError

logger = logging.getLogger(__name__)


@queue.task(name="job.push", queue="serving", retry=Backoff(final=(ServingRejectedError,)), pass_context=True)
async def push_jobs(context: JobContext, *, job_ids: list[int]) -> None:
    """Upserts or deletes these postings (at most 200) in the serving layer."""
    database, serving = resources(context)
    async with database.transaction() as session:
        upserted, deleted = await push(session, serving, job_ids)
    logger.info("pushed postings", extra={"upserted": upserted, "deleted": deleted})


async def enqueue_push(session: AsyncSession, job_ids: Sequence[int], *, closing: bool = False) -> None:
    """Defers pushes in the session's transaction, in batches; one posting goes before many."""
    priority = URGENT if closing else NORMAL if len(job_ids) <= BATCH else BULK
    for batch in _batches(job_ids):
        await enqueue(session, push_jobs, priority=priority, job_ids=batch)


def _batches(job_ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(job_ids), BATCH):
        yield list(job_ids[start : start + BATCH])
