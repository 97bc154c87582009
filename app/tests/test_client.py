"""The public client: its models are the API's, and it does what it promises when calls fail."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from sqlalchemy import URL

from app import client as public
from app.client import (
    AsyncJobPilot,
    ForeignPosting,
    JobPilot,
    PostingIn,
    Retries,
    ScoreBody,
    ScoreLine,
    ScoreOptions,
    SeekerIn,
    SignatureError,
    VerifyBody,
    check_signature,
    models,
)
from app.main import create_app
from app.tests.conftest import client_of, settings_for
from app.tests.listening import listening
from app.tests.matcher import RELEASE, Matcher
from app.tests.people import PASSWORD, People, Person, post_job
from app.tests.reader import RESUME
from app.tests.test_scoring_formats import LEVER

JOB = PostingIn(title="Data Engineer", description="You must know Python and Spark. Kubernetes is a plus.")
PROFILE = {"skills": ["Python"], "resume_text": "I wrote Python and SQL for banks, every day for years."}


# -- drift ---------------------------------------------------------------------------------------------


def plain(schema: Any) -> Any:
    """A schema without what says nothing of the type: titles, texts, bounds, defaults, and whether a list of
    choices has one or many parts."""
    if isinstance(schema, list):
        return sorted((plain(item) for item in schema), key=lambda item: json.dumps(item, sort_keys=True))
    if not isinstance(schema, dict):
        return schema
    ours = {"type", "properties", "required", "items", "enum", "const", "anyOf", "$ref", "format"}
    kept = {name: value for name, value in schema.items() if name in ours | {"additionalProperties"}}
    if kept.get("format") in ("email", "password"):
        del kept["format"]
    if isinstance(kept.get("additionalProperties"), bool) or kept.get("additionalProperties") == {}:
        del kept["additionalProperties"]
    if "$ref" in kept:
        name = kept["$ref"].rpartition("/")[2].removesuffix("-Output")
        return {} if name == "JsonValue" else {"$ref": name}
    if "properties" in kept:
        kept["properties"] = {name: plain(value) for name, value in kept["properties"].items()}
    if "additionalProperties" in kept:
        kept["additionalProperties"] = plain(kept["additionalProperties"])
        if kept["additionalProperties"] == {}:
            del kept["additionalProperties"]
    for name in ("anyOf", "items", "enum", "required"):
        if name in kept:
            kept[name] = plain(kept[name])
    return kept


def document() -> dict[str, Any]:
    return create_app(settings_for(URL.create("postgresql+psycopg", database="none"))).openapi()


def test_every_model_has_the_fields_and_types_of_the_api_and_no_others() -> None:
    server = document()["components"]["schemas"]
    classes = [
        value
        for value in vars(models).values()
        if isinstance(value, type) and issubclass(value, models.Sent | models.Given)
    ]
    mine = [cls for cls in classes if cls not in (models.Sent, models.Given, models.ScoreOptions)]
    _, made = models_json_schema([(cls, "validation") for cls in mine])
    assert len(mine) > 50
    for cls in mine:
        name = cls.__name__
        theirs = server.get(name) or server[f"{name}-Output"]
        if name in ("Problem", "LoginRequest"):  # written by hand there; bounds are the server's
            assert made["$defs"][name]["properties"].keys() == theirs["properties"].keys()
            continue
        assert plain(made["$defs"][name]) == plain(theirs), name


def test_every_call_is_an_operation_of_the_api() -> None:
    from app.client import calls

    body = ScoreBody(jobs=[JOB])
    every = [
        calls.login("a@example.org", "x" * 8),
        calls.search({}),
        calls.recommendations({}),
        calls.why_not("{job}", {}),
        calls.score(body, None, dry_run=True),
        calls.lines([ScoreLine(job=JOB)], ScoreOptions(), dry_run=False),
        calls.receipt("{score_receipt}"),
        calls.receipt_keys(),
        calls.verify("{score_receipt}", VerifyBody()),
    ]
    paths = document()["paths"]
    for call in every:
        operation = paths[call.path][call.method.lower()]
        answers = operation["responses"]["200"]["content"]
        assert call.answer.__name__ in json.dumps(answers), (call.path, answers)
        takes_key = any(item["name"] == "idempotency-key" for item in operation.get("parameters", []))
        assert ("Idempotency-Key" in call.headers) == (
            takes_key and call.headers["Content-Type"] != calls.NDJSON
        )


def test_it_needs_neither_the_web_framework_nor_the_orm() -> None:
    unwanted = "('fastapi', 'sqlalchemy', 'starlette')"
    code = f"import sys, app.client; print([m for m in {unwanted} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


# -- against the real thing ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def http(matched: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(matched) as made:
        yield made


@pytest.fixture(scope="module")
async def seeker(http: httpx.AsyncClient) -> Person:
    return await People(http).seeker(**PROFILE)


@pytest.fixture(scope="module")
async def market(http: httpx.AsyncClient) -> list[str]:
    employer, company = await People(http).employer()
    return [(await post_job(employer, company, title=f"Posting {n}"))["id"] for n in range(5)]


@pytest.fixture
async def client(matched: FastAPI, seeker: Person) -> AsyncIterator[AsyncJobPilot]:
    transport = httpx.ASGITransport(matched)
    async with AsyncJobPilot("http://localhost", transport=transport) as made:
        await made.login(seeker.email, PASSWORD)
        yield made


async def test_scores_with_a_receipt_that_is_checked_here_and_there(
    client: AsyncJobPilot, market: list[str]
) -> None:
    body = ScoreBody(
        seeker=SeekerIn(content=RESUME), postings=[ForeignPosting(content=LEVER)], counterfactuals=2
    )
    dry = await client.score(body, dry_run=True)
    assert (dry.dry_run, dry.results) == (True, [])
    answer = await client.score(body)
    (result,) = answer.results
    assert (answer.release_id, answer.cost_units) == (RELEASE, dry.cost_units)
    assert result.receipt_id is not None
    receipt = await client.check_receipt(result.receipt_id)
    assert receipt.output.fit == result.fit
    sent = VerifyBody(seeker=SeekerIn(content=RESUME), posting=ForeignPosting(content=LEVER))
    verdict = await client.verify_receipt(result.receipt_id, sent)
    assert (verdict.agrees, verdict.seeker.status, verdict.posting.status) == (True, "agrees", "agrees")
    keys = await client.receipt_keys()
    other = models.PublicKeys(keys=[])
    forged = receipt.model_copy(
        update={"signed": (receipt.signed or "").replace('"partial"', '"strong"') + " "}
    )
    shown = receipt.model_copy(update={"release_id": "another"})
    for wrong, known in ((receipt, other), (forged, keys), (shown, keys)):
        with pytest.raises(SignatureError):
            check_signature(wrong, known)
    check_signature(receipt, keys)


async def test_lists_go_on_to_their_end(client: AsyncJobPilot, market: list[str]) -> None:
    found = [str(job.id) async for job in client.jobs(limit=2, sort="date")]
    assert sorted(found) == sorted(market)
    page = await client.recommendations(limit=3)
    assert 0 < len(page.results) <= 3
    assert page.results[0].match is not None
    assert (await client.why_not(market[0], limit=100)).stopped_at == "shown"


async def test_a_stream_of_lines(client: AsyncJobPilot, market: list[str]) -> None:
    lines = [ScoreLine(id="a", job_id=market[0]), ScoreLine(id="b"), ScoreLine(id="c", job=JOB)]  # type: ignore[arg-type]
    options = ScoreOptions(purpose="research", explain=False, receipts=False)
    answers = [answer async for answer in client.score_lines(lines, options)]
    assert [(answer.line, answer.id, answer.status) for answer in answers] == [
        (1, "a", 200),
        (2, "b", 422),
        (3, "c", 200),
    ]
    assert answers[2].result is not None
    assert answers[2].result.id.startswith("p-")
    assert answers[2].result.explanation == []


async def test_the_blocking_client_does_the_same(
    matched: FastAPI, seeker: Person, market: list[str], matcher: Matcher
) -> None:
    def work(url: str) -> tuple[list[str], list[int], bool, str]:
        with JobPilot(url) as client:
            client.login(seeker.email, PASSWORD)
            found = [str(job.id) for job in client.jobs(limit=2)]
            answers = list(client.score_lines(ScoreLine(job_id=job) for job in market))  # type: ignore[arg-type]
            (result,) = client.score(ScoreBody(jobs=[JOB])).results
            assert result.receipt_id is not None
            client.check_receipt(result.receipt_id)
            agrees = client.verify_receipt(result.receipt_id).agrees
            stopped = client.why_not(market[0], limit=100).stopped_at
            assert len(client.recommendations(limit=2).results) <= 2
            assert client.search(q="posting").results
            with pytest.raises(public.NotFoundError) as missing:
                client.receipt("01993b1e-7c1a-7a39-9f57-5b3f2c1d0e4a")
            assert missing.value.code == "not-found"
            return found, [answer.status for answer in answers], agrees, stopped

    async with listening(matched) as port:
        found, statuses, agrees, stopped = await asyncio.to_thread(work, f"http://localhost:{port}")
    assert sorted(found) == sorted(market)
    assert (statuses, agrees, stopped) == ([200] * 5, True, "shown")


# -- when calls fail -----------------------------------------------------------------------------------


class Flaky:
    """A server that answers what it was told to, one after another."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.seen, self.waits = list(answers), list[httpx.Request](), list[float]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **retries: Any) -> JobPilot:
        return JobPilot(
            "http://localhost",
            "token",
            retries=Retries(**retries),
            transport=httpx.MockTransport(self),
            sleep=self.waits.append,
        )


