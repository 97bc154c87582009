from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.db import Database
from app.recommendation import repository
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

EVENTS = "/api/v1/events/"


@pytest.fixture(scope="module")
async def job(people: People) -> str:
    return str((await post_job(*await people.employer()))["id"])


def event(job: str, event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    return {"event_id": event_id, "job": job, "kind": "view"} | fields


async def send(person: Person, *events: dict[str, Any]) -> dict[str, Any]:
    answer = await person.post(EVENTS, json={"events": events})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def stored(database: Database, person: Person) -> list[Any]:
    query = text(
        "SELECT e.kind, e.at, e.request_id, e.user_id FROM event e JOIN app_user u ON u.id = e.user_id "
        "WHERE u.email = :email ORDER BY e.at"
    )
    async with database.transaction() as session:
        return list(await session.execute(query, {"email": person.email}))


async def test_a_batch_sent_again_changes_nothing(people: People, job: str, database: Database) -> None:
    person = await people.seeker()
    batch = [event(job, "e1"), event(job, "e2", kind="dismiss"), event(job, "e2", kind="click")]
    assert await send(person, *batch) == {"accepted": 2, "duplicates": 1, "unknown_jobs": []}
    assert await send(person, *batch) == {"accepted": 0, "duplicates": 3, "unknown_jobs": []}
    assert sorted(row.kind for row in await stored(database, person)) == ["dismiss", "view"]


async def test_event_ids_of_two_people_do_not_collide(people: People, job: str) -> None:
    first, second = await people.seeker(), await people.seeker()
    assert (await send(first, event(job)))["accepted"] == 1
    assert (await send(second, event(job)))["accepted"] == 1


async def test_unknown_postings_are_reported_and_the_rest_lands(people: People, job: str) -> None:
    unknown = str(uuid.uuid4())
    answer = await send(await people.seeker(), event(unknown, "e1"), event(job, "e2"))
    assert answer == {"accepted": 1, "duplicates": 0, "unknown_jobs": [unknown]}


async def test_times_are_kept_and_never_in_the_future(people: People, job: str, database: Database) -> None:
    person, request = await people.seeker(), str(uuid.uuid4())
    yesterday = datetime.now(UTC) - timedelta(days=1)
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    await send(
        person,
        event(job, "e1", at=yesterday.isoformat(), request_id=request),
        event(job, "e2", at=ahead.isoformat()),
    )
    rows = await stored(database, person)
    assert (rows[0].at, str(rows[0].request_id)) == (yesterday, request)
    assert rows[1].at < ahead


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "save"},
        {"kind": "impression"},
        {"event_id": ""},
        {"event_id": "x" * 65},
        {"event_id": "with space"},
        {"at": "2001-01-01T00:00:00Z"},
        {"at": "2999-01-01T00:00:00Z"},
        {"at": datetime.now().isoformat()},  # noqa: DTZ005 - the missing time zone is what is refused
        {"user_id": 1},
        {"job": "not-a-uuid"},
    ],
)
async def test_bad_events_are_refused_with_their_place(
    fields: dict[str, Any], people: People, job: str, database: Database
) -> None:
    person = await people.seeker()
    batch = [event(job, "good"), event(job, "bad") | fields]
    answer = await person.post(EVENTS, json={"events": batch})
    is_problem(answer, 422, "invalid-input")
    assert answer.json()["errors"][0]["pointer"].startswith("/body/events/1")
    assert await stored(database, person) == []


@pytest.mark.parametrize("number", [0, 101])
async def test_batches_have_1_to_100_events(number: int, people: People, job: str) -> None:
    batch = [event(job, f"e{i}") for i in range(number)]
    is_problem(await (await people.seeker()).post(EVENTS, json={"events": batch}), 422, "invalid-input")


async def test_history_is_the_newest_oldest_first_in_the_wires_words(
    people: People, job: str, database: Database
) -> None:
    person = await people.seeker()
    now = datetime.now(UTC)
    batch = [
        event(job, f"e{age}", kind=kind, at=(now - timedelta(hours=age)).isoformat())
        for age, kind in ((1, "click"), (3, "view"), (2, "dismiss"))
    ]
    await send(person, *batch)
    await person.post(f"/api/v1/jobs/{job}/save/")
    await person.call("DELETE", f"/api/v1/jobs/{job}/save/")
    user_id = (await stored(database, person))[0].user_id
    async with database.transaction() as session:
        user, hidden = await repository.known(session, user_id)
    history = user.history
    assert [item.kind for item in history] == ["view", "dismiss", "view", "save"]
    assert [item.at for item in history] == sorted(item.at for item in history)
    assert len(hidden) == 1
