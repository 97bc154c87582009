from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from app.db import Database
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture
async def job(employer: tuple[Person, str]) -> dict[str, Any]:
    return await post_job(*employer)


async def kinds(database: Database, person: Person) -> list[str]:
    query = text(
        "SELECT e.kind FROM event e JOIN app_user u ON u.id = e.user_id WHERE u.email = :email ORDER BY e.id"
    )
    async with database.transaction() as session:
        return list((await session.execute(query, {"email": person.email})).scalars())


async def test_saving_twice_is_saving_once(people: People, job: dict[str, Any], database: Database) -> None:
    seeker = await people.seeker()
    path = f"/api/v1/jobs/{job['id']}/save/"
    assert [(await seeker.post(path)).status_code for _ in range(2)] == [201, 200]
    saved = (await seeker.get("/api/v1/saved/")).json()
    assert [row["job"]["id"] for row in saved["results"]] == [job["id"]]
    assert [(await seeker.call("DELETE", path)).status_code for _ in range(2)] == [204, 204]
    assert (await seeker.get("/api/v1/saved/")).json()["pagination"]["total_count"] == 0
    assert await kinds(database, seeker) == ["save", "unsave"]


async def test_saved_postings_stay_when_closed(
    people: People, job: dict[str, Any], employer: tuple[Person, str]
) -> None:
    seeker = await people.seeker()
    await seeker.post(f"/api/v1/jobs/{job['slug']}/save/")
    await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")
    assert (await seeker.get("/api/v1/saved/")).json()["results"][0]["job"]["status"] == "closed"
    is_problem(await seeker.post(f"/api/v1/jobs/{job['id']}/save/"), 410, "gone")
    is_problem(await seeker.post(f"/api/v1/jobs/{job['id']}/apply/"), 410, "gone")
    assert (await seeker.call("DELETE", f"/api/v1/jobs/{job['id']}/save/")).status_code == 204


async def test_one_application_however_often_it_is_sent(
    people: People, job: dict[str, Any], database: Database
) -> None:
    seeker = await people.seeker()
    path = f"/api/v1/jobs/{job['id']}/apply/"
    answers = await asyncio.gather(*(seeker.post(path, json={"cover_letter": "Hello."}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    is_problem(await seeker.post(path), 409, "conflict")
    mine = (await seeker.get("/api/v1/applications/")).json()["results"]
    assert [(row["job"]["id"], row["status"], row["cover_letter"]) for row in mine] == [
        (job["id"], "submitted", "Hello.")
    ]
    assert await kinds(database, seeker) == ["apply"]


async def test_where_the_employer_takes_applications_elsewhere(
    people: People, employer: tuple[Person, str]
) -> None:
    url = "https://company.example.com/apply?id=1"
    job = await post_job(*employer, external_application_url=url)
    seeker = await people.seeker()
    made = (await seeker.post(f"/api/v1/jobs/{job['id']}/apply/")).json()
    assert (made["status"], made["external_application_url"]) == ("external", url)
    assert (await seeker.get(f"/api/v1/applications/{made['id']}/")).json() == made


async def test_bad_applications(people: People, job: dict[str, Any]) -> None:
    seeker = await people.seeker()
    path = f"/api/v1/jobs/{job['id']}/apply/"
    is_problem(await seeker.post(path, json={"cover_letter": "x" * 10_001}), 422, "invalid-input")
    is_problem(await seeker.post(path, json={"status": "offer"}), 422, "invalid-input")
    is_problem(await seeker.post("/api/v1/jobs/none/apply/"), 404, "not-found")
    is_problem(await seeker.get("/api/v1/applications/1/"), 422, "invalid-input")
