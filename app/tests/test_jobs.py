from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.db import Database
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

JOBS = "/api/v1/jobs/"


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture(scope="module")
async def listed(employer: tuple[Person, str]) -> dict[str, str]:
    """Title -> id of a small market."""
    person, company = employer
    rows: list[dict[str, Any]] = [
        {
            "title": "Python Developer",
            "location": "New York, NY",
            "job_type": "full-time",
            "skills": ["Python"],
        },
        {"title": "Python Intern", "location": "New York, NY", "job_type": "internship"},
        {
            "title": "Rust Engineer",
            "location": "Berlin, Germany",
            "remote": "remote",
            "skills": ["Rust", "python"],
        },
        {
            "title": "Nurse",
            "location": "100% remote_ish",
            "remote": "hybrid",
            "description": "Care for people.",
        },
        {"title": "Analyst", "salary_min": 60000, "salary_max": 80000, "salary_currency": "USD"},
        {"title": "Plumber", "salary_min": 50, "salary_interval": "hour", "salary_currency": "USD"},
        {"title": "Hidden", "status": "draft", "skills": ["Python"]},
    ]
    return {row["title"]: (await post_job(person, company, **row))["id"] for row in rows}


async def titles(client: httpx.AsyncClient, query: str) -> list[str]:
    answer = await client.get(f"{JOBS}?{query}")
    assert answer.status_code == 200, answer.text
    return [job["title"] for job in answer.json()["results"]]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=python", {"Python Developer", "Python Intern", "Rust Engineer"}),
        ("q=python developer", {"Python Developer"}),
        ("q=python -intern", {"Python Developer", "Rust Engineer"}),
        ('q="care for people"', {"Nurse"}),
        ("q=python&location=New York", {"Python Developer", "Python Intern"}),
        ("location=berlin", {"Rust Engineer"}),
        ("location=100%25 remote_", {"Nurse"}),
        ("location=%25", {"Nurse"}),
        ("job_type=internship", {"Python Intern"}),
        ("job_type=internship&job_type=full-time", {"Python Developer", "Python Intern"}),
        ("remote=remote&remote=hybrid", {"Rust Engineer", "Nurse"}),
        ("salary_min=80000", {"Analyst", "Plumber"}),
        ("salary_min=80001", {"Plumber"}),
        ("salary_max=60000", {"Analyst"}),
        ("q=nothing-like-it", set()),
        ("q='%3B DROP TABLE job%3B --", set()),
        ("q=:*%26|!()<->", set()),
    ],
)
async def test_filters(query: str, expected: set[str], client: httpx.AsyncClient) -> None:
    assert set(await titles(client, query)) == expected


@pytest.mark.usefixtures("listed")
async def test_order(client: httpx.AsyncClient) -> None:
    assert (await titles(client, "q=python"))[-1] == "Rust Engineer"
    assert (await titles(client, "sort=salary"))[:2] == ["Plumber", "Analyst"]
    assert (await titles(client, "sort=date"))[0] == "Plumber"


@pytest.mark.usefixtures("listed")
async def test_pages(client: httpx.AsyncClient) -> None:
    first = (await client.get(f"{JOBS}?limit=4&page=1&sort=date")).json()
    assert first["pagination"] == {
        "page": 1,
        "limit": 4,
        "total_count": 6,
        "max_page": 2,
        "next": "http://localhost/api/v1/jobs/?limit=4&sort=date&page=2",
        "previous": None,
    }
    second = (await client.get(first["pagination"]["next"])).json()
    assert second["pagination"]["previous"].endswith("sort=date&page=1")
    assert second["pagination"]["next"] is None
    ids = [job["id"] for job in first["results"] + second["results"]]
    assert len(set(ids)) == 6
    beyond = (await client.get(f"{JOBS}?limit=4&page=9")).json()
    assert (beyond["results"], beyond["pagination"]["total_count"]) == ([], 6)


@pytest.mark.parametrize(
    "query",
    [
        "salary_min=invalid",
        "limit=101",
        "limit=0",
        "page=0",
        "job_type=slavery",
        "sort=x",
        "unknown=1",
        "q=" + "x" * 301,
    ],
)
async def test_bad_queries_are_refused(query: str, client: httpx.AsyncClient) -> None:
    is_problem(await client.get(f"{JOBS}?{query}"), 422, "invalid-input")


