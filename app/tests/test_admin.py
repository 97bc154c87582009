"""S-104: moderation, and the log that tells what staff did."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.main import create_app
from app.tests.conftest import client_of, plain, settings_for
from app.tests.crowd import crowd, one
from app.tests.crowd import employer as new_employer
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

ADMIN = "/api/v1/admin/"
JOBS = "/api/v1/jobs/"


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture(scope="module")
async def staff(application: FastAPI, client: httpx.AsyncClient) -> Person:
    return await one(application, client, staff=True)


async def moderate(staff: Person, job: str, action: str, reason: str = "") -> httpx.Response:
    return await staff.post(f"{ADMIN}jobs/{job}/moderate/", json={"action": action, "reason": reason})


async def log(staff: Person, target: str) -> list[dict[str, Any]]:
    answer = await staff.get(f"{ADMIN}audit/?target={target}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


async def test_staff_find_every_posting(staff: Person, employer: tuple[Person, str]) -> None:
    person, company = employer
    draft = await post_job(person, company, title="Needle 100%", status="draft")
    await post_job(person, company, title="Hay")
    for query in ("q=needle 100%25", "status=draft", f"company={company}&status=draft"):
        found = (await staff.get(f"{ADMIN}jobs/?{query}")).json()["results"]
        assert draft["id"] in {row["id"] for row in found}, query
        assert "Hay" not in {row["title"] for row in found}
    assert (await staff.get(f"{ADMIN}jobs/?source=import")).json()["results"] == []
    assert (await staff.get(f"{ADMIN}jobs/?featured=true")).json()["results"] == []
    everything = (await staff.get(f"{ADMIN}jobs/?source=employer&featured=false&limit=1")).json()
    assert everything["pagination"]["total_count"] >= 2
    assert (await staff.get(f"{ADMIN}jobs/{draft['id']}/")).json()["title"] == "Needle 100%"
    is_problem(await staff.get(f"{ADMIN}jobs/none/"), 404, "not-found")


async def test_near_duplicates_are_counted(staff: Person, people: People) -> None:
    person, company = await people.employer()
    words = "We look for somebody who builds pipelines in Python with our team in Berlin. " * 5
    for _ in range(2):
        await post_job(person, company, title="Twin", description=words)
    await post_job(person, company, title="Else", description="Care for people by day and by night.")
    found = (await staff.get(f"{ADMIN}jobs/?company={company}")).json()["results"]
    assert [(row["title"], row["near_duplicates"]) for row in found] == [
        ("Else", 0),
        ("Twin", 1),
        ("Twin", 1),
    ]


async def test_staff_create_and_edit_for_any_company(staff: Person, employer: tuple[Person, str]) -> None:
    made = await staff.post(f"{ADMIN}jobs/", json={"company": employer[1], "title": "By staff"})
    assert made.status_code == 201, made.text
    job = made.json()
    tag = (await staff.get(f"{ADMIN}jobs/{job['id']}/")).headers["etag"]
    path = f"{ADMIN}jobs/{job['id']}/"
    body = {"title": "Better", "description": "Text."}
    headers = staff.headers | {"If-Match": tag}
    changed = await staff.client.patch(path, json=body, headers=headers)
    assert (changed.status_code, changed.json()["title"]) == (200, "Better")
    is_problem(await staff.client.patch(path, json=body, headers=headers), 412, "precondition-failed")
    is_problem(await staff.post(f"{ADMIN}jobs/", json={"company": "none", "title": "x"}), 404, "not-found")
    assert [(row["action"], row["detail"]) for row in await log(staff, job["id"])] == [
        ("job.edit", {"fields": ["description", "title"]}),
        ("job.create", {"status": "active"}),
    ]


async def test_featuring(staff: Person, employer: tuple[Person, str], client: httpx.AsyncClient) -> None:
    """S-356: is_featured is staff's to set, on active postings, and ends with them."""
    job = await post_job(*employer)
    assert (await moderate(staff, job["id"], "feature")).json()["is_featured"]
    assert (await client.get(f"{JOBS}{job['id']}/")).json()["is_featured"]
    assert (await moderate(staff, job["id"], "feature")).status_code == 200
    assert not (await moderate(staff, job["id"], "unfeature")).json()["is_featured"]
    await moderate(staff, job["id"], "feature")
    await employer[0].post(f"{JOBS}{job['id']}/close/")
    assert not (await employer[0].get(f"{JOBS}{job['id']}/")).json()["is_featured"]
    is_problem(await moderate(staff, job["id"], "feature"), 409, "conflict")
    assert [row["action"] for row in await log(staff, job["id"])] == [
        "job.feature",
        "job.unfeature",
        "job.feature",
    ]


