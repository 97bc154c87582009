from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.db import Database
from app.main import create_app
from app.recommendation import baseline
from app.tests.conftest import client_of, settings_for
from app.tests.people import People, Person, post_job
from app.tests.receiver import Receiver, receiving
from app.tests.test_problems import is_problem

FEED, SCORE = "/api/v2/recommendations/", "/api/v2/matching/score/"
EMPLOYER_JOBS: list[dict[str, Any]] = [
    {"title": "Python Developer", "skills": ["Python", "AWS"], "location": "Berlin, Germany"},
    {
        "title": "Data Engineer",
        "description": "You know Python well.",
        "location": "Madrid",
        "remote": "remote",
    },
    {"title": "Nurse", "skills": ["Care"], "location": "Berlin", "job_type": "part-time"},
    {"title": "Rustacean", "skills": ["Rust"], "salary_min": 90000, "salary_currency": "EUR"},
]


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture(scope="module")
async def market(employer: tuple[Person, str]) -> dict[str, str]:
    """Title -> id."""
    return {row["title"]: (await post_job(*employer, **row))["id"] for row in EMPLOYER_JOBS}


async def feed(person: Person, query: str = "") -> dict[str, Any]:
    answer = await person.get(f"{FEED}?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def titles(answer: dict[str, Any]) -> list[str]:
    return [row["job"]["title"] for row in answer["results"]]


async def impressions(database: Database, request_id: str) -> list[Any]:
    query = text(
        "SELECT i.rank, j.public_id::text AS job, i.score, i.propensity, i.release_id FROM impression i "
        "JOIN job j ON j.id = i.job_id WHERE i.request_id = :id ORDER BY i.rank"
    )
    async with database.transaction() as session:
        return list(await session.execute(query, {"id": request_id}))


# -- serving absent: the labelled baseline ---------------------------------------------------------


@pytest.mark.usefixtures("market")
async def test_without_serving_the_database_answers_and_says_so(people: People, database: Database) -> None:
    person = await people.seeker(skills=["python", "aws"], location="Berlin, Germany")
    response = await person.get(FEED)
    answer = response.json()
    assert (answer["degraded"], answer["release_id"]) == (True, baseline.RELEASE_ID)
    assert titles(answer)[:2] == ["Python Developer", "Data Engineer"]
    assert response.headers["x-jobpilot-bundle"] == baseline.RELEASE_ID
    stages = re.findall(r"([a-z]+);dur=[0-9.]+", response.headers["server-timing"])
    assert {"profile", "serving", "baseline", "show"} <= set(stages)
    logged = await impressions(database, answer["request_id"])
    shown = [(row["rank"], row["job"]["id"], row["score"]) for row in answer["results"]]
    assert [(row.rank, row.job, row.score) for row in logged] == shown
    assert {(row.propensity, row.release_id) for row in logged} == {(1.0, baseline.RELEASE_ID)}


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("remote=remote", {"Data Engineer"}),
        ("job_type=part-time", {"Nurse"}),
        ("near=Berlin", {"Python Developer", "Nurse"}),
        ("near=100%25", set()),
        ("salary_min=90000", {"Rustacean"}),
        ("salary_min=90001", set()),
    ],
)
async def test_filters_hold_in_the_baseline(query: str, expected: set[str], people: People) -> None:
    assert set(titles(await feed(await people.seeker(skills=["python"]), query))) == expected


@pytest.mark.usefixtures("market")
async def test_an_empty_profile_still_gets_something(people: People) -> None:
    answer = await feed(await people.seeker(), "limit=3")
    assert [row["rank"] for row in answer["results"]] == [1, 2, 3]


async def test_what_was_dismissed_applied_to_or_seen_is_left_out(
    people: People, market: dict[str, str]
) -> None:
    person = await people.seeker(skills=["python"])
    event = {"event_id": "d", "job": market["Data Engineer"], "kind": "dismiss"}
    assert (await person.post("/api/v1/events/", json={"events": [event]})).status_code == 202
    await person.post(f"/api/v1/jobs/{market['Nurse']}/apply/")
    left = {"Python Developer", "Rustacean"}
    assert set(titles(await feed(person))) == left
    assert set(titles(await feed(person))) == left
    assert titles(await feed(person, "exclude_seen=true")) == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "radius_km=0", "remote=moon", "salary_min=-1", "unknown=1", "near=%00"]
)
async def test_bad_queries_are_refused(query: str, people: People) -> None:
    is_problem(await (await people.seeker()).get(f"{FEED}?{query}"), 422, "invalid-input")


