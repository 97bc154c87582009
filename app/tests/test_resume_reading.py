"""S-170, S-172, S-173, S-175: files parsed, imported, skills named, our own files read back.

Behind the wire the real reader works (serving/language.py), without BentoML, which has its own tests.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.db import Database
from app.main import create_app
from app.tests.conftest import client_of, settings_for
from app.tests.people import People, Person
from app.tests.reader import RESUME as TEXT
from app.tests.receiver import Receiver
from app.tests.test_problems import is_problem

PARSE, IMPORT, SKILLS = "/api/v1/resume/parse/", "/api/v1/resumes/import/", "/api/v1/resume/skills/"
DOCUMENT: dict[str, Any] = {
    "basics": {"name": "Ada Python", "label": "Data Engineer", "email": "ada@example.org"},
    "work": [
        {
            "name": "Kubernetes GmbH",
            "position": "Data Engineer",
            "startDate": "2019-03",
            "endDate": "2023-02",
            "highlights": ["Moved nightly jobs to Apache Spark.", "Wrote advanced Python every day."],
        }
    ],
    "skills": [{"name": "PostgreSQL"}],
}


@pytest.fixture(scope="module")
async def seeker(reader: Receiver, database: Database) -> AsyncIterator[Person]:
    app = create_app(settings_for(database.url, reader.url, serving_timeout_s=30.0))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield await People(client).seeker()


async def send(person: Person, path: str, data: bytes, name: str = "cv.txt") -> httpx.Response:
    return await person.post(path, files={"file": (name, data, "application/octet-stream")})


async def stored(person: Person, document: dict[str, Any], name: str) -> dict[str, Any]:
    answer = await person.post("/api/v1/resumes/", json={"name": name, "document": document})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_s172_a_file_and_pasted_text_are_read_alike_and_nothing_is_stored(seeker: Person) -> None:
    by_file = await send(seeker, PARSE, TEXT.encode())
    by_text = await seeker.post(PARSE, json={"text": TEXT})
    assert by_file.status_code == by_text.status_code == 200, by_file.text
    body = by_file.json()
    assert body["resume"]["work"] == by_text.json()["resume"]["work"]
    span = body["resume"]["x-jobpilot"]["fields"]["/work/0/position"]
    assert body["text"][span["start"] : span["end"]] == "Data Engineer"
    assert 0 < span["confidence"] <= 1
    assert {"Python", "PostgreSQL", "Apache Spark"} <= {s["label"] for s in body["skills"]}
    assert (await seeker.get("/api/v1/resumes/")).json()["results"] == []


@pytest.mark.parametrize(
    ("data", "status", "code", "reason"),
    [
        (b"\x7fELF\x02\x01" + bytes(300), 422, "unreadable-file", "unsupported_file"),
        (b"%PDF-1.7\n%%EOF", 422, "unreadable-file", "malformed_file"),
        (b"", 422, "unreadable-file", "no_text"),
        (b"word " * 1_000_000, 413, "payload-too-large", "too_large"),
    ],
)
async def test_a_file_that_cannot_be_read_gets_its_reason_and_a_way_forward(
    seeker: Person, data: bytes, status: int, code: str, reason: str
) -> None:
    for path in (PARSE, IMPORT):
        answer = await send(seeker, path, data, "cv.pdf")
        is_problem(answer, status, code)
        problem = answer.json()
        assert problem["reason"] == reason
        assert problem["detail"].endswith(".")


async def test_a_file_larger_than_the_limit_is_not_read(seeker: Person, reader: Receiver) -> None:
    before = len(reader.calls)
    is_problem(await send(seeker, PARSE, bytes(6 * 2**20)), 413, "payload-too-large")
    assert len(reader.calls) == before


@pytest.mark.parametrize(
    "kwargs",
    [
        {"json": {}},
        {"json": {"text": ""}},
        {"json": {"text": "x", "file": "y"}},
        {"content": b"{", "headers_": "application/json"},
        {"content": b"hello", "headers_": "text/plain"},
        {"files": {"other": ("a.txt", b"x")}},
        {"content": b"--x\r\nbroken", "headers_": "multipart/form-data; boundary=x"},
        {"content": b"--x\r\nbroken", "headers_": "multipart/form-data"},
    ],
)
async def test_what_is_no_resume_is_refused(seeker: Person, kwargs: dict[str, Any]) -> None:
    headers = dict(seeker.headers)
    if kind := kwargs.pop("headers_", None):
        headers["content-type"] = kind
    answer = await seeker.client.post(PARSE, headers=headers, **kwargs)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_s175_a_file_becomes_a_resume_that_remembers_where_it_was_read(seeker: Person) -> None:
    answer = await send(seeker, f"{IMPORT}?name=From%20my%20file", TEXT.encode())
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["name"], body["source"], body["version"]) == ("From my file", "parsed", 1)
    assert body["document"]["work"][0]["name"] == "Harbour Lights"
    assert "/work/0/name" in body["document"]["x-jobpilot"]["fields"]
    assert answer.headers["etag"]
    read = await seeker.get(f"/api/v1/resumes/{body['id']}/")
    assert read.json()["document"] == body["document"]
    is_problem(await send(seeker, f"{IMPORT}?name=From%20my%20file", TEXT.encode()), 409, "conflict")


async def test_an_import_that_is_repeated_is_made_once(seeker: Person) -> None:
    headers = seeker.headers | {"Idempotency-Key": "import-1"}
    path = f"{IMPORT}?name=Only%20once"

    async def again(data: bytes) -> httpx.Response:
        return await seeker.client.post(path, files={"file": ("cv.txt", data)}, headers=headers)

    first, second = await again(TEXT.encode()), await again(TEXT.encode())
    assert (first.status_code, second.status_code) == (201, 201), first.text
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"
    is_problem(await again(TEXT.encode() + b"More."), 422, "idempotency-key-reused")


async def test_s173_skills_point_into_the_document_and_names_are_no_skills(seeker: Person) -> None:
    resume = await stored(seeker, DOCUMENT, "Skills")
    body = (await seeker.get(SKILLS, params={"resume_id": resume["id"]})).json()
    assert {"Apache Spark", "Python", "PostgreSQL"} <= set(body["skills"])
    assert "Kubernetes" not in body["skills"]
    assert "/basics/name" not in {row["path"] for row in body["evidence"]}
    by_label = {row["label"]: row for row in body["evidence"]}
    assert by_label["Python"]["path"] == "/work/0/highlights/1"
    assert by_label["Python"]["level"] == "advanced"
    spark = by_label["Apache Spark"]
    text = DOCUMENT["work"][0]["highlights"][0]
    assert text[spark["start"] : spark["end"]] == spark["surface"] == "Apache Spark"


async def test_without_a_name_the_default_resume_is_meant(seeker: Person) -> None:
    first = (await seeker.get("/api/v1/resumes/")).json()["results"][0]
    assert (await seeker.get(SKILLS)).json()["resume_id"] == first["id"]


async def test_another_accounts_resume_is_not_there(seeker: Person) -> None:
    resume = await stored(seeker, DOCUMENT, "Mine")
    other = await People(seeker.client).seeker()
    is_problem(await other.get(SKILLS, params={"resume_id": resume["id"]}), 404, "not-found")
    is_problem(await other.post(f"/api/v1/resumes/{resume['id']}/check/"), 404, "not-found")
    is_problem(await other.get(SKILLS), 404, "not-found")
    is_problem(await seeker.get(SKILLS, params={"resume_id": str(uuid.uuid4())}), 404, "not-found")


async def test_a_parser_reads_back_what_was_written(seeker: Person) -> None:
    document = {**DOCUMENT, "basics": {**DOCUMENT["basics"], "name": "Ada Example"}}
    resume = await stored(seeker, document, "Checked")
    for template in ("classic", "modern", "compact"):
        answer = await seeker.post(f"/api/v1/resumes/{resume['id']}/check/", params={"template": template})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["template"], body["pages"], body["differences"]) == (template, 1, [])
        assert "Moved nightly jobs to Apache Spark." in body["text"]


async def test_many_files_at_once_are_all_answered(seeker: Person) -> None:
    answers = await asyncio.gather(*(send(seeker, PARSE, TEXT.encode()) for _ in range(8)))
    assert {a.status_code for a in answers} == {200}


async def test_without_the_serving_layer_nothing_is_lost(people: People) -> None:
    person = await people.seeker()
    resume = await stored(person, DOCUMENT, "Kept")
    for answer in (
        await send(person, PARSE, TEXT.encode()),
        await send(person, IMPORT, TEXT.encode()),
        await person.get(SKILLS),
        await person.post(f"/api/v1/resumes/{resume['id']}/check/"),
    ):
        is_problem(answer, 503, "matching-unavailable")
    assert (await person.get(f"/api/v1/resumes/{resume['id']}/")).json()["document"] == resume["document"]
