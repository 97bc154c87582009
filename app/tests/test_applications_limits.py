"""Limits that hold however many ask at once (S-136, S-137), and requests that name themselves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app import idempotency
from app.db import Database
from app.main import create_app
from app.tests.conftest import client_of, settings_for
from app.tests.crowd import crowd, one
from app.tests.crowd import employer as new_employer
from app.tests.people import Person, post_job
from app.tests.test_problems import is_problem

JOBS = "/api/v1/jobs/"


@pytest.fixture
async def app(new_database: Callable[[], URL]) -> AsyncIterator[FastAPI]:
    made = create_app(settings_for(new_database(), max_saved_jobs=3, max_applications_per_day=2))
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as made:
        yield made


@pytest.fixture
async def employer(app: FastAPI, client: httpx.AsyncClient) -> tuple[Person, str]:
    return await new_employer(app, client)


async def count(app: FastAPI, query: str) -> int:
    database: Database = app.state.database
    async with database.transaction() as session:
        return int((await session.execute(text(query))).scalar_one())


async def insist(call: Callable[[], Any]) -> httpx.Response:
    """As a client does: "try again in a moment" is tried again."""
    for _ in range(50):
        answer: httpx.Response = await call()
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError("still busy")


async def test_200_parallel_applies_never_exceed_a_limit_of_50(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer, application_limit=50)
    people = await crowd(app, client, 200)
    path = f"{JOBS}{job['id']}/apply/"
    answers = await asyncio.gather(*(insist(lambda p=person: p.post(path)) for person in people))
    assert Counter(answer.status_code for answer in answers) == {201: 50, 410: 150}
    assert await count(app, "SELECT count(*) FROM job_application") == 50
    assert await count(app, "SELECT count(*) FROM event WHERE kind = 'apply'") == 50
    assert await count(app, "SELECT taken FROM job_counter") == 50
    assert await count(app, "SELECT sum(applied) FROM seeker_quota") == 50


async def test_50_parallel_saves_of_one_posting_make_one_row(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    person = await one(app, client)
    path = f"{JOBS}{job['id']}/save/"
    answers = await asyncio.gather(*(insist(lambda: person.post(path)) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}
    assert await count(app, "SELECT count(*) FROM saved_job") == 1
    assert await count(app, "SELECT saved_jobs FROM seeker_quota") == 1
    assert await count(app, "SELECT count(*) FROM event WHERE kind = 'save'") == 1


async def test_an_account_saves_no_more_than_it_may(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    """S-137: quota `max_saved_jobs`, also for different postings at once; a place given back is free."""
    jobs = [await post_job(*employer) for _ in range(8)]
    person = await one(app, client)
    paths = [f"{JOBS}{job['id']}/save/" for job in jobs]
    answers = await asyncio.gather(*(insist(lambda p=path: person.post(p)) for path in paths))
    assert Counter(answer.status_code for answer in answers) == {201: 3, 403: 5}
    refused = next(answer for answer in answers if answer.status_code == 403)
    is_problem(refused, 403, "quota-exceeded")
    assert await count(app, "SELECT count(*) FROM saved_job") == 3
    kept = next(path for path, answer in zip(paths, answers, strict=True) if answer.status_code == 201)
    assert (await person.post(kept)).status_code == 200  # saving it again needs no place
    await person.call("DELETE", kept)
    other = next(path for path, answer in zip(paths, answers, strict=True) if answer.status_code == 403)
    assert (await person.post(other)).status_code == 201
    assert (await person.post(kept)).status_code == 403


async def test_an_account_applies_no_more_often_a_day_than_it_may(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    """S-136: 403 over the quota, and tomorrow is another day."""
    jobs = [await post_job(*employer) for _ in range(6)]
    person = await one(app, client)
    paths = [f"{JOBS}{job['id']}/apply/" for job in jobs]
    answers = await asyncio.gather(*(insist(lambda p=path: person.post(p)) for path in paths))
    assert Counter(answer.status_code for answer in answers) == {201: 2, 403: 4}
    is_problem(next(answer for answer in answers if answer.status_code == 403), 403, "quota-exceeded")
    assert await count(app, "SELECT sum(taken) FROM job_counter") == 2
    database: Database = app.state.database
    async with database.transaction() as session:
        await session.execute(text("UPDATE seeker_quota SET applied_on = applied_on - 1"))
    left = next(path for path, answer in zip(paths, answers, strict=True) if answer.status_code == 403)
    assert (await person.post(left)).status_code == 201


async def test_a_withdrawn_application_leaves_its_place(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer, application_limit=1)
    first, second = await crowd(app, client, 2)
    path = f"{JOBS}{job['id']}/apply/"
    made = (await first.post(path)).json()
    is_problem(await second.post(path), 410, "gone")
    await first.post(f"/api/v1/applications/{made['id']}/withdraw/")
    assert (await second.post(path)).status_code == 201
    is_problem(await first.post(path), 409, "conflict")


async def test_a_place_comes_back_when_its_account_goes(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer, application_limit=1)
    first, second = await crowd(app, client, 2)
    await first.post(f"{JOBS}{job['id']}/apply/")
    database: Database = app.state.database
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM app_user WHERE email = :email"), {"email": first.email})
    assert (await second.post(f"{JOBS}{job['id']}/apply/")).status_code == 201


# -- Idempotency-Key ---------------------------------------------------------------------------------


async def test_a_key_repeats_the_answer_and_not_the_act(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    """S-136: the same key and body, the same answer; another body, 422; another account, another key."""
    job = await post_job(*employer)
    first, second = await crowd(app, client, 2)
    path = f"{JOBS}{job['id']}/apply/"

    async def send(person: Person, letter: str = "Hello.", key: str = "key-1") -> httpx.Response:
        headers = person.headers | {"Idempotency-Key": key}
        return await client.post(path, json={"cover_letter": letter}, headers=headers)

    made = await send(first)
    assert (made.status_code, "idempotency-replayed" in made.headers) == (201, False)
    again = await send(first)
    assert (again.status_code, again.json()) == (201, made.json())
    assert again.headers["idempotency-replayed"] == "true"
    is_problem(await send(first, letter="Other."), 422, "idempotency-key-reused")
    is_problem(await send(first, key="key-2"), 409, "conflict")
    assert (await send(second)).json()["id"] != made.json()["id"]
    assert await count(app, "SELECT count(*) FROM job_application") == 2
    is_problem(await send(first, key="with space"), 422, "invalid-input")
    is_problem(await send(first, key="x" * 201), 422, "invalid-input")


async def test_requests_of_one_key_at_once_apply_once(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    person = await one(app, client)
    headers = person.headers | {"Idempotency-Key": "at-once"}
    path = f"{JOBS}{job['id']}/apply/"
    answers = await asyncio.gather(*(client.post(path, headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert (await client.post(path, headers=headers)).status_code == 201
    assert await count(app, "SELECT count(*) FROM job_application") == 1


async def test_a_refused_request_does_not_use_up_its_key(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    person = await one(app, client)
    path = f"{JOBS}{job['id']}/"
    await employer[0].post(path + "pause/")
    headers = person.headers | {"Idempotency-Key": "patient"}
    is_problem(await client.post(path + "apply/", headers=headers), 404, "not-found")
    await employer[0].post(path + "resume/")
    assert (await client.post(path + "apply/", headers=headers)).status_code == 201


async def test_keys_are_forgotten_after_a_day(
    app: FastAPI, client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    person = await one(app, client)
    headers = person.headers | {"Idempotency-Key": "old"}
    path = f"{JOBS}{job['id']}/apply/"
    assert (await client.post(path, headers=headers)).status_code == 201
    database: Database = app.state.database
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE idempotency_record SET created_at = created_at - interval '24 hours'")
        )
    is_problem(await client.post(path, headers=headers), 409, "conflict")
    async with database.transaction() as session:
        await idempotency.forget_old(session)
    assert await count(app, "SELECT count(*) FROM idempotency_record") == 0
