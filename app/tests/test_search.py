"""GET /api/v1/jobs/ over the embedded index: what is found, in what order, and what is said about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.main import create_app
from app.search import follow
from app.search.tantivy_index import TantivyIndex
from app.tests.conftest import client_of, settings_for
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

JOBS = "/api/v1/jobs/"
DATED = text(
    "UPDATE job SET posted_at = timestamptz '2026-01-01' + :n * interval '1 day' WHERE public_id = :id"
)
NEW_YORK, BERLIN = "New York, NY", "Berlin, Germany"
MARKET: list[dict[str, Any]] = [
    {
        "title": "Python Developer",
        "location": NEW_YORK,
        "job_type": "full-time",
        "skills": ["Python", "Django"],
        "salary_min": 100_000,
        "salary_max": 120_000,
        "salary_currency": "USD",
    },
    {
        "title": "Python Intern",
        "location": "Newark, NJ",
        "job_type": "internship",
        "skills": ["Python"],
        "salary_min": 20,
        "salary_interval": "hour",
        "salary_currency": "USD",
    },
    {
        "title": "Frontend Engineer",
        "location": BERLIN,
        "job_type": "full-time",
        "remote": "remote",
        "skills": ["JavaScript", "React"],
        "salary_min": 60_000,
        "salary_max": 90_000,
        "salary_currency": "EUR",
    },
    {
        "title": "Platform Engineer",
        "location": "Potsdam, Germany",
        "job_type": "contract",
        "remote": "hybrid",
        "skills": ["Kubernetes"],
        "description": "We run everything on clusters. Some Python, too.",
        "salary_min": 500,
        "salary_interval": "day",
        "salary_currency": "GBP",
    },
    {
        "title": "Registered Nurse",
        "location": "Greater Boston",
        "description": "Care for people in a hospital.",
        "job_type": "part-time",
    },
    {"title": "C++ Engineer", "location": "London, UK", "skills": ["C++"], "remote": "on-site"},
    {"title": "Backend Developer", "location": "Austin, TX", "skills": ["C#", ".NET", "Node.js"]},
    {"title": "Straßenplaner für Zürich", "location": "Zurich, Switzerland"},
    {"title": "Hidden", "status": "draft", "skills": ["Python"]},
]


@pytest.fixture(scope="module")
async def indexed(database_url: URL, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FastAPI]:
    root = tmp_path_factory.mktemp("search")
    app = create_app(settings_for(database_url, search_url=f"tantivy:{root}"))
    database = Database(database_url)
    async with app.router.lifespan_context(app), client_of(app) as client:
        person, company = await People(client).employer()
        for number, row in enumerate(MARKET):
            job = await post_job(person, company, **row)
            async with database.transaction() as session:  # one a day, the first the oldest
                await session.execute(DATED, {"n": number, "id": job["id"]})
        await follow.rebuild(database, TantivyIndex(Path(root)))
        yield app
    await database.close()


@pytest.fixture(scope="module")
async def client(indexed: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(indexed) as made:
        yield made


async def ask(client: httpx.AsyncClient, query: str) -> dict[str, Any]:
    answer = await client.get(f"{JOBS}?{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["degraded"] == []
    return body


async def titles(client: httpx.AsyncClient, query: str) -> list[str]:
    return [job["title"] for job in (await ask(client, query))["results"]]


PYTHON = {"Python Developer", "Python Intern", "Platform Engineer"}
ENGINEERS = {"Frontend Engineer", "Platform Engineer", "C++ Engineer"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=python", PYTHON),
        ("q=PYTHON developers", {"Python Developer"}),
        ("q=python -intern", PYTHON - {"Python Intern"}),
        ("q=nurse or intern", {"Registered Nurse", "Python Intern"}),
        ('q="care for people"', {"Registered Nurse"}),
        ('q="people care for"', set()),
        ('q=-"care for people"&location=Boston', set()),
        ("q=develop", {"Python Developer", "Backend Developer"}),
        ("q=kuber*", {"Platform Engineer"}),
        ("q=python dev*", {"Python Developer"}),
        ("q=hospital", {"Registered Nurse"}),
        ("q=c%2B%2B", {"C++ Engineer"}),
        ("q=c%23", {"Backend Developer"}),
        ("q=.net", {"Backend Developer"}),
        ("q=node.js", {"Backend Developer"}),
        ("q=zurich strassenplaner", {"Straßenplaner für Zürich"}),
        ("q=the nurse in a hospital", {"Registered Nurse"}),
        ("q=nothing-like-it", set()),
        ("q='%3B DROP TABLE job%3B --", set()),
        ("q=:*%26|!()<->", set()),
        ('q="""', set()),
        ("q=*", set()),
        ("q=-", set()),
        ("q=or or or", set()),
    ],
)
async def test_words_phrases_beginnings_and_operators(
    query: str, expected: set[str], client: httpx.AsyncClient
) -> None:
    """S-101, S-115, S-134."""
    assert set(await titles(client, query)) == expected


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("js", "Frontend Engineer"), ("k8s", "Platform Engineer"), ("csharp", "Backend Developer")],
)
async def test_synonyms_of_the_taxonomy(typed: str, meant: str, client: httpx.AsyncClient) -> None:
    """S-134."""
    assert meant in await titles(client, f"q={typed}")


