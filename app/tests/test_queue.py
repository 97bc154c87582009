"""From a committed change to the serving layer: the real queue, the real worker, a real HTTP server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import procrastinate
import pytest
from sqlalchemy import URL, text

from app.db import Database
from app.errors import AppError, InvalidCredentialsError
from app.job import service
from app.job.push import push, push_all
from app.job.tasks import enqueue_push
from app.main import create_app
from app.queue import Backoff, queue
from app.recommendation.repository import known
from app.settings import Settings
from app.tests.conftest import client_of, settings_for
from app.tests.people import People, Person, post_job
from app.tests.receiver import Receiver, receiving
from app.worker import rescue, run
from serving.client import ServingClient, ServingRejectedError, ServingUnavailableError


@dataclass
class System:
    settings: Settings
    database: Database
    receiver: Receiver
    client: httpx.AsyncClient

    async def work(self) -> None:
        """Runs the worker until the queue has nothing that is due."""
        await run(self.settings, wait=False, install_signal_handlers=False)

    async def tasks(self) -> list[tuple[str, str]]:
        """What is queued, without what a full minute queues by itself."""
        query = "SELECT task_name, status FROM procrastinate_jobs WHERE NOT args ? 'timestamp' ORDER BY id"
        async with self.database.transaction() as session:
            rows = await session.execute(text(query))
            return [(row[0], row[1]) for row in rows]

    async def sql(self, statement: str, **values: Any) -> Any:
        async with self.database.transaction() as session:
            result = await session.execute(text(statement), values)
            return result.scalars().all() if result.returns_rows else None

    def titles(self) -> set[str]:
        return {job.title for job in self.receiver.jobs.values()}


@pytest.fixture
async def system(new_database: Callable[[], URL]) -> AsyncIterator[System]:
    async with receiving() as receiver:
        settings = settings_for(new_database(), receiver.url)
        app = create_app(settings)
        database = Database(settings.database)
        async with app.router.lifespan_context(app), client_of(app) as client:
            yield System(settings, database, receiver, client)
        await database.close()


@pytest.fixture
async def employer(system: System) -> tuple[Person, str]:
    return await People(system.client).employer()


# -- transactions ----------------------------------------------------------------------------------


async def test_a_task_exists_only_if_its_transaction_commits(system: System) -> None:
    async def enqueue_and(error: AppError) -> None:
        async with system.database.transaction() as session:
            await enqueue_push(session, [1])
            raise error

    with pytest.raises(AppError):
        await enqueue_and(AppError())
    assert await system.tasks() == []
    with pytest.raises(InvalidCredentialsError):
        await enqueue_and(InvalidCredentialsError())  # of the kind that keeps its writes
    async with system.database.transaction() as session:
        await enqueue_push(session, list(range(450)))
    assert await system.tasks() == [("job.push", "todo")] * 4
    sizes = await system.sql(
        "SELECT jsonb_array_length(args -> 'job_ids') FROM procrastinate_jobs ORDER BY id"
    )
    assert sizes == [1, 200, 200, 50]


async def test_a_refused_request_leaves_no_task(system: System, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer)
    await system.sql("DELETE FROM procrastinate_jobs")
    answer = await employer[0].patch(f"/api/v1/jobs/{job['id']}/", json={"salary_min": 9, "salary_max": 1})
    assert answer.status_code == 422
    assert await system.tasks() == []


# -- the way of a posting ----------------------------------------------------------------------------


async def test_a_posting_arrives_changes_and_leaves(system: System, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer, title="First", skills=["Go"], requirements="Know Go.", salary_min=10)
    await post_job(*employer, title="Draft", status="draft")
    await system.work()
    (sent,) = system.receiver.jobs.values()
    assert (sent.title, sent.skills, sent.salary_min) == ("First", ("Go",), 10)
    assert sent.description == "Build pipelines.\n\nKnow Go."
    path = f"/api/v1/jobs/{job['id']}/"
    await employer[0].patch(path, json={"title": "Second"})
    await employer[0].patch(path, json={"title": "Third"})
    await system.work()
    assert system.titles() == {"Third"}
    await employer[0].post(path + "close/")
    await system.work()
    assert system.receiver.jobs == {}
    assert await system.tasks() == []


async def test_behaviour_arrives_in_the_wires_words(system: System, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer)
    seeker = await People(system.client).seeker()
    events = [{"event_id": "1", "job": job["id"], "kind": kind} for kind in ("click", "view")]
    await seeker.post("/api/v1/events/", json={"events": events})
    await seeker.post(f"/api/v1/jobs/{job['id']}/save/")
    await seeker.call("DELETE", f"/api/v1/jobs/{job['id']}/save/")
    await seeker.post(f"/api/v1/jobs/{job['id']}/apply/")
    await system.work()
    assert sorted(event.kind for event in system.receiver.events.values()) == ["apply", "save", "view"]
    stored = await system.sql("SELECT event_id::text FROM event WHERE kind <> 'unsave'")
    assert set(stored) == system.receiver.events.keys()


async def test_a_running_worker_hears_of_work_at_once(system: System, employer: tuple[Person, str]) -> None:
    """The poll interval is 1 s; what this proves is only that work deferred while it runs is done."""
    worker = asyncio.create_task(run(system.settings, install_signal_handlers=False))
    try:
        job = await post_job(*employer, title="Live")
        await system.receiver.until(lambda receiver: receiver.jobs)
        await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")
        await system.receiver.until(lambda receiver: not receiver.jobs)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def test_a_failed_push_is_tried_again_later(system: System, employer: tuple[Person, str]) -> None:
    system.receiver.status = 503
    await post_job(*employer, title="Patient")
    await system.work()
    assert await system.tasks() == [("job.push", "todo")]
    assert (await system.sql("SELECT attempts FROM procrastinate_jobs WHERE task_name = 'job.push'"))[0] >= 1
    later = "SELECT scheduled_at > now() - interval '1 minute' FROM procrastinate_jobs"
    assert (await system.sql(f"{later} WHERE task_name = 'job.push'"))[0]
    system.receiver.status = 200
    await system.sql("UPDATE procrastinate_jobs SET scheduled_at = now()")
    await system.work()
    assert system.titles() == {"Patient"}


async def test_who_objected_to_profiling_is_not_learnt_from(
    system: System, employer: tuple[Person, str]
) -> None:
    """Their events are kept, for their own lists; no store the model reads is told, nor is a request."""
    job = await post_job(*employer)
    seeker = await People(system.client).seeker()
    await seeker.patch("/api/v1/auth/profile/", json={"privacy_settings": {"profiling_opt_out": True}})
    await seeker.post(f"/api/v1/jobs/{job['id']}/save/")
    await system.work()
    assert system.receiver.events == {}
    (user_id,) = await system.sql("SELECT user_id FROM event WHERE kind = 'save'")
    async with system.database.transaction() as session:
        user, _ = await known(session, user_id)
    assert user.history == ()


async def test_a_refused_push_is_not_repeated(system: System, employer: tuple[Person, str]) -> None:
    system.receiver.status = 400
    await post_job(*employer)
    await system.work()
    assert await system.tasks() == [("job.push", "failed")]


async def test_a_push_that_comes_late_cannot_bring_a_closed_posting_back(
    system: System, employer: tuple[Person, str]
) -> None:
    """An upsert is held up on its way; the close that follows waits for it, and has the last word."""
    job = await post_job(*employer)
    (key,) = await system.sql("SELECT id FROM job")

    async def one_push() -> None:
        async with ServingClient(system.receiver.url) as serving, system.database.transaction() as session:
            await push(session, serving, [key])

    system.receiver.delay = 0.3
    late = asyncio.create_task(one_push())
    await system.receiver.until(lambda receiver: "/upsert_jobs" in receiver.calls)
    await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")
    await asyncio.gather(late, one_push())
    assert system.receiver.jobs == {}
    assert system.receiver.calls[-2:] == ["/upsert_jobs", "/delete_jobs"]


async def test_one_posting_that_does_not_fit_stops_no_other(
    system: System, employer: tuple[Person, str], caplog: pytest.LogCaptureFixture
) -> None:
    await post_job(*employer, title="Fine")
    await post_job(*employer, title="Odd")
    await system.sql("UPDATE job SET job_type = 'other', skills = array_fill('x'::text, ARRAY[200])")
    await system.sql("ALTER TABLE job DROP CONSTRAINT ck_job_skills_count")
    await system.sql("UPDATE job SET skills = array_fill('x'::text, ARRAY[201]) WHERE title = 'Odd'")
    with caplog.at_level(logging.ERROR):
        await system.work()
    assert system.titles() == {"Fine"}
    assert "does not fit the wire contract" in caplog.text


async def test_everything_can_be_sent_again(system: System, employer: tuple[Person, str]) -> None:
    keep, close = await post_job(*employer, title="Keep"), await post_job(*employer, title="Close")
    await employer[0].post(f"/api/v1/jobs/{close['id']}/close/")
    (closed,) = await system.sql("SELECT id FROM job WHERE status = 'closed'")
    seen: dict[str, int] = {}
    async with ServingClient(system.receiver.url) as serving:
        for _ in range(2):
            done = await push_all(
                system.database, serving, lambda kind, count: seen.update({kind: seen.get(kind, 0) + count})
            )
            assert done == (1, 1)
    assert system.titles() == {keep["title"]}
    assert closed not in system.receiver.jobs
    assert seen == {"active": 2, "inactive": 2}


async def test_overdue_postings_expire(system: System, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer, title="Brief", expires_at="2999-01-01T00:00:00Z")
    await post_job(*employer, title="Lasting", expires_at="2999-01-01T00:00:00Z")
    await system.work()
    assert system.titles() == {"Brief", "Lasting"}
    await system.sql("UPDATE job SET expires_at = now() WHERE title = 'Brief'")
    async with system.database.transaction() as session:
        assert await service.expire_overdue(session) == 1
    await system.work()
    assert system.titles() == {"Lasting"}
    assert (await system.client.get(f"/api/v1/jobs/{job['id']}/")).status_code == 410


# -- workers that die, and waiting -------------------------------------------------------------------


async def test_tasks_of_a_dead_worker_are_taken_up(system: System, employer: tuple[Person, str]) -> None:
    await post_job(*employer, title="Orphan")
    await system.sql("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
    await system.sql(
        "UPDATE procrastinate_jobs "
        "SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
    )
    async with system.database.transaction() as session:
        raw = await (await session.connection()).get_raw_connection()
        await rescue.configure(connection=raw.driver_connection).defer_async(timestamp=0)
    await system.work()
    await system.work()
    assert system.titles() == {"Orphan"}


def test_waiting_grows_to_a_ceiling_and_ends() -> None:
    strategy = Backoff(attempts=5, ceiling_s=8, final=(ServingRejectedError,))

    def wait(attempts: int, error: Exception) -> float | None:
        job = procrastinate.jobs.Job(
            id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts
        )
        before = procrastinate.utils.utcnow()
        decision = strategy.get_retry_decision(exception=error, job=job)
        return (
            None
            if decision is None or decision.retry_at is None
            else (decision.retry_at - before).total_seconds()
        )

    down = ServingUnavailableError("down")
    waits = [wait(attempts, down) for attempts in range(5)]
    for seconds, longest in zip(waits, (1, 2, 4, 8, 8), strict=True):
        assert seconds is not None
        assert longest / 2 <= seconds + 0.01
        assert seconds <= longest + 1
    assert wait(5, down) is None
    assert wait(0, ServingRejectedError(400, "no")) is None


def test_the_queue_knows_every_task() -> None:
    named = {"job.push", "job.expire", "event.roll_up", "job.annotate", "taxonomy.load"}
    assert named | {"event.record", "queue.rescue", "application.forget_keys"} <= queue.tasks.keys()
