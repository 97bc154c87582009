"""Receipts: signed, readable by their owner alone, and computed again to the last bit."""

from __future__ import annotations

import json
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError
from sqlalchemy import URL, event, text

from app.db import Database
from app.kit.canonical import canonical, sha256_of
from app.receipt.keys import ReceiptKeys, encoded
from app.tests.conftest import client_of, settings_for
from app.tests.matcher import RELEASE, Matcher
from app.tests.people import People, Person, post_job
from app.tests.reader import RESUME
from app.tests.receipts import MATCH, receipt_of
from app.tests.test_problems import is_problem
from app.tests.test_scoring_formats import LEVER
from app.worker import run

SCORE = "/api/v2/matching/score/"
JOB = {"title": "Data Engineer", "description": "You must know Python and Spark. Kubernetes is a plus."}
PROFILE = {"skills": ["Python"], "resume_text": "I wrote Python and SQL for banks, every day for years."}


@pytest.fixture(scope="module")
async def client(matched: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(matched) as made:
        yield made


@pytest.fixture(scope="module")
async def people(client: httpx.AsyncClient) -> People:
    return People(client)


@pytest.fixture
async def person(people: People) -> Person:
    return await people.seeker(**PROFILE)


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


async def scored(person: Person, body: dict[str, Any]) -> dict[str, Any]:
    answer = await person.post(SCORE, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["results"][0])


def path(receipt: str, tail: str = "") -> str:
    return f"/api/v2/receipts/{receipt}/{tail}"


async def verified(person: Person, receipt: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await person.post(path(receipt, "verify/"), json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_receipt_holds_hashes_and_numbers_signed_for_everybody_to_check(
    person: Person, client: httpx.AsyncClient
) -> None:
    result = await scored(person, {"jobs": [JOB]})
    receipt = (await person.get(path(result["receipt_id"]))).json()
    assert (receipt["purpose"], receipt["release_id"]) == ("seeker_guidance", RELEASE)
    assert (receipt["output"]["fit"], receipt["output"]["interest"]) == (result["fit"], result["interest"])
    assert (receipt["seeker"]["format"], receipt["posting"]["format"]) == ("own", "posting")
    assert receipt["posting"]["sha256"] == sha256_of({"format": "posting", "content": JOB})
    assert "Spark" not in json.dumps(receipt)
    keys = (await client.get("/api/v2/receipts/keys/")).json()["keys"]
    (key,) = [key for key in keys if key["kid"] == receipt["key_id"]]
    assert (key["kty"], key["crv"], key["current"]) == ("OKP", "Ed25519", True)
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "="))
    public.verify(urlsafe_b64decode(receipt["signature"] + "=="), receipt["signed"].encode())
    signed = json.loads(receipt["signed"])
    assert canonical(signed) == receipt["signed"]
    assert (signed["id"], signed["output"]["fit"]) == (receipt["id"], result["fit"])


async def test_computed_again_it_agrees_and_so_do_the_inputs(person: Person) -> None:
    body = {"seeker": {"content": RESUME}, "postings": [{"content": LEVER}]}
    receipt = (await scored(person, body))["receipt_id"]
    bare = await verified(person, receipt)
    assert (bare["agrees"], bare["signature"]["status"], bare["replay"]["status"]) == (
        True,
        "valid",
        "agrees",
    )
    assert (bare["replay"]["differences"], bare["replay"]["release_id"]) == ([], RELEASE)
    assert (bare["seeker"]["status"], bare["posting"]["status"]) == ("not_given", "not_given")
    both = await verified(person, receipt, {"seeker": body["seeker"], "posting": {"content": LEVER}})
    assert (both["agrees"], both["seeker"]["status"], both["posting"]["status"]) == (True, "agrees", "agrees")
    other = {"seeker": {"content": RESUME + "."}, "posting": {"content": JOB | {"company": "x"}}}
    wrong = await verified(person, receipt, other)
    assert (wrong["agrees"], wrong["seeker"]["status"], wrong["posting"]["status"]) == (
        False,
        "differs",
        "differs",
    )
    assert wrong["replay"]["status"] == "agrees"
    assert wrong["posting"]["detail"] == "lever was scored, this is posting"
    unclear = {"posting": {"content": {"colour": "red"}}}
    is_problem(await person.post(path(receipt, "verify/"), json=unclear), 422, "invalid-input")


async def test_what_is_stored_here_is_compared_as_it_is_now(
    person: Person, employer: tuple[Person, str], client: httpx.AsyncClient
) -> None:
    owner, company = employer
    job = await post_job(owner, company, **JOB)
    receipt = (await scored(person, {"job_ids": [job["id"]]}))["receipt_id"]
    now = await verified(person, receipt)
    assert (now["agrees"], now["seeker"]["status"], now["posting"]["status"]) == (True, "agrees", "agrees")
    assert (await person.patch("/api/v1/auth/profile/", json={"skills": ["Go"]})).status_code == 200
    edited = await owner.patch(f"/api/v1/jobs/{job['id']}/", json={"description": "You must know Go."})
    assert edited.status_code == 200
    later = await verified(person, receipt)
    assert (later["agrees"], later["replay"]["status"]) == (False, "agrees")
    assert later["seeker"]["detail"] == "your profile has changed since"
    assert later["posting"]["detail"] == "the posting was edited since"


async def test_a_pair_that_was_abstained_from_is_replayed_too(person: Person) -> None:
    result = await scored(person, {"jobs": [{"title": "Helper", "description": "Come and join."}]})
    assert result["fit"] is None
    answer = await verified(person, result["receipt_id"])
    assert (answer["agrees"], answer["replay"]["differences"]) == (True, [])


async def test_what_was_altered_is_found(person: Person, database: Database) -> None:
    receipt = (await scored(person, {"jobs": [JOB]}))["receipt_id"]

    async def alter(column: str, value: str) -> None:
        statement = text(f"UPDATE score_receipt SET {column} = :value WHERE id = :id")  # noqa: S608
        async with database.transaction() as session:
            await session.execute(statement, {"id": receipt, "value": value})

    before = (await person.get(path(receipt))).json()
    value = canonical(before["output"]["fit"]["value"])
    altered = before["signed"].replace(f'"value":{value}', '"value":0.999')
    assert altered != before["signed"]
    await alter("signed", altered)
    answer = await verified(person, receipt)
    assert (answer["agrees"], answer["signature"]["status"], answer["replay"]["status"]) == (
        False,
        "broken",
        "differs",
    )
    stored = {item["path"]: (item["stored"], item["recomputed"]) for item in answer["replay"]["differences"]}
    assert stored == {"/output/fit/value": (0.999, before["output"]["fit"]["value"])}
    await alter("key_id", "another")
    assert (await verified(person, receipt))["signature"]["status"] == "unknown_key"


async def test_a_release_that_is_gone_is_told_with_what_could_be_checked(
    person: Person, matched: FastAPI
) -> None:
    receipt = await receipt_of(matched, person)
    answer = await person.post(path(receipt, "verify/"))
    is_problem(answer, 409, "release-gone")
    problem = answer.json()
    assert "release-1" in problem["detail"]
    assert problem["signature"]["status"] == "valid"
    assert problem["seeker"]["status"] == "not_given"
    shown = (await person.get(path(receipt))).json()
    assert json.loads(shown["signed"])["snapshot"] == MATCH.model_dump(mode="json")["snapshot"]
    assert '"low":5e-324' in shown["signed"]
    assert "-0.0,1e+22" in shown["signed"]


async def test_without_a_serving_layer_it_can_be_read_but_not_computed(
    person: Person, matched: FastAPI, matcher: Matcher
) -> None:
    receipt = await receipt_of(matched, person)
    matcher.status = 503
    try:
        is_problem(await person.post(path(receipt, "verify/")), 503, "matching-unavailable")
        assert (await person.get(path(receipt))).status_code == 200
    finally:
        matcher.status = 200
        matched.state.matching.breaker.succeeded()


async def test_screening_is_replayed_without_telling_a_number(employer: tuple[Person, str]) -> None:
    person, _ = employer
    body = {"purpose": "candidate_screening", "seeker": {"content": RESUME}, "jobs": [JOB]}
    receipt = (await scored(person, body))["receipt_id"]
    answer = await verified(person, receipt, {"seeker": {"content": RESUME}})
    assert answer["agrees"] is True
    assert (answer["seeker"]["status"], answer["replay"]["differences"]) == ("agrees", [])


async def test_a_receipt_is_its_owners(person: Person, people: People, matched: FastAPI) -> None:
    receipt = await receipt_of(matched, person)
    stranger = await people.seeker()
    for name in (receipt, str(uuid.uuid4())):
        is_problem(await stranger.get(path(name)), 404, "not-found")
        is_problem(await stranger.post(path(name, "verify/")), 404, "not-found")


@contextmanager
def inserts(app: FastAPI) -> Iterator[list[str]]:
    """Statements that write receipts."""
    seen: list[str] = []
    engine = app.state.database.engine.sync_engine

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO score_receipt"):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


async def test_a_batch_is_one_statement_and_is_there_if_and_only_if_the_answer_is(
    person: Person, matched: FastAPI, database: Database
) -> None:
    jobs = [JOB | {"title": f"Role {n}"} for n in range(5)]
    with inserts(matched) as seen:
        answer = await person.post(SCORE, json={"jobs": jobs, "explain": False})
    ids = {row["receipt_id"] for row in answer.json()["results"]}
    assert (len(ids), len(seen)) == (5, 1)
    query = text("SELECT count(*) FROM score_receipt WHERE id = ANY(CAST(:ids AS uuid[]))")
    async with database.transaction() as session:
        assert await session.scalar(query, {"ids": sorted(ids)}) == 5


async def test_what_has_had_its_time_is_gone(
    person: Person, matched: FastAPI, database: Database, employer: tuple[Person, str]
) -> None:
    old, kept = (
        await receipt_of(matched, person),
        await receipt_of(matched, employer[0], "candidate_screening"),
    )
    days = text("SELECT extract(day FROM expires_at - created_at)::int FROM score_receipt WHERE id = :id")
    async with database.transaction() as session:
        assert [await session.scalar(days, {"id": i}) for i in (old, kept)] == [365, 1461]
        await session.execute(
            text(
                "UPDATE score_receipt SET expires_at = expires_at - interval '366 days' WHERE id IN (:a, :b)"
            ),
            {"a": old, "b": kept},
        )
    is_problem(await person.get(path(old)), 404, "not-found")  # from that moment, not from the sweep on
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM procrastinate_jobs"))
        await session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
                "VALUES ('account', 'receipt.sweep', '{\"timestamp\": 0}')"
            )
        )
    await run(matched.state.settings, wait=False, install_signal_handlers=False)
    async with database.transaction() as session:
        left = (await session.scalars(text("SELECT id::text FROM score_receipt"))).all()
    assert old not in left
    assert kept in left