@pytest.mark.parametrize(
    ("typed", "meant", "suggestion"),
    [
        ("pyhton", PYTHON, "python"),
        ("nruse", {"Registered Nurse"}, "nurse"),
        ("javascrpt", {"Frontend Engineer"}, "javascript"),
        ("engneer", ENGINEERS, "engineer"),
    ],
)
async def test_mistyped_words_are_forgiven(
    typed: str, meant: set[str], suggestion: str, client: httpx.AsyncClient
) -> None:
    body = await ask(client, f"q={typed}")
    assert {job["title"] for job in body["results"]} == meant
    assert body["did_you_mean"] == suggestion


async def test_short_and_known_words_are_taken_as_they_are(client: httpx.AsyncClient) -> None:
    assert await titles(client, "q=nrs") == []
    body = await ask(client, "q=python")
    assert body["did_you_mean"] is None


async def test_titles_weigh_more_than_descriptions(client: httpx.AsyncClient) -> None:
    assert (await titles(client, "q=python"))[-1] == "Platform Engineer"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("location=New York&radius_km=30", {"Python Developer", "Python Intern"}),
        ("location=new york&radius_km=5", {"Python Developer"}),
        ("location=berlin", {"Frontend Engineer", "Platform Engineer"}),
        ("location=Berlin, Germany&radius_km=10", {"Frontend Engineer"}),
        ("location=Germany", {"Frontend Engineer", "Platform Engineer"}),
        ("location=Texas", {"Backend Developer"}),
        ("location=NJ", {"Python Intern"}),
        ("location=Boston", {"Registered Nurse"}),
        ("location=Atlantis", set()),
        ("location=%25", set()),
        ("job_type=internship", {"Python Intern"}),
        ("job_type=internship&job_type=contract", {"Python Intern", "Platform Engineer"}),
        ("remote=remote&remote=hybrid", {"Frontend Engineer", "Platform Engineer"}),
        ("skills=python", {"Python Developer", "Python Intern"}),
        ("skills=Python&skills=django", {"Python Developer"}),
        ("company=nobody", set()),
        ("posted_after=2026-01-06T00:00:00Z&q=engineer", {"C++ Engineer"}),
        # 20 an hour is 41,600 a year; 90,000 euros are 97,403 dollars; 500 pounds a day 166,028 dollars
        ("salary_min=110000", {"Python Developer", "Platform Engineer"}),
        ("salary_min=97000", {"Python Developer", "Frontend Engineer", "Platform Engineer"}),
        ("salary_min=98000", {"Python Developer", "Platform Engineer"}),
        ("salary_max=45000", {"Python Intern"}),
        ("salary_min=50&salary_interval=hour", {"Python Developer", "Platform Engineer"}),
        ("salary_min=140000&currency=GBP", set()),
        ("salary_min=120000&currency=GBP", {"Platform Engineer"}),
    ],
)
async def test_filters(query: str, expected: set[str], client: httpx.AsyncClient) -> None:
    """S-134, S-150, S-321."""
    assert set(await titles(client, query)) == expected


