from __future__ import annotations

from typing import Any

import pytest

from app.tests.people import People, Person
from app.tests.test_problems import is_problem

PROFILE = "/api/v1/auth/profile/"


@pytest.fixture(scope="module")
async def person(people: People) -> Person:
    return await people.seeker()


async def test_a_profile_is_changed_field_by_field(person: Person) -> None:
    before = (await person.get(PROFILE)).json()
    assert before["email"] == person.email
    assert before["skills"] == []
    sent = {
        "full_name": "Ada L.",
        "desired_title": " Data Engineer ",
        "skills": ["Python", "PostgreSQL", "python", "C++"],
        "location": "Berlin",
        "remote": "hybrid",
        "job_types": ["full-time", "contract"],
        "experience_years": 7.5,
        "salary_min": 70000,
        "salary_max": 90000,
        "salary_currency": "EUR",
        "resume_text": "Pipelines\nsince 2015",
        "training_opt_out": True,
    }
    changed = (await person.patch(PROFILE, json=sent)).json()
    wanted = sent | {"desired_title": "Data Engineer", "skills": ["Python", "PostgreSQL", "C++"]}
    assert {name: changed[name] for name in wanted} == wanted
    partly = (await person.patch(PROFILE, json={"location": "", "salary_max": None})).json()
    assert (partly["location"], partly["salary_max"], partly["salary_min"]) == ("", None, 70000)
    assert partly["skills"] == wanted["skills"]
    assert partly["updated_at"] > before["updated_at"]
    replaced = (await person.patch(PROFILE, json={"skills": ["Go", "python"]})).json()
    assert sorted(replaced["skills"]) == ["Go", "python"]
    assert (await person.get(PROFILE)).json() == replaced


@pytest.mark.parametrize(
    "patch",
    [
        {"is_staff": True},
        {"email": "new@example.org"},
        {"id": "x"},
        {"location": None},
        {"skills": None},
        {"skills": [""]},
        {"skills": ["x" * 101]},
        {"skills": ["x"] * 201},
        {"remote": "moon"},
        {"job_types": ["slavery"]},
        {"experience_years": -1},
        {"salary_min": -1},
        {"salary_currency": "euro"},
        {"resume_text": "x" * 60_001},
        {"bio": "x" * 501},
    ],
)
async def test_what_may_not_be_written(patch: dict[str, Any], person: Person) -> None:
    before = (await person.get(PROFILE)).json()
    is_problem(await person.patch(PROFILE, json=patch), 422, "invalid-input")
    assert (await person.get(PROFILE)).json() == before


async def test_not_a_number_is_refused(person: Person) -> None:
    answer = await person.client.patch(
        PROFILE, content=b'{"salary_min": NaN}', headers=person.headers | {"content-type": "application/json"}
    )
    is_problem(answer, 422, "invalid-input")


async def test_salaries_must_be_in_order_with_what_is_stored(person: Person) -> None:
    await person.patch(PROFILE, json={"salary_min": 50000, "salary_max": 60000})
    is_problem(await person.patch(PROFILE, json={"salary_min": 60001}), 422, "invalid-input")
    assert (await person.patch(PROFILE, json={"salary_min": 70000, "salary_max": None})).status_code == 200
