"""The end of trials."""

from __future__ import annotations

from procrastinate import JobContext

from app.queue import every_minute
from app.trial import service
from app.worker_context import resources


@every_minute("trial.sweep")
async def sweep(context: JobContext, timestamp: int) -> None:
    """Nobody can read them any more; from here on they are not even there."""
    database, _ = resources(context)
    async with database.transaction() as session:
        await service.purge(session)
