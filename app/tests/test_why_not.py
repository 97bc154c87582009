"""Why a posting is not among the recommendations, asked over the API and answered by the real stages."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.db import Database
from app.tests.conftest import client_of
from app.tests.matcher import RELEASE, Matcher
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem


@pytest.fixture(scope="module")
async def client(matched: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(matched) as made:
        yield made


@pytest.fixture(scope="module")
async def seeker(client: httpx.AsyncClient) -> Person:
    return await People(client).seeker(skills=["Python", "PostgreSQL"], desired_title="Data Engineer")


@pytest.fixture(scope="module")
async def employer(client: httpx.AsyncClient) -> tuple[Person, str]:
    return await People(client).employer()


@pytest.fixture(scope="module")
async def market(employer: tuple[Person, str]) -> list[dict[str, Any]]:
    """The small release has five postings, under the first keys that a database hands out."""
    return [await post_job(*employer, title=f"Posting {n}") for n in range(7)]


def path(job: str, query: str = "") -> str:
    return f"/api/v2/recommendations/{job}/why-not/?{query}"


async def asked(person: Person, job: str, query: str = "") -> dict[str, Any]:
    answer = await person.get(path(job, query))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-jobpilot-bundle"] == RELEASE
    return dict(answer.json())


async def test_the_stage_that_lost_it_is_named(seeker: Person, market: list[dict[str, Any]]) -> None:
    answer = await asked(seeker, market[0]["id"], "limit=100")
    assert (answer["job_id"], answer["stopped_at"]) == (market[0]["id"], "shown")
    assert all(step["passed"] for step in answer["steps"])
    by_slug = await asked(seeker, market[0]["slug"], "limit=100")
    assert by_slug["job_id"] == market[0]["id"]
    filtered = await asked(seeker, market[0]["id"], "job_type=internship")
    assert filtered["stopped_at"] == "filters"
    assert filtered["steps"][-1]["reason"]
    assert (await asked(seeker, market[6]["id"]))["stopped_at"] == "unknown"  # not in the index yet


async def test_what_was_dismissed_is_said_to_be(
    seeker: Person, market: list[dict[str, Any]], database: Database
) -> None:
    event = {"event_id": "d", "job": market[1]["id"], "kind": "dismiss"}
    assert (await seeker.post("/api/v1/events/", json={"events": [event]})).status_code == 202
    assert (await asked(seeker, market[1]["id"]))["stopped_at"] == "dismissed"
    query = text("SELECT count(*) FROM impression")
    async with database.transaction() as session:
        assert await session.scalar(query) == 0  # asking shows nothing


async def test_what_is_not_there_or_cannot_be_asked(
    seeker: Person,
    employer: tuple[Person, str],
    market: list[dict[str, Any]],
    matcher: Matcher,
    matched: FastAPI,
) -> None:
    is_problem(await seeker.get(path(str(uuid.uuid4()))), 404, "not-found")
    is_problem(await seeker.get(path(market[0]["id"], "limit=0")), 422, "invalid-input")
    assert (await employer[0].post(f"/api/v1/jobs/{market[2]['id']}/close/")).status_code == 200
    is_problem(await seeker.get(path(market[2]["id"])), 410, "gone")
    matcher.status = 503
    try:
        is_problem(await seeker.get(path(market[0]["id"])), 503, "matching-unavailable")
    finally:
        matcher.status = 200
        matched.state.matching.breaker.succeeded()