# -- keys ----------------------------------------------------------------------------------------------


def keys(**values: object) -> ReceiptKeys:
    return ReceiptKeys.of(settings_for(URL.create("postgresql+psycopg", database="none"), **values))  # type: ignore[arg-type]


def test_keys_rotate_and_retired_ones_still_check() -> None:
    first, second = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    old = keys(receipt_key=encoded(first.private_bytes_raw()))
    signature = old.sign("text")
    assert old.signed("text", signature, old.key_id) is True
    public = encoded(first.public_key().public_bytes_raw())
    new = keys(receipt_key=encoded(second.private_bytes_raw()), receipt_keys_previous=public)
    assert new.key_id != old.key_id
    assert list(new.public) == [new.key_id, old.key_id]
    assert new.signed("text", signature, old.key_id) is True
    assert new.signed("text.", signature, old.key_id) is False
    assert new.signed("text", "####", old.key_id) is False
    assert keys(receipt_key=encoded(second.private_bytes_raw())).signed("text", signature, old.key_id) is None


def test_without_a_key_of_its_own_it_follows_the_secret_key() -> None:
    old = keys(secret_key=SecretStr("a" * 40))
    new = keys(secret_key=SecretStr("b" * 40), secret_keys_previous="a" * 40)
    assert keys(secret_key=SecretStr("a" * 40)).key_id == old.key_id != new.key_id
    assert new.signed("x", old.sign("x"), old.key_id) is True