async def test_scores_need_the_model(people: People, market: dict[str, str]) -> None:
    answer = await (await people.seeker()).post(SCORE, json={"job_ids": list(market.values())})
    is_problem(answer, 503, "matching-unavailable")
    assert int(answer.headers["retry-after"]) > 0


# -- on the wire: what is asked, and what is done with an answer ------------------------------------


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def wired(database: Database, receiver: Receiver) -> AsyncIterator[FastAPI]:
    app = create_app(settings_for(database.url, receiver.url, serving_timeout_s=0.5))
    receiver.status, receiver.delay = 200, 0.0
    receiver.canned.clear()
    receiver.requests.clear()
    receiver.calls.clear()
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def wired_client(wired: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(wired) as made:
        yield made


async def keys(database: Database) -> dict[str, int]:
    async with database.transaction() as session:
        rows = await session.execute(text("SELECT public_id::text, id FROM job"))
        return {row[0]: row[1] for row in rows}


def item(job_id: int, rank: int, **fields: Any) -> dict[str, Any]:
    return {"job_id": job_id, "rank": rank, "score": 1 / rank, "similarity": 0.1, "propensity": 0.5} | fields


async def test_the_seeker_is_described_and_the_answer_shown_in_its_order(
    wired_client: httpx.AsyncClient, receiver: Receiver, database: Database, market: dict[str, str]
) -> None:
    person = await People(wired_client).seeker(
        skills=["Go", "SQL"], desired_title="Engineer", location="Oslo", salary_min=5, resume_text="I build."
    )
    await person.post(f"/api/v1/jobs/{market['Nurse']}/save/")
    ids = await keys(database)
    nurse, rust, gone = ids[market["Nurse"]], ids[market["Rustacean"]], 999_999
    reason = {"kind": "skill", "detail": "Go"}
    receiver.canned["/recommend"] = {
        "items": [item(nurse, 3), item(gone, 2), item(rust, 1, reasons=[reason], propensity=0.25)],
        "release_id": "release-7",
        "stages_ms": {"encode": 2.5},
    }
    response = await person.get(f"{FEED}?limit=5&remote=hybrid&near=Oslo&radius_km=9&job_type=contract")
    answer = response.json()
    assert (answer["degraded"], answer["release_id"]) == (False, "release-7")
    assert titles(answer) == ["Rustacean", "Nurse"]
    assert answer["results"][0]["reasons"] == [reason]
    assert "serving.encode;dur=2.5" in response.headers["server-timing"]
    logged = await impressions(database, answer["request_id"])
    assert [(row.rank, row.job, row.propensity) for row in logged] == [
        (1, market["Rustacean"], 0.25),
        (2, market["Nurse"], 0.5),
    ]
    (asked,) = receiver.requests
    assert (asked.user.skills, asked.user.location, asked.user.salary_min) == (("Go", "SQL"), "Oslo", 5)
    assert (asked.user.desired_title, asked.user.resume_text) == ("Engineer", "I build.")
    assert [(event.job_id, event.kind) for event in asked.user.history] == [(nurse, "save")]
    assert asked.filters.model_dump(include={"remote", "near", "radius_km", "job_types"}) == {
        "remote": ("hybrid",),
        "near": "Oslo",
        "radius_km": 9.0,
        "job_types": ("contract",),
    }


async def test_a_posting_closed_since_the_index_heard_of_it_is_dropped(
    wired_client: httpx.AsyncClient,
    receiver: Receiver,
    database: Database,
    employer: tuple[Person, str],
) -> None:
    person = await People(wired_client).seeker()
    job = await post_job(*employer, title="Closing")
    key = (await keys(database))[job["id"]]
    receiver.canned["/recommend"] = {"items": [item(key, 1)], "release_id": "r"}
    assert titles(await feed(person)) == ["Closing"]
    await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")
    answer = await feed(person)
    assert (answer["results"], answer["degraded"]) == ([], False)


@pytest.mark.parametrize("trouble", ["slow", "broken", "refusing", "talking nonsense"])
async def test_every_trouble_of_serving_is_a_labelled_answer(
    trouble: str, wired: FastAPI, wired_client: httpx.AsyncClient, receiver: Receiver, market: dict[str, str]
) -> None:
    person = await People(wired_client).seeker()
    receiver.delay = 30.0 if trouble == "slow" else 0.0
    receiver.status = {"broken": 503, "refusing": 400}.get(trouble, 200)
    answers = [await feed(person) for _ in range(5)]
    assert {answer["degraded"] for answer in answers} == {True}
    assert all(titles(answer) for answer in answers)
    asked = receiver.calls.count("/recommend")
    # After three failures it is left alone; a refusal is an answer, so it does not count.
    assert (asked, wired.state.matching.breaker.is_open) == (
        (5, False) if trouble == "refusing" else (3, True)
    )
    receiver.status, receiver.delay = 200, 0.0
    wired.state.matching.breaker.succeeded()
    receiver.canned["/recommend"] = {"items": [], "release_id": "r"}
    assert (await feed(person))["degraded"] is False


async def test_scores(
    wired_client: httpx.AsyncClient, receiver: Receiver, database: Database, market: dict[str, str]
) -> None:
    person = await People(wired_client).seeker(skills=["Rust"])
    ids = await keys(database)
    nurse, rust = market["Nurse"], market["Rustacean"]
    unknown = "01a20c33-e22b-7f58-a19f-fb2338a511cb"
    receiver.canned["/score"] = {
        "items": [item(ids[rust], 2), item(2**62, 1, score=0.9, reasons=[{"kind": "title", "detail": "x"}])],
        "unknown_job_ids": [ids[nurse]],
        "release_id": "r",
    }
    body = {"job_ids": [nurse, rust, unknown, rust], "jobs": [{"id": "mine-1", "title": "Rust developer"}]}
    answer = (await person.post(SCORE, json=body)).json()
    assert [(row["id"], row["score"]) for row in answer["results"]] == [("mine-1", 0.9), (rust, 0.5)]
    assert answer["unknown_job_ids"] == [nurse, unknown]
    own = {"skills": ["Ada"], "desired_title": "Pilot", "experience_years": 3}
    await person.post(SCORE, json=body | {"profile": own})
    first, second = receiver.requests
    assert (sorted(first.job_ids), first.user.skills) == (sorted([ids[nurse], ids[rust]]), ("Rust",))
    assert [job.title for job in first.jobs] == ["Rust developer"]
    assert (second.user.user_id, second.user.skills, second.user.desired_title) == (0, ("Ada",), "Pilot")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"job_ids": []},
        {"job_ids": ["1"]},
        {"job_ids": ["01a20c33-e22b-7f58-a19f-fb2338a511cb"] * 101},
        {"jobs": [{"id": "a", "title": "x"}, {"id": "a", "title": "y"}]},
        {"jobs": [{"id": "a", "title": ""}]},
        {"jobs": [{"id": "a", "title": "x", "score": 1}]},
        {"profile": {"user_id": 7}, "jobs": [{"id": "a", "title": "x"}]},
    ],
)
async def test_bad_scoring_requests_are_refused(body: dict[str, Any], people: People) -> None:
    is_problem(await (await people.seeker()).post(SCORE, json=body), 422, "invalid-input")


async def test_s116_between_equals_the_baseline_prefers_what_others_applied_to(
    people: People, employer: tuple[Person, str], database: Database
) -> None:
    twins = [await post_job(*employer, title=f"Cobol Twin {n}", skills=["Cobol"]) for n in (1, 2)]
    person = await people.seeker(skills=["cobol"])
    assert titles(await feed(person))[:2] == ["Cobol Twin 2", "Cobol Twin 1"]  # the newer first
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO job_counter (job_id, save_count) "
                "SELECT id, 5 FROM job WHERE public_id = CAST(:id AS uuid) "
                "ON CONFLICT (job_id) DO UPDATE SET save_count = excluded.save_count"
            ),
            {"id": twins[0]["id"]},
        )
    assert titles(await feed(person))[:2] == ["Cobol Twin 1", "Cobol Twin 2"]
