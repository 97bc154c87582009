"""The end of receipts whose time is over."""

from __future__ import annotations

from procrastinate import JobContext

from app.kit.clock import utcnow
from app.queue import queue
from app.receipt import repository
from app.worker_context import resources

BATCH = 2000
MOST_BATCHES = 200


@queue.periodic(cron="41 * * * *")
@queue.task(name="receipt.sweep", queue="account", pass_context=True)
async def sweep(context: JobContext, timestamp: int) -> None:
    """Portion by portion, so that no transaction grows with what has piled up."""
    database, _ = resources(context)
    for _ in range(MOST_BATCHES):
        async with database.transaction() as session:
            if await repository.forget(session, utcnow(), BATCH) < BATCH:
                return