@pytest.mark.parametrize("name", ["receipt_key", "receipt_keys_previous"])
@pytest.mark.parametrize("value", ["short", urlsafe_b64encode(bytes(33)).decode(), "ä" * 43])
def test_a_key_of_another_size_is_refused_at_the_start(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="43 characters"):
        keys(**{name: value})


async def test_a_page_of_recommendations_may_be_had_with_receipts(
    person: Person, employer: tuple[Person, str]
) -> None:
    boss, company = employer
    for _ in range(5):
        await post_job(boss, company, **JOB)
    plain = (await person.get("/api/v2/recommendations/")).json()
    assert plain["match_version"]
    assert all(item["receipt_id"] is None for item in plain["results"])
    page = (await person.get("/api/v2/recommendations/", params={"receipts": True, "diversity": 0})).json()
    assert page["results"]
    for item in page["results"]:
        assert item["match"]["snapshot"] is None
        receipt = (await person.get(path(item["receipt_id"]))).json()
        assert receipt["output"]["interest"] == item["match"]["interest"]
        assert receipt["posting"]["id"] == item["job"]["id"]
        assert (await verified(person, item["receipt_id"]))["agrees"]
    bare = (await person.get("/api/v2/recommendations/", params={"explain": False})).json()
    assert all(item["match"]["ledgers"] == [] for item in bare["results"])
