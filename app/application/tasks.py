"""Forgets answers that are no longer repeated."""

from __future__ import annotations

from procrastinate import JobContext

from app import idempotency
from app.queue import BULK, queue
from app.worker_context import resources


@queue.periodic(cron="23 * * * *")
@queue.task(name="application.forget_keys", queue="upkeep", priority=BULK, pass_context=True)
async def forget_keys(context: JobContext, timestamp: int) -> None:
    database, _ = resources(context)
    async with database.transaction() as session:
        await idempotency.forget_old(session)
