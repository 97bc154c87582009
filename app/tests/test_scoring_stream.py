"""Scores as a stream: a line in, a line out, in order, whatever is wrong with the others."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.db import Database
from app.scoring import stream
from app.tests.conftest import client_of
from app.tests.listening import listening
from app.tests.matcher import RELEASE, Matcher
from app.tests.people import People, Person, post_job
from app.tests.reader import RESUME
from app.tests.test_problems import is_problem
from app.tests.test_scoring_formats import ASHBY, GREENHOUSE, LEVER

SCORE = "/api/v2/matching/score/"
JOB = {"title": "Data Engineer", "description": "You must know Python and Spark. Kubernetes is a plus."}


@pytest.fixture(scope="module")
async def client(matched: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(matched) as made:
        yield made


@pytest.fixture(scope="module")
async def seeker(client: httpx.AsyncClient) -> Person:
    return await People(client).seeker(
        skills=["Python"],
        desired_title="Data Engineer",
        resume_text="I wrote Python and SQL for banks, daily.",
    )


@pytest.fixture(scope="module")
async def employer(client: httpx.AsyncClient) -> tuple[Person, str]:
    return await People(client).employer()


@pytest.fixture(scope="module")
async def market(employer: tuple[Person, str]) -> list[str]:
    return [(await post_job(*employer, title=f"Posting {n}"))["id"] for n in range(3)]


async def sent(person: Person, lines: list[Any], query: str = "") -> httpx.Response:
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    headers = person.headers | {"Content-Type": "application/x-ndjson"}
    return await person.client.post(f"{SCORE}?{query}", content=body, headers=headers)


async def streamed(person: Person, lines: list[Any], query: str = "") -> list[dict[str, Any]]:
    answer = await sent(person, lines, query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_each_line_has_its_own_answer_in_order(
    seeker: Person, matcher: Matcher, market: list[str]
) -> None:
    matcher.calls.clear()
    profile = {
        "skills": ["Cooking"],
        "resume_text": "Line cook for nine years, grill and sauces.",
    }
    lines = [
        {"id": "a", "job": JOB},
        b"{not json",
        {"id": "b", "profile": profile, "posting": {"content": GREENHOUSE}},
        {"id": "c", "job_id": market[1]},
        {"id": "d", "job_id": str(uuid.uuid4())},
        {"id": "e", "seeker": {"content": RESUME}, "posting": {"content": LEVER}},
        b"",
        {"id": "f", "job": JOB, "job_id": market[0]},
        {"id": "g", "posting": {"content": {"colour": "red"}}},
        {"id": "h", "profile": profile, "job": JOB},
        {"id": "i", "seeker": {"content": RESUME}, "posting": {"content": ASHBY}},
    ]
    answers = await streamed(seeker, lines)
    assert [answer["line"] for answer in answers] == list(range(1, 11))  # the empty line is none
    assert [answer["id"] for answer in answers] == ["a", "", "b", "c", "d", "e", "f", "g", "h", "i"]
    assert [answer["status"] for answer in answers] == [200, 422, 200, 200, 404, 200, 422, 422, 200, 200]
    for answer in answers:
        assert (answer["result"] is None) == (answer["error"] is not None) == (answer["status"] != 200)
        if answer["error"]:
            assert answer["error"]["status"] == answer["status"]
            assert answer["error"]["type"].startswith("urn:jobpilot:problem:")
        else:
            assert (answer["release_id"], bool(answer["match_version"])) == (RELEASE, True)
            assert answer["result"]["receipt_id"]
    assert answers[7]["error"]["errors"][0]["pointer"] == "/posting/format"
    # three seekers, three questions, one resume read once
    assert sorted(matcher.calls) == ["/read_resume", "/score", "/score", "/score"]
    alone = (await streamed(seeker, [lines[0]]))[0]["result"]
    assert alone["fit"] == answers[0]["result"]["fit"]
    assert alone["interest"] == answers[0]["result"]["interest"]


async def test_options_are_in_the_query_and_a_dry_run_asks_nobody(seeker: Person, matcher: Matcher) -> None:
    matcher.calls.clear()
    lines = [{"job": JOB}, {"job": JOB | {"title": ""}}]
    first, second = await streamed(seeker, lines, "dry_run=true&purpose=research&counterfactuals=3")
    assert (first["status"], first["result"], first["error"], first["cost_units"]) == (200, None, None, 11)
    assert (first["purpose"], second["status"]) == ("research", 422)
    assert matcher.calls == []
    (answer,) = await streamed(seeker, [{"job": JOB | {"id": "mine"}}], "purpose=research&receipts=false")
    assert answer["result"]["id"].startswith("p-")
    assert answer["result"]["receipt_id"] is None
    is_problem(await sent(seeker, lines, "bar=2"), 422, "invalid-input")


async def test_screening_in_a_stream_is_bound_as_everywhere(
    seeker: Person, employer: tuple[Person, str], database: Database
) -> None:
    company, _ = employer
    line = {"seeker": {"content": RESUME}, "job": JOB}
    refused, own = await streamed(seeker, [line, {"job": JOB}], "purpose=candidate_screening")
    assert (refused["status"], own["status"]) == (403, 403)
    good, own, bare = [
        *await streamed(company, [line, {"job": JOB}], "purpose=candidate_screening"),
        *await streamed(company, [line]),
    ]
    assert (good["status"], good["human_review_required"]) == (200, True)
    assert (good["result"]["fit"], good["result"]["interest"], good["result"]["score"]) == (None, None, None)
    assert good["result"]["receipt_id"]
    assert (own["status"], bare["status"]) == (422, 422)
    assert bare["error"]["errors"][0]["pointer"] == "/purpose"
    query = text("SELECT detail FROM audit_log WHERE actor = :id")
    async with database.transaction() as session:
        noted = (await session.scalars(query, {"id": company.tokens["user"]["id"]})).all()
    assert noted == [{"pairs": 1, "release_id": RELEASE}]


async def test_portions_keep_the_order_and_one_failure_stays_where_it_is(
    seeker: Person, matcher: Matcher, matched: FastAPI, market: list[str]
) -> None:
    many = stream.PORTION * 2 + 7
    lines = [{"id": str(n), "job_id": market[n % 3]} for n in range(many)]
    answers = await streamed(seeker, lines, "explain=false&receipts=false")
    assert [answer["id"] for answer in answers] == [str(n) for n in range(many)]
    assert {answer["status"] for answer in answers} == {200}
    matcher.status = 503
    try:
        down = await streamed(seeker, [{"job": JOB}, b"[]", {"job": JOB}])
    finally:
        matcher.status = 200
        matched.state.matching.breaker.succeeded()
    assert [answer["status"] for answer in down] == [503, 422, 503]


async def test_what_is_too_much_or_nothing_is_refused_as_a_whole(seeker: Person) -> None:
    is_problem(await sent(seeker, [b"{}"] * (stream.MOST_LINES + 1)), 413, "payload-too-large")
    is_problem(await sent(seeker, [b"x" * 9_000_000]), 413, "payload-too-large")
    is_problem(await sent(seeker, [b"", b"  "]), 422, "invalid-input")
    assert len(await streamed(seeker, [b"{}"] * stream.MOST_LINES)) == stream.MOST_LINES


async def test_answers_flow_before_the_last_line_is_scored(
    matched: FastAPI, seeker: Person, matcher: Matcher, market: list[str]
) -> None:
    """Over a real connection: the first portion is there while the others are not asked for yet."""
    lines = [json.dumps({"job_id": market[0]}).encode() for _ in range(stream.PORTION * 3)]
    headers = seeker.headers | {"Content-Type": "application/x-ndjson"}
    matcher.calls.clear()
    async with listening(matched) as port, httpx.AsyncClient(base_url=f"http://localhost:{port}") as client:
        path = f"{SCORE}?explain=false&receipts=false"
        async with client.stream("POST", path, content=b"\n".join(lines), headers=headers) as answer:
            seen = []
            async for line in answer.aiter_lines():
                if not seen:
                    assert matcher.calls.count("/score") < 3
                seen.append(json.loads(line)["line"])
    assert seen == list(range(1, len(lines) + 1))
    assert matcher.calls.count("/score") == 3