async def test_removing_and_taking_it_back(
    staff: Person, employer: tuple[Person, str], client: httpx.AsyncClient
) -> None:
    job = await post_job(*employer)
    removed = await moderate(staff, job["id"], "remove", reason="asks for money")
    assert removed.json()["status"] == "removed"
    is_problem(await client.get(f"{JOBS}{job['id']}/"), 410, "gone")
    is_problem(await employer[0].post(f"{JOBS}{job['id']}/reopen/"), 409, "conflict")
    is_problem(await moderate(staff, job["id"], "activate"), 409, "conflict")
    assert (await moderate(staff, job["id"], "restore")).json()["status"] == "closed"
    is_problem(await moderate(staff, job["id"], "restore"), 409, "conflict")
    assert (await employer[0].post(f"{JOBS}{job['id']}/reopen/")).json()["status"] == "active"
    newest, oldest = await log(staff, job["id"])
    assert (newest["action"], oldest["action"]) == ("job.restore", "job.remove")
    assert oldest["detail"] == {"before": "active", "after": "removed", "reason": "asks for money"}
    assert oldest["actor"] == staff.tokens["user"]["id"]
    assert oldest["request_id"]


@pytest.mark.parametrize(
    ("action", "status"), [("close", "closed"), ("expire", "expired"), ("pause", "paused")]
)
async def test_other_ends(action: str, status: str, staff: Person, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer)
    assert (await moderate(staff, job["id"], action)).json()["status"] == status
    assert (await moderate(staff, job["id"], action)).status_code == 200
    assert len(await log(staff, job["id"])) == 1


async def test_bulk_actions_stand_alone(staff: Person, employer: tuple[Person, str]) -> None:
    """Each item has its own status; what is refused for one leaves the others done and logged."""
    active = [await post_job(*employer) for _ in range(3)]
    closed = await post_job(*employer)
    await employer[0].post(f"{JOBS}{closed['id']}/close/")
    unknown = str(uuid.uuid4())
    ids = [active[0]["id"], closed["id"], unknown, active[1]["id"], active[2]["id"], active[0]["id"]]
    body = {"action": "pause", "jobs": ids, "reason": "sweep"}
    answer = (await staff.post(f"{ADMIN}jobs/bulk/", json=body)).json()["results"]
    assert [(row["job"], row["status"]) for row in answer] == [
        (active[0]["id"], 200),
        (closed["id"], 409),
        (unknown, 404),
        (active[1]["id"], 200),
        (active[2]["id"], 200),
    ]
    for job in active:
        assert (await staff.get(f"{ADMIN}jobs/{job['id']}/")).json()["status"] == "paused"
        assert len(await log(staff, job["id"])) == 1
    assert await log(staff, closed["id"]) == []


@pytest.mark.parametrize("number", [0, 101])
async def test_bulk_takes_1_to_100(number: int, staff: Person) -> None:
    body = {"action": "close", "jobs": [str(uuid.uuid4()) for _ in range(number)]}
    is_problem(await staff.post(f"{ADMIN}jobs/bulk/", json=body), 422, "invalid-input")


async def test_accounts_are_found_and_shut(
    staff: Person, people: People, application: FastAPI, client: httpx.AsyncClient
) -> None:
    """Deactivating ends what the account was signed in with; nobody shuts their own."""
    (person,) = await crowd(application, client, 1)
    account = person.tokens["user"]["id"]
    found = (await staff.get(f"{ADMIN}users/?q={person.email}&active=true")).json()["results"]
    assert [(row["id"], row["is_staff"]) for row in found] == [(account, False)]
    assert "password" not in str(found)
    body = {"reason": "spam"}
    shut = await staff.post(f"{ADMIN}users/{account}/deactivate/", json=body)
    assert (shut.status_code, shut.json()["is_active"]) == (200, False)
    is_problem(await person.get("/api/v1/saved/"), 401, "invalid-token")
    assert (await staff.get(f"{ADMIN}users/?q={person.email}&active=true")).json()["results"] == []
    opened = await staff.post(f"{ADMIN}users/{account}/activate/")
    assert opened.json()["is_active"]
    is_problem(await person.get("/api/v1/saved/"), 401, "invalid-token")
    own = staff.tokens["user"]["id"]
    is_problem(await staff.post(f"{ADMIN}users/{own}/deactivate/"), 409, "conflict")
    is_problem(await staff.post(f"{ADMIN}users/{uuid.uuid4()}/deactivate/"), 404, "not-found")
    assert [row["action"] for row in await log(staff, account)] == ["user.activate", "user.deactivate"]
    listed = (await staff.get(f"{ADMIN}users/?staff=true")).json()["results"]
    assert [row["id"] for row in listed] == [own]


