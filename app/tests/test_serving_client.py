from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.tests.conftest import NOBODY
from app.tests.receiver import Receiver, receiving
from serving.client import (
    ServingClient,
    ServingError,
    ServingRejectedError,
    ServingTimeoutError,
    ServingUnavailableError,
)
from serving.schemas import (
    DeleteRequest,
    EventsRequest,
    JobDocument,
    RecommendRequest,
    UpsertRequest,
    UserDocument,
    UserEvent,
)

REQUEST = RecommendRequest(user=UserDocument(user_id=1, skills=("Python", "C++ “quoted”")))
STATE = {
    "release_id": "r1",
    "encoder_version": "e1",
    "jobs": 2,
    "sequence": 3,
    "index_kind": "flat",
    "started_at": "2026-01-01T00:00:00Z",
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def client(receiver: Receiver) -> AsyncIterator[ServingClient]:
    async with ServingClient(receiver.url, timeout=5.0) as made:
        yield made


async def test_bodies_are_wrapped_and_answers_typed(client: ServingClient, receiver: Receiver) -> None:
    item = {"job_id": 2**62, "rank": 1, "score": 0.5, "similarity": -0.1, "propensity": 1.0}
    receiver.canned["/recommend"] = {"items": [item], "release_id": "r1", "stages_ms": {"encode": 1.5}}
    receiver.canned["/state"] = STATE
    answer = await client.recommend(REQUEST)
    assert receiver.requests == [REQUEST]
    assert (answer.items[0].job_id, answer.stages_ms) == (2**62, {"encode": 1.5})
    assert (await client.state()).started_at == datetime(2026, 1, 1, tzinfo=UTC)


async def test_changes(client: ServingClient, receiver: Receiver) -> None:
    jobs = tuple(JobDocument(job_id=key, title=f"Job {key}") for key in (1, 2))
    assert (await client.upsert_jobs(UpsertRequest(jobs=jobs))).changed == 2
    assert (await client.delete_jobs(DeleteRequest(job_ids=(1,)))).changed == 1
    assert receiver.jobs == {2: jobs[1]}
    event = UserEvent(event_id="e", user_id=1, job_id=2, kind="save", at=datetime.now(UTC))
    assert (await client.record_events(EventsRequest(events=(event,)))).applied == 1
    assert receiver.events == {"e": event}


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_trouble_over_there(status: int, client: ServingClient, receiver: Receiver) -> None:
    receiver.status = status
    with pytest.raises(ServingUnavailableError, match=str(status)):
        await client.recommend(REQUEST)
    assert not await client.ready()


@pytest.mark.parametrize("status", [400, 404, 422, 302])
async def test_refusals(status: int, client: ServingClient, receiver: Receiver) -> None:
    receiver.status = status
    with pytest.raises(ServingRejectedError) as caught:
        await client.recommend(REQUEST)
    assert caught.value.status == status


async def test_answers_outside_the_contract(client: ServingClient, receiver: Receiver) -> None:
    receiver.canned["/recommend"] = {"items": [{"job_id": 1}], "release_id": "r1"}
    with pytest.raises(ServingUnavailableError, match="RecommendResponse"):
        await client.recommend(REQUEST)


async def test_slowness_ends_at_the_timeout(receiver: Receiver) -> None:
    receiver.delay = 30.0
    async with ServingClient(receiver.url, timeout=0.05) as hasty:
        with pytest.raises(ServingTimeoutError):
            await hasty.recommend(REQUEST)
        assert not await hasty.ready()
    receiver.delay = 0.0


async def test_nobody_there() -> None:
    async with ServingClient(NOBODY) as client:
        with pytest.raises(ServingUnavailableError):
            await client.recommend(REQUEST)
        assert not await client.ready()
    assert issubclass(ServingUnavailableError, ServingError)


async def test_ready(client: ServingClient, receiver: Receiver) -> None:
    assert await client.ready()
    assert receiver.calls == ["/readyz"]
