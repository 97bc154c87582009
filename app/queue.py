"""The task queue: procrastinate on the same PostgreSQL, written to inside the caller's transaction.

The module-level app only collects tasks; a worker opens it on a connection of its own.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import procrastinate
from procrastinate.jobs import Job
from procrastinate.tasks import Task
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession

#: Higher runs first: what a person waits for goes before bulk work.
URGENT, NORMAL, BULK = 10, 0, -10

#: A periodic task's function: (context, timestamp of its minute).
Upkeep = Callable[[procrastinate.JobContext, int], Awaitable[None]]

queue = procrastinate.App(connector=procrastinate.PsycopgConnector())


class Backoff(procrastinate.BaseRetryStrategy):
    """Waits 1, 2, 4 ... at most `ceiling_s` seconds, half of it random so that workers do not return
    together; gives up after `attempts` and on errors that `final` names."""

    def __init__(self, *, attempts: int = 100, ceiling_s: int = 60, final: tuple[type[Exception], ...] = ()):
        self.attempts = attempts
        self.ceiling_s = ceiling_s
        self.final = final

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        if job.attempts >= self.attempts or isinstance(exception, self.final):
            return None
        longest = min(2 ** min(job.attempts, 16), self.ceiling_s)
        wait = longest * (0.5 + random.random() / 2)  # noqa: S311 - not a secret
        return procrastinate.RetryDecision(retry_in={"milliseconds": int(wait * 1000)})


def every_minute(name: str) -> Callable[[Upkeep], Task[Any, Any, Any]]:
    """Upkeep: one run at a time, behind everything people wait for, and none queued while one waits."""

    def decorate(function: Upkeep) -> Task[Any, Any, Any]:
        task = queue.task(
            name=name, queue="upkeep", lock=name, queueing_lock=name, priority=BULK, pass_context=True
        )(function)
        made: Task[Any, Any, Any] = queue.periodic(cron="* * * * *")(task)
        return made

    return decorate


async def enqueue(
    session: AsyncSession, task: Task[Any, Any, Any], *, priority: int = NORMAL, **kwargs: Any
) -> None:
    """The task exists if and only if the session's transaction commits."""
    raw = await (await session.connection()).get_raw_connection()
    await task.configure(connection=raw.driver_connection, priority=priority).defer_async(**kwargs)


@asynccontextmanager
async def connected(url: URL, *, size: int = 4) -> AsyncIterator[procrastinate.App]:
    """The queue, able to fetch work from `url` while the block runs."""
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=size, timeout=10)
    with queue.replace_connector(connector) as app:
        async with app.open_async():
            yield app