def problem(status: int, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    body = {"type": f"urn:jobpilot:problem:c{status}", "title": "T", "status": status, "detail": "d"}
    whole = body | {"instance": "/", "request_id": "r"} | more
    return httpx.Response(status, json=whole, headers=headers or {})


KEYS = httpx.Response(200, json={"keys": [], "new_field": 1})


def test_it_comes_back_when_the_server_says() -> None:
    server = Flaky(problem(429, {"Retry-After": "7"}), problem(503, {"Retry-After": "2"}), KEYS)
    assert server.client().receipt_keys().keys == []  # and a field it does not know is no trouble
    assert server.waits == [7.0, 2.0]
    assert {request.headers["authorization"] for request in server.seen} == {"Bearer token"}


def test_it_gives_up_in_the_end_and_does_not_wait_for_ever() -> None:
    server = Flaky(*[problem(503)] * 4)
    with pytest.raises(public.UnavailableError):
        server.client().receipt_keys()
    assert len(server.seen) == 4
    assert all(0 <= wait <= 0.5 * 2**n for n, wait in enumerate(server.waits))
    patient = Flaky(problem(429, {"Retry-After": "3600"}))
    with pytest.raises(public.RateLimitedError) as refused:
        patient.client().receipt_keys()
    assert (refused.value.retry_after, patient.waits) == (3600.0, [])


def test_a_repeated_score_has_the_same_key_and_a_lost_login_is_not_repeated() -> None:
    scores = {
        "results": [], "failed": [], "unknown_job_ids": [], "purpose": "research", "dry_run": False,
        "human_review_required": False, "notices": [], "bands": {}, "cost_units": 1, "release_id": "",
        "match_version": "",
    }  # fmt: skip
    server = Flaky(httpx.ReadTimeout("late"), problem(503), httpx.Response(200, json=scores))
    server.client().score(ScoreBody(jobs=[JOB]))
    keys = {request.headers["idempotency-key"] for request in server.seen}
    assert (len(server.seen), len(keys)) == (3, 1)
    assert json.loads(server.seen[0].content) == {"jobs": [JOB.model_dump(exclude_unset=True)]}
    lost = Flaky(httpx.ConnectError("down"))
    with pytest.raises(public.ConnectionFailedError):
        lost.client().login("a@example.org", "password")
    assert len(lost.seen) == 1


def test_problems_have_their_kind_and_all_that_they_say() -> None:
    errors = [{"pointer": "/body/bar", "code": "c", "message": "m"}]
    kinds = {401: public.NotAuthenticatedError, 403: public.NotAllowedError, 404: public.NotFoundError}
    kinds |= {409: public.ConflictError, 413: public.TooLargeError, 422: public.InvalidError}
    for status, kind in kinds.items():
        server = Flaky(problem(status, errors=errors, signature={"status": "valid"}))
        with pytest.raises(kind) as raised:
            server.client().receipt_keys()
        error = raised.value
        assert isinstance(error, public.ProblemError)
        assert (error.code, error.problem.errors[0].pointer) == (f"c{status}", "/body/bar")
        assert error.extensions == {"signature": {"status": "valid"}}
    proxy = Flaky(httpx.Response(500, text="<html>gateway</html>"))
    with pytest.raises(public.UnavailableError, match="gateway"):
        proxy.client().receipt_keys()


def test_streams_break_off_with_an_error() -> None:
    line = {"line": 1, "id": "", "status": 200, "result": None, "error": None, "purpose": "research"}
    line |= {"human_review_required": False, "cost_units": 1, "release_id": "", "match_version": ""}
    whole = json.dumps(line).encode() + b"\n"
    server = Flaky(httpx.Response(200, content=whole), httpx.Response(200, content=whole), problem(413))
    many = (ScoreLine(job=JOB) for _ in range(2 * 1000 + 1))
    answers = server.client().score_lines(many)
    assert [next(answers).line, next(answers).line] == [1, 1001]
    with pytest.raises(public.TooLargeError):
        next(answers)
    assert [request.content.count(b"\n") for request in server.seen] == [999, 999, 0]
