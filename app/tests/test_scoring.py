"""S-233: scores over the API, computed by the real serving code of a small release."""

from __future__ import annotations

import json
import math
import uuid
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.db import Database
from app.tests.conftest import client_of
from app.tests.matcher import RELEASE, Matcher
from app.tests.people import People, Person, post_job
from app.tests.reader import RESUME
from app.tests.test_problems import is_problem
from app.tests.test_scoring_formats import ASHBY, GREENHOUSE, LEVER

SCORE = "/api/v2/matching/score/"
JOB = {
    "title": "Data Engineer",
    "description": "You must have 3+ years of experience with Python and Spark. Kubernetes is a plus.",
}
PROFILE = {
    "desired_title": "Data Engineer",
    "skills": ["Python", "PostgreSQL"],
    "experience_years": 5,
    "resume_text": "Data engineer who moved nightly jobs of a bank from cron to Airflow, in Python.",
}


@pytest.fixture(scope="module")
async def client(matched: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(matched) as made:
        yield made


@pytest.fixture(scope="module")
async def people(client: httpx.AsyncClient) -> People:
    return People(client)


@pytest.fixture(scope="module")
async def seeker(people: People) -> Person:
    return await people.seeker(**PROFILE)


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture(scope="module")
async def market(employer: tuple[Person, str]) -> list[str]:
    """Ids of postings; the first ones of the database are in the small release's index under their keys."""
    return [(await post_job(*employer, title=f"Posting {n}"))["id"] for n in range(6)]


async def scored(person: Person, body: dict[str, Any], query: str = "") -> dict[str, Any]:
    answer = await person.post(f"{SCORE}?{query}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refusal(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    is_problem(answer, status, code)
    return dict(answer.json())


def test_the_fixtures_are_what_they_claim(matcher: Matcher) -> None:
    assert matcher.engine.bundle.match is not None


async def test_a_seeker_gets_two_numbers_evidence_that_adds_up_and_what_would_change_them(
    seeker: Person,
) -> None:
    response = await seeker.post(SCORE, json={"jobs": [JOB | {"id": "a"}], "counterfactuals": 3})
    answer = response.json()
    (result,) = answer["results"]
    assert (result["id"], answer["failed"], answer["purpose"]) == ("a", [], "seeker_guidance")
    for number in ("fit", "interest"):
        estimate = result[number]
        assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1
        (ledger,) = [found for found in result["explanation"] if found["number"] == number]
        total = sum(row["contribution"] for row in ledger["rows"])
        assert total == pytest.approx(ledger["logit"], abs=1e-9)
        assert 1 / (1 + math.exp(-ledger["logit"])) == pytest.approx(estimate["value"], abs=1e-12)
    lowest = answer["bands"][result["band"]]
    assert lowest <= result["fit"]["value"]
    assert result["counterfactuals"]
    for change in result["counterfactuals"]:
        assert change["fit_after"] > change["fit_before"] == result["fit"]["value"]
    assert uuid.UUID(result["receipt_id"]).version == 7
    assert (answer["release_id"], response.headers["x-jobpilot-bundle"]) == (RELEASE, RELEASE)
    assert answer["match_version"]
    assert "serving;dur=" in response.headers["server-timing"]
    assert answer["human_review_required"] is False
    assert [notice["code"] for notice in answer["notices"]] == ["ai-system", "what-fit-says"]


async def test_a_counterfactual_applied_gives_exactly_what_was_promised(seeker: Person) -> None:
    body = {"profile": PROFILE, "jobs": [JOB], "counterfactuals": 5}
    (before,) = (await scored(seeker, body))["results"]
    change = next(c for c in before["counterfactuals"] if c["edit"]["kind"] == "add_skill")
    profile = PROFILE | {"skills": [*PROFILE["skills"], change["edit"]["value"]]}  # type: ignore[misc]
    (after,) = (await scored(seeker, body | {"profile": profile}))["results"]
    assert after["fit"]["value"] == change["fit_after"]


async def test_ours_theirs_and_anybodys_postings_in_one_request(seeker: Person, market: list[str]) -> None:
    unknown = str(uuid.uuid4())
    body = {
        "job_ids": [market[0], unknown, market[0]],
        "jobs": [JOB],
        "postings": [
            {"id": "gh", "content": GREENHOUSE},
            {"content": LEVER},
            {"id": "what", "content": {"colour": "red"}},
            {"id": "txt", "content": "Line Cook\n\nGrill station, five evenings."},
            {"id": "bad", "format": "ashby", "content": {"title": ""}},
        ],
    }
    answer = await scored(seeker, body)
    assert {row["id"] for row in answer["results"]} == {market[0], "1", "gh", "3", "txt"}
    assert {row["id"]: row["status"] for row in answer["failed"]} == {unknown: 404, "what": 422, "bad": 422}
    pointers = {row["id"]: row["error"]["errors"] for row in answer["failed"]}
    assert pointers["what"][0]["pointer"] == "/body/postings/2/format"
    assert pointers["bad"][0]["pointer"] == "/body/postings/4/content"
    assert answer["unknown_job_ids"] == [unknown]
    given = [row["fit"]["value"] for row in answer["results"] if row["fit"]]
    assert given == sorted(given, reverse=True)


async def test_the_only_posting_that_is_wrong_is_a_refusal(seeker: Person) -> None:
    answer = await seeker.post(SCORE, json={"postings": [{"content": LEVER | {"isRemote": True}}]})
    problem = refusal(answer, 422, "invalid-input")
    assert problem["errors"][0]["pointer"] == "/body/postings/0/format"
    assert "lever or ashby" in problem["detail"]


@pytest.mark.parametrize(
    "side",
    [
        {"content": RESUME},
        {"format": "file", "content": b64encode(RESUME.encode()).decode(), "filename": "me.txt"},
        {
            "content": {
                "basics": {"label": "Data Engineer"},
                "work": [{"name": "Harbour Lights", "position": "Data Engineer", "startDate": "2019-03",
                          "endDate": "2023-02", "highlights": ["Moved nightly jobs to Apache Spark."]}],
                "skills": [{"name": "Python"}, {"name": "PostgreSQL"}],
            }
        },
    ],
    ids=["text", "file", "json_resume"],
)  # fmt: skip
async def test_a_resume_in_any_format_shows_the_same_skills(
    side: dict[str, Any], seeker: Person, matcher: Matcher
) -> None:
    matcher.requests.clear()
    answer = await scored(seeker, {"seeker": side, "jobs": [JOB]})
    assert answer["results"][0]["fit"] is not None
    (asked,) = matcher.requests
    assert {"python", "postgresql"} <= {name.lower() for name in asked.user.skills}
    assert any("spark" in name.lower() for name in asked.user.skills)
    assert asked.user.user_id == 0
    assert asked.user.desired_title == "Data Engineer"
    assert "ada@example.org" not in asked.user.resume_text
    assert asked.user.location == ""  # where somebody lives is not what they wish


async def test_files_that_cannot_be_read_say_why(seeker: Person) -> None:
    body: dict[str, Any] = {"jobs": [JOB]}
    broken = {"format": "file", "content": "not base64!"}
    problem = refusal(await seeker.post(SCORE, json=body | {"seeker": broken}), 422, "invalid-input")
    assert problem["errors"][0]["pointer"] == "/body/seeker/content"
    picture = {"format": "file", "content": b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()}
    problem = refusal(await seeker.post(SCORE, json=body | {"seeker": picture}), 422, "unreadable-file")
    assert problem["errors"][0]["pointer"] == "/body/seeker/content"
    assert problem["reason"]
    large = {"format": "file", "content": b64encode(bytes(5 * 2**20 + 9)).decode()}
    is_problem(await seeker.post(SCORE, json=body | {"seeker": large}), 422, "invalid-input")
    huge = {"content": "x" * 9_000_000}
    is_problem(await seeker.post(SCORE, json=body | {"seeker": huge}), 413, "payload-too-large")


# -- purposes ------------------------------------------------------------------------------------------


def numbers_in(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers_in(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers_in(item)]
    return [value] if isinstance(value, float) else []


async def test_screening_gives_bands_and_reasons_and_no_number(
    employer: tuple[Person, str], database: Database
) -> None:
    person, _ = employer
    body = {
        "purpose": "candidate_screening",
        "seeker": {"content": RESUME},
        "jobs": [JOB, JOB | {"id": "cook", "title": "Line Cook", "description": "Grill station."}],
        "counterfactuals": 5,
        "receipts": False,
    }
    answer = await scored(person, body)
    assert answer["human_review_required"] is True
    codes = {notice["code"] for notice in answer["notices"]}
    assert {"human-review", "candidate-rights", "nyc-local-law-144", "records"} <= codes
    result = next(row for row in answer["results"] if row["id"] == "1")
    assert result["band"] in answer["bands"]
    for name in ("fit", "interest", "score", "similarity"):
        assert result[name] is None
    assert (result["reasons"], result["counterfactuals"]) == ([], [])
    assert [found["number"] for found in result["explanation"]] == ["fit"]
    rows = result["explanation"][0]["rows"]
    assert {row["label"]: row["status"] for row in rows}["Python"] == "met"
    assert numbers_in(answer["results"]) == []
    assert "reject" not in json.dumps(answer).lower()
    receipt = (await person.get(f"/api/v2/receipts/{result['receipt_id']}/")).json()
    assert (receipt["signed"], receipt["signature"]) == (None, None)
    assert numbers_in(receipt) == []
    assert receipt["output"]["band"] == result["band"]
    async with database.transaction() as session:
        query = text("SELECT action, detail FROM audit_log WHERE actor = :id")
        entries = (await session.execute(query, {"id": person.tokens["user"]["id"]})).all()
        signed = (
            await session.scalars(text("SELECT signed FROM score_receipt WHERE purpose LIKE 'cand%'"))
        ).all()
    assert [(row.action, row.detail) for row in entries] == [
        ("score.candidate_screening", {"pairs": 2, "release_id": RELEASE})
    ]
    assert all("interest" not in json.loads(row)["output"] for row in signed)
    assert all("interest" not in json.loads(row)["snapshot"] for row in signed)


async def test_research_has_numbers_under_pseudonyms(seeker: Person, people: People) -> None:
    body = {"purpose": "research", "profile": PROFILE, "jobs": [JOB | {"id": "mine"}], "counterfactuals": 5}
    first, again = [(await scored(seeker, body))["results"][0] for _ in range(2)]
    assert first["id"] == again["id"] != "mine"
    assert first["id"].startswith("p-")
    assert first["fit"] is not None
    assert first["interest"] is not None
    assert first["counterfactuals"] == []
    other = await people.seeker()
    assert (await scored(other, body))["results"][0]["id"] != first["id"]


async def test_who_may_ask_for_what(seeker: Person, employer: tuple[Person, str]) -> None:
    company, _ = employer
    body: dict[str, Any] = {"jobs": [JOB]}
    somebody = body | {"seeker": {"content": RESUME}}
    screening = {"purpose": "candidate_screening"}
    is_problem(await seeker.post(SCORE, json=somebody | screening), 403, "forbidden")
    for refused in (body | screening, somebody, somebody | {"purpose": "seeker_guidance"}):
        problem = refusal(await company.post(SCORE, json=refused), 422, "invalid-input")
        assert problem["errors"][0]["pointer"] == "/body/purpose"
    assert (await scored(company, body))["purpose"] == "seeker_guidance"
    assert (await scored(company, somebody | {"purpose": "research"}))["results"][0]["fit"]
    assert (await scored(seeker, somebody))["purpose"] == "seeker_guidance"


# -- around it -----------------------------------------------------------------------------------------


async def test_a_dry_run_checks_and_charges_nothing(
    seeker: Person, matcher: Matcher, market: list[str]
) -> None:
    matcher.calls.clear()
    body = {
        "seeker": {"content": RESUME},
        "job_ids": [market[0]],
        "jobs": [JOB],
        "postings": [{"id": "odd", "content": {"colour": "red"}}],
        "counterfactuals": 2,
    }
    answer = await scored(seeker, body, "dry_run=true")
    assert (answer["dry_run"], answer["results"], answer["release_id"]) == (True, [], "")
    assert [row["id"] for row in answer["failed"]] == ["odd"]
    assert answer["cost_units"] == 50 + 10 + 2 * 3
    assert matcher.calls == []
    assert (await scored(seeker, body))["cost_units"] == answer["cost_units"]


async def test_without_explanations_and_receipts(seeker: Person) -> None:
    answer = await scored(seeker, {"jobs": [JOB], "explain": False, "receipts": False})
    (result,) = answer["results"]
    assert (result["explanation"], result["receipt_id"]) == ([], None)
    assert result["fit"] is not None


async def test_a_release_without_a_match_model_says_so(seeker: Person, matcher: Matcher) -> None:
    match, matcher.engine.bundle.match = matcher.engine.bundle.match, None
    try:
        answer = await scored(seeker, {"jobs": [JOB]})
    finally:
        matcher.engine.bundle.match = match
    (result,) = answer["results"]
    assert answer["match_version"] == ""
    assert [result[name] for name in ("fit", "interest", "band", "receipt_id")] == [None] * 4
    assert 0 < result["score"] < 1


async def test_too_little_text_is_an_abstention_with_its_reason(seeker: Person) -> None:
    vague = {"title": "Helper", "description": "Come and join."}
    (result,) = (await scored(seeker, {"jobs": [vague]}))["results"]
    assert (result["fit"], result["band"]) == (None, None)
    assert result["abstained"] == {"fit": "posting_says_too_little"}


async def test_the_same_key_gets_the_same_answer_and_one_receipt(
    seeker: Person, client: httpx.AsyncClient, database: Database
) -> None:
    headers = seeker.headers | {"Idempotency-Key": "score-1"}
    body = {"jobs": [JOB]}
    query = text("SELECT count(*) FROM score_receipt")
    async with database.transaction() as session:
        before = await session.scalar(query)
    first = await client.post(SCORE, json=body, headers=headers)
    again = await client.post(SCORE, json=body, headers=headers)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-jobpilot-bundle"] == RELEASE
    async with database.transaction() as session:
        assert await session.scalar(query) == before + 1
    is_problem(
        await client.post(SCORE, json={"jobs": [JOB, JOB]}, headers=headers), 422, "idempotency-key-reused"
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/body"),
        ({"jobs": [JOB], "purpose": "fun"}, "/body/purpose"),
        ({"jobs": [JOB], "profile": {}, "seeker": {"content": "x"}}, "/body"),
        ({"jobs": [JOB] * 60, "postings": [{"content": ASHBY}] * 60}, "/body"),
        ({"jobs": [JOB | {"id": "a"}], "postings": [{"id": "a", "content": ASHBY}]}, "/body"),
        (
            {"jobs": [JOB], "seeker": {"content": {"skills": ["x"], "desired_title": 7}}},
            "/body/seeker/content",
        ),
        ({"jobs": [JOB], "seeker": {"content": {}}}, "/body/seeker/format"),
        ({"jobs": [JOB], "bar": 1}, "/body/bar"),
        ({"jobs": [JOB], "user_id": 7}, "/body/user_id"),
    ],
)
async def test_what_is_wrong_is_pointed_at(body: dict[str, Any], pointer: str, seeker: Person) -> None:
    problem = refusal(await seeker.post(SCORE, json=body), 422, "invalid-input")
    assert problem["errors"][0]["pointer"].startswith(pointer)


async def test_other_bodies_and_options_in_the_wrong_place_are_refused(seeker: Person) -> None:
    is_problem(await seeker.post(SCORE, content=b"{"), 422, "invalid-input")
    answer = await seeker.post(f"{SCORE}?purpose=research", json={"jobs": [JOB]})
    assert "in the body" in refusal(answer, 422, "invalid-input")["detail"]
    form = await seeker.post(SCORE, data={"a": "b"})
    is_problem(form, 422, "invalid-input")
