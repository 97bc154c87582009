"""Postings of the simulated market say so, wherever they are shown, and ask search engines to stay away."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.db import Database
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

JOBS = "/api/v1/jobs/"
LABEL = ">Simulated</abbr>"


@pytest.fixture(scope="module")
async def postings(people: People, database: Database) -> tuple[Person, dict[str, Any], dict[str, Any]]:
    """(seeker, a simulated posting, a real one), both with all that a JobPosting needs."""
    owner, company = await people.employer()
    made = [
        await post_job(owner, company, title=title, location="Oslo, Norway")
        for title in ("Toy Baker", "Baker")
    ]
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE job SET source = 'market', external_id = '1' WHERE public_id = :id"),
            {"id": made[0]["id"]},
        )
    return await people.seeker(), made[0], made[1]


Postings = tuple[Person, dict[str, Any], dict[str, Any]]


async def test_lists_and_postings_tell_the_simulated_ones(
    client: httpx.AsyncClient, postings: Postings
) -> None:
    """S-071: in search, in the posting itself, and among what a seeker saved."""
    seeker, toy, real = postings
    listed = (await client.get(f"{JOBS}?q=baker")).json()["results"]
    assert {job["id"]: job["simulated"] for job in listed} == {toy["id"]: True, real["id"]: False}
    for job, simulated in ((toy, True), (real, False)):
        assert (await client.get(f"{JOBS}{job['id']}/")).json()["simulated"] is simulated
        assert (await seeker.post(f"{JOBS}{job['id']}/save/")).status_code == 201
    saved = (await seeker.get("/api/v1/saved/")).json()["results"]
    assert [row["job"]["simulated"] for row in saved] == [False, True]


async def test_no_structured_data_of_a_simulated_posting(
    client: httpx.AsyncClient, postings: Postings
) -> None:
    _, toy, real = postings
    is_problem(await client.get(f"{JOBS}{toy['id']}/jsonld/"), 404, "not-found")
    assert (await client.get(f"{JOBS}{real['id']}/jsonld/")).json()["title"] == "Baker"
    assert "link" not in (await client.get(f"{JOBS}{toy['id']}/")).headers
    assert "ld+json" in (await client.get(f"{JOBS}{real['id']}/")).headers["link"]


async def test_the_page_of_a_simulated_posting_says_so_and_is_not_indexed(
    client: httpx.AsyncClient, postings: Postings
) -> None:
    _, toy, real = postings
    page = (await client.get(f"/jobs/{toy['slug']}/")).text
    assert '<meta name="robots" content="noindex">' in page
    assert "This posting is simulated" in page
    assert LABEL in page
    assert "ld+json" not in page
    page = (await client.get(f"/jobs/{real['slug']}/")).text
    own = page.partition('id="similar"')[0]  # the other one is like it and listed below
    assert '<meta name="robots" content="noindex">' not in page
    assert "imulated" not in own
    assert "ld+json" in own


async def test_cards_are_labelled_with_an_explanation(client: httpx.AsyncClient, postings: Postings) -> None:
    _, toy, _ = postings
    page = (await client.get("/jobs/?q=baker")).text
    assert page.count(LABEL) == 1
    card = page.partition(f'href="/jobs/{toy["slug"]}"')[2].partition("</article>")[0]
    assert LABEL in card
    assert 'title="Made by the simulated job market' in card


async def test_cards_say_how_often_a_posting_was_published(client: httpx.AsyncClient, people: People) -> None:
    owner, company = await people.employer()
    for _ in range(3):
        await post_job(owner, company, title='Say "Cheese" Maker')
    page = (await client.get("/jobs/?q=cheese")).text
    assert page.count('class="job-card"') == 1
    assert "Also published 2 times before" in page
    link = page.partition(f'href="/jobs?company={company}&amp;q=')[2].partition('"')[0]
    every = (await client.get(f"/jobs/?company={company}&q={link}")).text
    assert every.count('class="job-card"') == 3