async def test_orders(client: httpx.AsyncClient) -> None:
    """S-150."""
    assert (await titles(client, ""))[:2] == ["Straßenplaner für Zürich", "Backend Developer"]
    assert await titles(client, "sort=date") == await titles(client, "")
    assert (await titles(client, "sort=salary"))[:4] == [
        "Platform Engineer",
        "Python Developer",
        "Frontend Engineer",
        "Python Intern",
    ]


async def test_facets_are_counted_when_asked_for(client: httpx.AsyncClient) -> None:
    """S-134."""
    assert (await ask(client, "q=python"))["facets"] == {}
    query = "q=python&facets=job_type&facets=remote&facets=skills&facets=company&facets=country&facets=salary"
    body = await ask(client, query)
    counts = {
        name: {item["label"]: item["count"] for item in items} for name, items in body["facets"].items()
    }
    assert counts["job_type"] == {"full-time": 1, "internship": 1, "contract": 1}
    assert counts["remote"] == {"unspecified": 2, "hybrid": 1}
    assert counts["skills"] == {"python": 2, "django": 1, "kubernetes": 1}
    assert list(counts["company"].values()) == [3]
    assert next(iter(counts["company"])).startswith("Company")
    assert counts["country"] == {"US": 2, "DE": 1}
    assert counts["salary"]["30,000 to 60,000 USD"] == 1
    assert not body["facets_estimated"]


async def test_pages_by_number(client: httpx.AsyncClient) -> None:
    """S-134, S-321: `results` and `pagination`."""
    first = await ask(client, "limit=5&sort=date")
    assert first["pagination"] == {
        "page": 1,
        "limit": 5,
        "total_count": 8,
        "max_page": 2,
        "next": "http://localhost/api/v1/jobs/?limit=5&sort=date&page=2",
        "previous": None,
    }
    assert first["total_relation"] == "exact"
    second = (await client.get(first["pagination"]["next"])).json()
    assert len({job["id"] for job in first["results"] + second["results"]}) == 8
    assert (second["pagination"]["next"], second["next_cursor"]) == (None, None)


@pytest.mark.parametrize(
    "order", ["q=python or engineer or developer or nurse&sort=relevance", "sort=date", "sort=salary"]
)
async def test_a_cursor_goes_through_everything_once(order: str, client: httpx.AsyncClient) -> None:
    whole = await titles(client, f"{order}&limit=100")
    seen, query, page = [], f"{order}&limit=2", 1
    while query:
        body = await ask(client, query)
        assert body["pagination"]["page"] == page
        seen += [job["title"] for job in body["results"]]
        query = f"{order}&limit=2&cursor={body['next_cursor']}" if body["next_cursor"] else ""
        page += 1
    assert seen == whole
    assert len(whole) > 5


async def test_an_empty_result_says_what_would_help(client: httpx.AsyncClient) -> None:
    body = await ask(client, "q=python&location=London&job_type=full-time")
    assert body["results"] == []
    assert [(item["drop"], item["total_count"]) for item in body["relax"]] == [("location", 1)]
    words = await ask(client, "q=nurse python")
    assert {(item["word"], item["total_count"]) for item in words["relax"]} == {("nurse", 3), ("python", 1)}
    mistyped = await ask(client, "q=pyhton&location=London")
    assert mistyped["did_you_mean"] == "python"
    assert [item["drop"] for item in mistyped["relax"]] == ["location"]


