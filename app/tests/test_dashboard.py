"""S-138, S-139: the figures and the feed of a seeker's own page."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.dashboard.service import COMPLETING
from app.db import Database
from app.recommendation.baseline import RELEASE_ID
from app.tests.crowd import crowd, one
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem
from app.user.schemas import ProfileAnswer

STATS, FEED = "/api/v1/dashboard/stats/", "/api/v1/dashboard/recent-activity/"


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture
async def seeker(application: FastAPI, client: httpx.AsyncClient) -> Person:
    return await one(application, client)


async def sql(database: Database, statement: str, **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement), values)


async def stats(person: Person, window: str = "") -> dict[str, Any]:
    answer = await person.get(STATS + (f"?window={window}" if window else ""))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_nobody_has_done_anything_at_first(seeker: Person) -> None:
    found = await stats(seeker)
    assert (found["window"], found["match_threshold"]) == ("30d", 0.5)
    assert found["saved"] == found["applied"] == {"total": 0, "in_window": 0}
    assert (found["views"], found["matches"]) == (0, 0)
    assert (await seeker.get(FEED)).json()["results"] == []


async def test_counts_of_all_time_and_of_the_window(
    seeker: Person, employer: tuple[Person, str], database: Database
) -> None:
    jobs = [await post_job(*employer) for _ in range(3)]
    for job in jobs:
        await seeker.get(f"/api/v1/jobs/{job['id']}/")
        await seeker.post(f"/api/v1/jobs/{job['id']}/save/")
    applications = [(await seeker.post(f"/api/v1/jobs/{job['id']}/apply/")).json() for job in jobs]
    await seeker.post(f"/api/v1/applications/{applications[0]['id']}/withdraw/")
    whose = "user_id = (SELECT id FROM app_user WHERE email = :email)"
    for table, job in (("saved_job", jobs[0]), ("job_application", jobs[1])):
        await sql(
            database,
            f"UPDATE {table} SET created_at = now() - interval '10 days' "  # noqa: S608
            f"WHERE {whose} AND job_id = (SELECT id FROM job WHERE public_id = :job)",
            email=seeker.email,
            job=job["id"],
        )
    week, month = await stats(seeker, "7d"), await stats(seeker, "30d")
    assert (week["saved"], month["saved"]) == ({"total": 3, "in_window": 2}, {"total": 3, "in_window": 3})
    assert (week["applied"], month["applied"]) == (
        {"total": 2, "in_window": 1},
        {"total": 2, "in_window": 2},
    )
    assert week["views"] == 3


async def test_matches_are_what_was_shown_and_scored_high(
    seeker: Person, employer: tuple[Person, str], database: Database
) -> None:
    """Twice shown is one match; the fallback's numbers are no scores; what is long past does not count."""
    jobs = [await post_job(*employer) for _ in range(4)]
    shown = [
        (0, 0.9, "r1", 1),
        (0, 0.6, "r1", 2),
        (1, 0.5, "r1", 1),
        (2, 0.49, "r1", 1),
        (3, 0.9, RELEASE_ID, 1),
        (3, 0.9, "postgres-baseline-1", 2),
        (2, 0.9, "r1", 40),
    ]
    for place, score, release, days in shown:
        await sql(
            database,
            "INSERT INTO impression (request_id, user_id, job_id, rank, score, propensity, release_id, at) "
            "SELECT :request, u.id, j.id, 1, :score, 1, :release, now() - :days * interval '1 day' "
            "FROM app_user u, job j WHERE u.email = :email AND j.public_id = :job",
            request=uuid.uuid4(),
            score=score,
            release=release,
            days=days,
            email=seeker.email,
            job=jobs[place]["id"],
        )
    assert (await stats(seeker, "30d"))["matches"] == 2
    assert (await stats(seeker, "90d"))["matches"] == 3


async def test_new_since_the_last_visit(
    seeker: Person, employer: tuple[Person, str], database: Database
) -> None:
    """Pages opened shortly after each other are one visit."""
    await stats(seeker)
    await sql(
        database,
        "UPDATE seeker_visit SET current = now() - interval '1 hour' "
        "WHERE user_id = (SELECT id FROM app_user WHERE email = :email)",
        email=seeker.email,
    )
    before = await stats(seeker)
    await post_job(*employer)
    await post_job(*employer, status="draft")
    after = await stats(seeker)
    assert after["last_visit"] == before["last_visit"]
    assert after["new_since_last_visit"] == before["new_since_last_visit"] + 1


async def test_a_profile_is_complete_by_what_matching_reads(people: People) -> None:
    person = await people.seeker()
    empty = (await stats(person))["profile"]
    assert (empty["share"], set(empty["missing"])) == (0, set(COMPLETING))
    changed = await person.patch(
        "/api/v1/auth/profile/", json={"desired_title": "Cook", "skills": ["Soup"], "remote": "remote"}
    )
    assert changed.status_code == 200, changed.text
    some = (await stats(person))["profile"]
    assert some["share"] == round(3 / len(COMPLETING), 2)
    assert set(some["missing"]) == set(COMPLETING) - {"desired_title", "skills", "remote"}


def test_completeness_reads_fields_there_are() -> None:
    assert set(COMPLETING) <= ProfileAnswer.model_fields.keys()


@pytest.mark.parametrize("window", ["6d", "91d", "7", "1w", "d", "-7d", "007d", "٧d"])
async def test_windows_are_7_to_90_days(window: str, seeker: Person) -> None:
    is_problem(await seeker.get(STATS, params={"window": window}), 422, "invalid-input")


async def test_the_feed_tells_what_happened_newest_first(
    seeker: Person, employer: tuple[Person, str], application: FastAPI, client: httpx.AsyncClient
) -> None:
    job = await post_job(*employer, title="Busy")
    path = f"/api/v1/jobs/{job['id']}/"
    await seeker.get(path)
    await seeker.post(path + "save/")
    made = (await seeker.post(path + "apply/")).json()
    await employer[0].patch(f"{path}applicants/{made['id']}/", json={"status": "interview"})
    event = {"event_id": "1", "job": job["id"], "kind": "dismiss"}
    await seeker.post("/api/v1/events/", json={"events": [event]})
    await seeker.post(f"/api/v1/applications/{made['id']}/withdraw/")
    (other,) = await crowd(application, client, 1)
    await other.post(path + "save/")
    await employer[0].post(path + "close/")
    feed = (await seeker.get(FEED)).json()
    told = [(row["kind"], row["status"]) for row in feed["results"]]
    assert told == [
        ("status", "withdrawn"),
        ("dismissed", None),
        ("status", "interview"),
        ("applied", None),
        ("saved", None),
        ("viewed", None),
    ]
    assert {(row["job"]["title"], row["job"]["status"]) for row in feed["results"]} == {("Busy", "closed")}
    second = (await seeker.get(FEED + "?limit=2&page=2")).json()
    assert second["results"] == feed["results"][2:4]
    assert (second["pagination"]["total_count"], second["pagination"]["max_page"]) == (6, 3)
