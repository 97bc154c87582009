"""`Idempotency-Key` on everything that makes something: one act, one answer (S-136)."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.tests.conftest import plain
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

API = "/api/v1"
#: What is made -> (path, body, another body, rows that exist for each one made)
MADE: dict[str, tuple[str, Any, Any, str]] = {
    "job": (
        "/jobs/",
        {"company": "{company}", "title": "Baker"},
        {"company": "{company}", "title": "Cook"},
        "SELECT count(*) FROM job WHERE title = 'Baker'",
    ),
    "job by staff": (
        "/admin/jobs/",
        {"company": "{company}", "title": "Night Baker"},
        {"company": "{company}", "title": "Cook"},
        "SELECT count(*) FROM job WHERE title = 'Night Baker'",
    ),
    "company": (
        "/companies/",
        {"name": "Twice Bakery"},
        {"name": "Other Bakery"},
        "SELECT count(*) FROM company WHERE name = 'Twice Bakery'",
    ),
    "saved search": (
        "/saved-searches/",
        {"name": "bread", "query": {"q": "bread"}},
        {"name": "cake", "query": {"q": "cake"}},
        "SELECT count(*) FROM saved_search WHERE name = 'bread'",
    ),
    "application": (
        "/jobs/{job}/apply/",
        {"cover_letter": "Hello."},
        {"cover_letter": "Good evening."},
        "SELECT count(*) FROM job_application",
    ),
    "events": (
        "/events/",
        {"events": [{"event_id": "01993b1e-7c1a-7a39-9f57-5b3f2c1d0e4a", "job": "{job}", "kind": "click"}]},
        {"events": [{"event_id": "01993b1e-7c1a-7a39-9f57-5b3f2c1d0e4b", "job": "{job}", "kind": "click"}]},
        "SELECT count(*) FROM event WHERE kind = 'click'",
    ),
    "export": ("/auth/exports/", None, None, "SELECT count(*) FROM data_export"),
}


class Desk:
    """Somebody who may do all of it, at a posting and a company."""

    def __init__(
        self, client: httpx.AsyncClient, person: Person, other: Person, names: dict[str, str]
    ) -> None:
        self.client, self.person, self.other, self.names = client, person, other, names

    def filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.filled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        for name, known in self.names.items():
            value = value.replace("{" + name + "}", known)
        return value

    async def send(
        self, path: str, body: Any, key: str | None, person: Person | None = None
    ) -> httpx.Response:
        headers = (person or self.person).headers | ({"Idempotency-Key": key} if key else {})
        content = None if body is None else self.filled(body)
        return await self.client.post(f"{API}{self.filled(path)}", json=content, headers=headers)


@pytest.fixture
async def desk(client: httpx.AsyncClient, people: People, database_url: URL) -> Desk:
    person, company = await people.employer()
    owner, theirs = await people.employer()
    job = await post_job(owner, theirs)
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        connection.execute("UPDATE app_user SET is_staff = true WHERE email = %s", (person.email,))
        for table in ("saved_search", "job_application", "event", "data_export", "idempotency_record"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        connection.execute("DELETE FROM job WHERE title IN ('Baker', 'Night Baker')")
        connection.execute("DELETE FROM company WHERE name = 'Twice Bakery'")
    return Desk(client, person, owner, {"company": company, "job": job["id"]})


async def count(app: FastAPI, query: str) -> int:
    database: Database = app.state.database
    async with database.transaction() as session:
        return int((await session.execute(text(query))).scalar_one())


@pytest.mark.parametrize("made", MADE)
async def test_repeating_a_request_repeats_its_answer_and_not_the_act(
    application: FastAPI, desk: Desk, made: str
) -> None:
    path, body, other_body, rows = MADE[made]
    first = await desk.send(path, body, "key-1")
    assert first.status_code in (201, 202), first.text
    assert "idempotency-replayed" not in first.headers
    again = await desk.send(path, body, "key-1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers.get("etag") == first.headers.get("etag")
    assert await count(application, rows) == 1
    if other_body is not None:
        is_problem(await desk.send(path, other_body, "key-1"), 422, "idempotency-key-reused")
    elsewhere = await desk.send("/jobs/{job}/apply/", {"cover_letter": "Elsewhere."}, "key-1")
    is_problem(elsewhere, 422, "idempotency-key-reused")
    is_problem(await desk.send(path, body, "with space"), 422, "invalid-input")


@pytest.mark.parametrize("made", MADE)
async def test_two_at_once_are_done_once(application: FastAPI, desk: Desk, made: str) -> None:
    """One is answered, the other is told to wait or gets the same answer; later both get it."""
    path, body, _, rows = MADE[made]
    answers = await asyncio.gather(*(desk.send(path, body, "at-once") for _ in range(2)))
    done = [answer for answer in answers if answer.status_code in (201, 202)]
    for answer in answers:
        if answer not in done:
            is_problem(answer, 409, "conflict")
            assert int(answer.headers["retry-after"]) >= 1
    assert done
    assert len({answer.content for answer in done}) == 1
    assert await count(application, rows) == 1
    assert (await desk.send(path, body, "at-once")).content == done[0].content


async def test_while_the_first_is_being_answered_the_second_is_refused(
    application: FastAPI, desk: Desk, database_url: URL
) -> None:
    """Whoever holds the key's lock is the one that answers."""
    me = await desk.person.get(f"{API}/auth/profile/")
    assert me.status_code == 200
    with psycopg.connect(plain(database_url)) as running:
        row = running.execute("SELECT id FROM app_user WHERE email = %s", (desk.person.email,)).fetchone()
        assert row is not None
        name = f"idempotency {row[0]} slow"
        running.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))
        is_problem(await desk.send("/companies/", {"name": "Twice Bakery"}, "slow"), 409, "conflict")
        running.rollback()
    assert (await desk.send("/companies/", {"name": "Twice Bakery"}, "slow")).status_code == 201