# -- the audit log -------------------------------------------------------------------------------------


@pytest.fixture
async def app(new_database: Callable[[], URL]) -> AsyncIterator[FastAPI]:
    made = create_app(settings_for(new_database()))
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def chain(app: FastAPI) -> AsyncIterator[tuple[Person, str]]:
    """A staff member who has done ten things, and the database's address."""
    async with client_of(app) as client:
        staff = await one(app, client, staff=True)
        employer, company = await new_employer(app, client)
        jobs = [await post_job(employer, company) for _ in range(5)]
        for job in jobs:
            assert (await moderate(staff, job["id"], "pause", reason="ü & <x>")).status_code == 200
            assert (await moderate(staff, job["id"], "remove")).status_code == 200
        yield staff, plain(app.state.database.url)


async def verdict(staff: Person) -> dict[str, Any]:
    return dict((await staff.get(f"{ADMIN}audit/verify/")).json())


async def test_an_untouched_log_is_intact(chain: tuple[Person, str]) -> None:
    staff, _ = chain
    found = await verdict(staff)
    assert (found["entries"], found["intact"], found["broken_at"]) == (10, True, None)
    newest = (await staff.get(f"{ADMIN}audit/?limit=1")).json()["results"][0]
    assert (newest["id"], newest["hash"]) == (10, found["head"])
    some = (await staff.get(f"{ADMIN}audit/?action=job.pause&limit=2&page=2")).json()
    assert some["pagination"]["total_count"] == 5
    assert [row["id"] for row in some["results"]] == [5, 3]


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit_log SET detail = '{}' WHERE id = 4", 4),
        ("UPDATE audit_log SET actor = gen_random_uuid() WHERE id = 1", 1),
        ("UPDATE audit_log SET at = at - interval '1 second' WHERE id = 10", 10),
        ("UPDATE audit_log SET request_id = 'x' WHERE id = 7", 7),
        ("DELETE FROM audit_log WHERE id = 6", 7),
        ("DELETE FROM audit_log WHERE id <= 2", 3),
        ("UPDATE audit_log SET hash = decode(repeat('00', 32), 'hex') WHERE id = 5", 5),
    ],
)
async def test_tampering_shows(tampering: str, broken_at: int, chain: tuple[Person, str]) -> None:
    staff, address = chain
    with psycopg.connect(address, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            connection.execute(tampering.encode())
        connection.execute("ALTER TABLE audit_log DISABLE TRIGGER USER")
        connection.execute(tampering.encode())
    found = await verdict(staff)
    assert (found["intact"], found["broken_at"]) == (False, broken_at)


async def test_the_log_cannot_be_emptied(chain: tuple[Person, str]) -> None:
    with (
        psycopg.connect(chain[1]) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="append-only"),
    ):
        connection.execute("TRUNCATE audit_log")


async def test_entries_made_at_once_form_one_chain(app: FastAPI) -> None:
    async with client_of(app) as client:
        staff = await crowd(app, client, 4, staff=True)
        employer, company = await new_employer(app, client)
        jobs = [await post_job(employer, company) for _ in range(12)]
        await asyncio.gather(
            *(moderate(staff[n % 4], job["id"], "pause") for n, job in enumerate(jobs)),
        )
        found = await verdict(staff[0])
        assert (found["entries"], found["intact"]) == (12, True)


async def test_what_is_refused_is_not_logged(app: FastAPI) -> None:
    async with client_of(app) as client:
        staff = await one(app, client, staff=True)
        employer, company = await new_employer(app, client)
        job = await post_job(employer, company)
        is_problem(await moderate(staff, job["id"], "restore"), 409, "conflict")
        assert (await verdict(staff))["entries"] == 0
        database: Database = app.state.database
        async with database.transaction() as session:
            rows = await session.execute(text("SELECT count(*) FROM audit_log"))
            assert rows.scalar_one() == 0