async def test_a_posting_is_read_by_id_and_by_slug(listed: dict[str, str], client: httpx.AsyncClient) -> None:
    job = (await client.get(f"{JOBS}{listed['Plumber']}/")).json()
    assert job == (await client.get(f"{JOBS}{job['slug']}/")).json()
    assert job["salary"] == {
        "min": 50,
        "max": None,
        "currency": "USD",
        "interval": "hour",
        "source": "employer",
        "annual_min": 104000,
        "annual_max": None,
    }
    assert job["company"]["name"].startswith("Company")
    is_problem(await client.get(f"{JOBS}nothing/"), 404, "not-found")
    is_problem(await client.get(f"{JOBS}{listed['Hidden']}/"), 404, "not-found")


async def test_a_posting_lives_and_is_closed(employer: tuple[Person, str], client: httpx.AsyncClient) -> None:
    person, company = employer
    job = await post_job(person, company, title="Short-lived", status="draft")
    path = f"{JOBS}{job['id']}/"
    assert (await person.patch(path, json={"status": "active", "skills": ["Go"]})).json()[
        "status"
    ] == "active"
    assert (await client.get(path)).json()["skills"] == ["Go"]
    assert (await person.patch(path, json={"status": "paused"})).status_code == 200
    is_problem(await client.get(path), 404, "not-found")
    is_problem(await person.patch(path, json={"status": "draft"}), 409, "conflict")
    closed = (await person.post(path + "close/")).json()
    assert (closed["status"], closed["closed_at"] is None) == ("closed", False)
    again = (await person.post(path + "close/")).json()
    assert again["closed_at"] == closed["closed_at"]
    is_problem(await client.get(path), 410, "gone")
    assert (await person.get(path)).json()["status"] == "closed"
    is_problem(await person.patch(path, json={"title": "Back"}), 409, "conflict")
    assert "Short-lived" not in await titles(client, "limit=100")


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": "  "},
        {"title": "x" * 201},
        {"salary_min": 2, "salary_max": 1},
        {"external_application_url": "http://plain.example.com"},
        {"external_application_url": "javascript:alert(1)"},
        {"skills": ["x"] * 101},
        {"status": "closed"},
        {"is_featured": True},
        {"source": "import"},
        {"company_id": 1},
    ],
)
async def test_what_an_employer_may_not_write(fields: dict[str, Any], employer: tuple[Person, str]) -> None:
    person, company = employer
    body = {"company": company, "title": "Fine"} | fields
    is_problem(await person.post(JOBS, json=body), 422, "invalid-input")


async def test_changes_are_checked_against_what_is_stored(employer: tuple[Person, str]) -> None:
    person, company = employer
    job = await post_job(person, company, salary_min=10, salary_max=20)
    path = f"{JOBS}{job['id']}/"
    is_problem(await person.patch(path, json={"salary_min": 21}), 422, "invalid-input")
    is_problem(await person.patch(path, json={"location": None}), 422, "invalid-input")
    changed = (await person.patch(path, json={"salary_max": None})).json()
    assert (changed["salary"]["max"], changed["title"], changed["status"]) == (None, job["title"], "active")


async def test_the_content_hash_follows_the_content(employer: tuple[Person, str], database: Database) -> None:
    person, company = employer
    job = await post_job(person, company)

    async def stored() -> str:
        async with database.transaction() as session:
            query = text("SELECT content_hash FROM job WHERE public_id = :id")
            return str((await session.execute(query, {"id": job["id"]})).scalar_one())

    first = await stored()
    await person.patch(f"{JOBS}{job['id']}/", json={"salary_min": 5})
    assert await stored() == first
    await person.patch(f"{JOBS}{job['id']}/", json={"description": "Another text."})
    assert await stored() != first


async def test_companies(people: People, client: httpx.AsyncClient) -> None:
    person = await people.seeker()
    body = {"name": "Ünique GmbH", "website": "https://unique.example.com"}
    made = (await person.post("/api/v1/companies/", json=body)).json()
    assert made["slug"].startswith("unique-gmbh-")
    is_problem(await person.post("/api/v1/companies/", json={"name": "ünique gmbh"}), 409, "conflict")
    path = f"/api/v1/companies/{made['slug']}/"
    changed = await person.patch(path, json={"description": "We make things."})
    assert changed.json() == made | {"description": "We make things."}
    assert (await client.get(path)).json() == changed.json()
    is_problem(await client.get("/api/v1/companies/none/"), 404, "not-found")
