"""S-120: companies, and who may speak for them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.tests.people import People
from app.tests.test_problems import is_problem

COMPANIES = "/api/v1/companies/"


async def test_what_is_said_of_a_company_is_text(people: People, client: httpx.AsyncClient) -> None:
    person = await people.seeker()
    body = {"name": "<b>Fish</b> & Sons", "description": "<p>We fish.</p><p>Ask us.</p><script>x</script>"}
    made = (await person.post(COMPANIES, json=body)).json()
    assert (made["name"], made["description"]) == ("Fish & Sons", "We fish.\n\nAsk us.")
    path = f"{COMPANIES}{made['slug']}/"
    changed = (await person.patch(path, json={"description": "<i>Gone</i> fishing."})).json()
    assert changed["description"] == "Gone fishing."
    assert (await client.get(path)).json() == changed


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "<script>x</script>"},
        {"name": "x" * 301},
        {"name": "Fine", "website": "http://plain.example.com"},
        {"name": "Fine", "website": "javascript:alert(1)"},
        {"name": "Fine", "source": "import"},
    ],
)
async def test_what_a_company_cannot_be(body: dict[str, Any], people: People) -> None:
    is_problem(await (await people.seeker()).post(COMPANIES, json=body), 422, "invalid-input")


async def test_an_employers_company_is_not_the_imported_one_of_that_name(people: People) -> None:
    """A name is taken among employers' companies only: an import cannot block who really bears it."""
    first, second = await people.seeker(), await people.seeker()
    assert (await first.post(COMPANIES, json={"name": "Name Taken"})).status_code == 201
    is_problem(await second.post(COMPANIES, json={"name": "NAME taken"}), 409, "conflict")