@pytest.mark.parametrize(
    "query",
    [
        "salary_min=invalid",
        "limit=101",
        "limit=0",
        "page=0",
        "page=101&limit=100",
        "job_type=slavery",
        "sort=x",
        "mode=x",
        "unknown=1",
        "currency=XXX",
        "radius_km=0",
        "cursor=zzz",
        "cursor=e30",
        "cursor=%00",
        "facets=x",
        "mode=semantic&sort=date",
        "posted_after=yesterday",
        "q=" + "x" * 301,
    ],
)
async def test_bad_queries_are_refused(query: str, client: httpx.AsyncClient) -> None:
    """S-400: `salary_min: invalid` is a validation error."""
    is_problem(await client.get(f"{JOBS}?{query}"), 422, "invalid-input")


async def test_a_cursor_of_another_search_is_refused(client: httpx.AsyncClient) -> None:
    cursor = (await ask(client, "sort=date&limit=2"))["next_cursor"]
    is_problem(await client.get(f"{JOBS}?sort=salary&limit=2&cursor={cursor}"), 422, "invalid-input")


async def test_suggestions_while_typing(client: httpx.AsyncClient) -> None:
    async def suggested(typed: str) -> list[tuple[str, str]]:
        answer = await client.get(f"{JOBS}suggest/", params={"q": typed})
        assert answer.status_code == 200
        return [(item["text"], item["kind"]) for item in answer.json()["results"]]

    assert await suggested("Pyth") == [
        ("python", "skill"),
        ("python developer", "title"),
        ("python intern", "title"),
    ]
    assert ("engineer", "title") in await suggested("eng")
    assert [kind for _, kind in await suggested("compan")] == ["company"]
    assert await suggested("p") == []
    assert await suggested("zzz") == []


async def test_python_developer_in_san_francisco(indexed: FastAPI, client: httpx.AsyncClient) -> None:
    """S-400, test_search_jobs_with_query: ten postings, words and a place, more than none found."""
    person, company = await People(client).employer()
    for number in range(10):
        await post_job(person, company, title=f"Python Developer {number}", location="San Francisco, CA")
    database = indexed.state.database
    index = TantivyIndex(indexed.state.search.engine.files.root)
    name = await index.live()
    assert name is not None
    await follow.update(database, index, name)
    await index.close()
    body = await ask(client, "q=python developer&location=San Francisco")
    assert body["pagination"]["total_count"] == 10


async def test_job_search_endpoint(client: httpx.AsyncClient) -> None:
    """S-401: signed in, `results` and `pagination`."""
    person: Person = await People(client).seeker()
    answer = await person.get(f"{JOBS}?q=python&location=New York&page=1&limit=20")
    assert answer.status_code == 200
    assert {"results", "pagination"} <= answer.json().keys()
    assert {job["title"] for job in answer.json()["results"]} == {"Python Developer", "Python Intern"}


async def test_the_parameters_of_the_contract(client: httpx.AsyncClient) -> None:
    """S-321: names, types, values, defaults and maximum as they were given."""
    document = (await client.get("/api/openapi.json")).json()
    given = {item["name"]: item["schema"] for item in document["paths"][JOBS]["get"]["parameters"]}
    assert given["page"] | {"default": 1, "minimum": 1, "type": "integer"} == given["page"]
    assert given["limit"] | {"default": 20, "maximum": 100, "type": "integer"} == given["limit"]
    assert {"q", "location"} <= {name for name, schema in given.items() if schema.get("type") == "string"}
    for name in ("salary_min", "salary_max"):
        assert {"type": "integer"}.items() <= given[name]["anyOf"][0].items()
    kinds = given["job_type"]["items"]["enum"]
    assert {"full-time", "part-time", "contract", "internship"} <= set(kinds)