async def test_a_key_is_an_accounts_own_and_lives_for_a_day(application: FastAPI, desk: Desk) -> None:
    path, body, _, _ = MADE["saved search"]
    mine = await desk.send(path, body, "mine")
    theirs = await desk.send(path, body, "mine", desk.other)
    assert (theirs.status_code, "idempotency-replayed" in theirs.headers) == (201, False)
    assert theirs.json()["id"] != mine.json()["id"]
    database: Database = application.state.database
    async with database.transaction() as session:
        await session.execute(text("UPDATE idempotency_record SET created_at = now() - interval '24 hours'"))
    is_problem(await desk.send(path, body, "mine"), 409, "conflict")  # asked anew, and it is there already


async def test_a_refused_request_leaves_its_key_free(desk: Desk) -> None:
    wrong = {"company": "nobody", "title": "Baker"}
    is_problem(await desk.send("/jobs/", wrong, "free"), 404, "not-found")
    assert (await desk.send("/jobs/", {"company": "{company}", "title": "Baker"}, "free")).status_code == 201


async def test_without_a_key_nothing_is_remembered(application: FastAPI, desk: Desk) -> None:
    path, body, _, rows = MADE["job"]
    for _ in range(2):
        assert (await desk.send(path, body, None)).status_code == 201
    assert await count(application, "SELECT count(*) FROM idempotency_record") == 0
    assert await count(application, rows) == 2


def test_the_document_names_the_key_wherever_something_is_made(application: FastAPI) -> None:
    """Every POST that answers an account with 201 takes the key, or is one of those that need none."""
    makes, takes = set(), set()
    for path, methods in application.openapi()["paths"].items():
        operation = methods.get("post", {"responses": {}, "x-policy": "public"})
        if "201" in operation["responses"] and operation["x-policy"] != "public":
            makes.add(path)
        if "idempotency-key" in {item["name"].lower() for item in operation.get("parameters", ())}:
            takes.add(path)
            assert "409" in operation["responses"], path
    # saving twice is saving once; a second factor's secret is not to be stored
    assert makes - takes == {"/api/v1/jobs/{job}/save/", "/api/v1/auth/second-factor/"}
    assert {"/api/v1/events/", "/api/v1/auth/exports/"} <= takes
