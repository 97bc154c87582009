"""The worker process: runs queued tasks as soon as PostgreSQL notifies of them."""

from __future__ import annotations

import asyncio
import logging
import signal

import procrastinate
from procrastinate import JobContext

from app import worker_context
from app.application import tasks as _application_tasks
from app.db import Database, PoolLimits
from app.event import tasks as _event_tasks
from app.job import tasks as _job_tasks
from app.job import upkeep as _job_upkeep
from app.mail import tasks as _mail_tasks
from app.problems import DATABASE_ERRORS
from app.queue import connected, queue
from app.reading import tasks as _reading_tasks
from app.receipt import tasks as _receipt_tasks
from app.search import tasks as _search_tasks
from app.search.provider import index_at
from app.settings import Settings
from app.taxonomy import tasks as _taxonomy_tasks
from app.trial import tasks as _trial_tasks
from app.user import tasks as _user_tasks
from serving.client import ServingClient

logger = logging.getLogger(__name__)
#: Modules whose import registers tasks.
TASK_MODULES = (
    *(_user_tasks, _mail_tasks, _event_tasks, _job_tasks, _job_upkeep),
    *(_application_tasks, _taxonomy_tasks, _search_tasks, _reading_tasks, _receipt_tasks, _trial_tasks),
)
#: LISTEN brings new tasks at once; polling finds what is due for a retry.
POLL_S = 1.0
GRACE_S = 20.0
RETRY_S = 2.0
#: A worker unheard of for so long is dead, and its tasks are taken up by others.
DEAD_AFTER_S = 30.0


@queue.periodic(cron="* * * * *")
@queue.task(name="queue.rescue", queue="serving", pass_context=True)
async def rescue(context: JobContext, timestamp: int) -> None:
    """Puts back tasks whose worker died in the middle; every task is idempotent."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_S):
        logger.warning("task of a dead worker put back", extra={"task": job.task_name, "task_id": job.id})
        await manager.retry_job(job)


async def run_forever(settings: Settings) -> None:
    """Works until SIGINT or SIGTERM; when the database goes away, waits for it to come back."""
    stop = False

    def stopped(*_: object) -> None:
        nonlocal stop
        stop = True

    while not stop:
        try:
            await run(settings)
            return  # a signal ended it
        except (procrastinate.exceptions.ConnectorException, *DATABASE_ERRORS) as error:
            logger.error("the database is away", extra={"cause": type(error).__name__, "retry_s": RETRY_S})
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, stopped)
            await asyncio.sleep(RETRY_S)


async def run(settings: Settings, *, wait: bool = True, install_signal_handlers: bool = True) -> None:
    """Works until told to stop, or with `wait=False` until the queue is empty.

    Tasks in progress get 20 s to end. The connections stay the worker's own.
    """
    concurrency = settings.worker_concurrency
    limits = PoolLimits(size=concurrency + 1, wait_s=30, statement_s=120, lock_s=90)
    database = Database(settings.database, limits)
    index = index_at(settings.search_url.get_secret_value())
    try:
        async with (
            ServingClient(settings.serving_url) as serving,
            connected(settings.database, size=concurrency + 2) as app,
        ):
            if index is not None:
                await _search_tasks.wake(database)
            logger.info("worker ready", extra={"concurrency": concurrency})
            await app.run_worker_async(
                wait=wait,
                concurrency=concurrency,
                install_signal_handlers=install_signal_handlers,
                fetch_job_polling_interval=POLL_S,
                shutdown_graceful_timeout=GRACE_S,
                delete_jobs=procrastinate.jobs.DeleteJobCondition.SUCCESSFUL,
                additional_context=worker_context.context(database, serving)
                | {"settings": settings, _search_tasks.CONTEXT_KEY: index},
            )
    finally:
        if index is not None:
            await index.close()
        await database.close()
