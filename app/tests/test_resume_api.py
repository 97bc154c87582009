"""S-174, S-175: resumes are kept in versions, belong to their owner, and are changed by who read them."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import unquote

import docx
import httpx
import pypdfium2
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text
from sqlalchemy.exc import IntegrityError

from app.db import Database
from app.main import create_app
from app.tests.conftest import client_of, settings_for
from app.tests.crowd import employer, one
from app.tests.people import Person, post_job
from app.tests.test_problems import is_problem

RESUMES = "/api/v1/resumes/"
GENERATE = "/api/v1/resume/generate/"
DOCUMENT: dict[str, Any] = {
    "basics": {"name": "Zoë Ωmega", "label": "Data Engineer", "summary": "Builds pipelines. Likes tests."},
    "work": [
        {
            "name": "Acme",
            "position": "Engineer",
            "startDate": "2019-03",
            "highlights": ["Moved the load to Spark.", "Fed the cat.", "Taught Kafka."],
        },
        {"name": "Old Co", "position": "Intern", "startDate": "2017", "endDate": "2019-02-28"},
    ],
    "skills": [{"name": "Data", "keywords": ["SQL", "Kafka"]}],
}

ANOTHER_DEFAULT = (
    "INSERT INTO resume (public_id, user_id, name, is_default) "
    "SELECT gen_random_uuid(), user_id, 'x', true FROM r"
)


@pytest.fixture
async def person(application: FastAPI, client: httpx.AsyncClient) -> Person:
    return await one(application, client)


async def made(person: Person, name: str = "Main", **fields: Any) -> dict[str, Any]:
    answer = await person.post(RESUMES, json={"name": name, "document": DOCUMENT} | fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def tag(person: Person, resume: dict[str, Any]) -> str:
    return str((await person.get(f"{RESUMES}{resume['id']}/")).headers["etag"])


async def change(person: Person, resume: dict[str, Any], body: Any, **headers: str) -> httpx.Response:
    path = f"{RESUMES}{resume['id']}/"
    sent = {"If-Match": await tag(person, resume)} | headers
    return await person.client.patch(path, json=body, headers=person.headers | sent)


async def restore(person: Person, resume: dict[str, Any], number: int) -> httpx.Response:
    path = f"{RESUMES}{resume['id']}/versions/{number}/restore/"
    headers = person.headers | {"If-Match": await tag(person, resume)}
    return await person.client.post(path, headers=headers)


# -- kept ----------------------------------------------------------------------------------------------


async def test_a_resume_is_kept_as_it_was_sent(person: Person) -> None:
    resume = await made(person)
    assert (resume["version"], resume["source"], resume["is_default"]) == (1, "typed", True)
    assert resume["document"] == DOCUMENT
    read = await person.get(f"{RESUMES}{resume['id']}/")
    assert read.json() == resume
    again = await person.client.get(
        f"{RESUMES}{resume['id']}/", headers=person.headers | {"If-None-Match": read.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    second = await made(person, "Second")
    listed = (await person.get(RESUMES)).json()
    assert [row["id"] for row in listed["results"]] == [resume["id"], second["id"]]
    assert listed["pagination"]["total_count"] == 2
    assert "document" not in listed["results"][0]
    is_problem(await person.post(RESUMES, json={"name": "Main", "document": {}}), 409, "conflict")


@pytest.mark.parametrize(
    "document",
    [
        {"nonsense": 1},
        {"work": [{"employer": "x"}]},
        {"work": [{"startDate": "03/2019"}]},
        {"work": [{"startDate": "2019-13"}]},
        {"work": [{"startDate": "2019-02-30"}]},
        {"work": [{"startDate": "2019-03", "endDate": "2019-02"}]},
        {"work": [{"highlights": [""]}]},
        {"work": [{"highlights": ["\u200b"]}]},
        {"work": [{"highlights": ["x" * 1001]}]},
        {"work": [{}] * 61},
        {"basics": {"url": "javascript:alert(1)"}},
        {"basics": {"email": "not an address"}},
        {"basics": {"name": None}},
        {"basics": {"name": "x" * 201}},
        {"x-jobpilot": {"hidden": ["work/0"]}},
        {"x-jobpilot": {"hidden": ["/work/0/endDate"]}},
        {"publications": [{"summary": "x" * 5000}] * 50},
    ],
    ids=lambda document: json.dumps(document)[:60],
)
async def test_what_is_no_resume_is_refused(document: Any, person: Person) -> None:
    is_problem(await person.post(RESUMES, json={"name": "x", "document": document}), 422, "invalid-input")
    assert (await person.get(RESUMES)).json()["results"] == []


async def test_text_is_kept_without_what_cannot_be_seen(person: Person) -> None:
    sent = {"basics": {"name": " e\u0301 \u202eb\u0000\ufffe ", "summary": "a\r\n\r\n b\u2028c  d"}}
    resume = await made(person, document=sent)
    assert resume["document"] == {"basics": {"name": "é b", "summary": "a\nb\nc d"}}


async def test_somebody_elses_resume_is_not_there(
    person: Person, application: FastAPI, client: httpx.AsyncClient
) -> None:
    resume, other = await made(person), await one(application, client)
    base = f"{RESUMES}{resume['id']}/"
    whole = {"name": "y", "document": {}}
    for method, path, body in (
        ("GET", base, None),
        ("PUT", base, whole),
        ("PATCH", base, {"name": "y"}),
        ("DELETE", base, None),
        ("GET", f"{base}versions/", None),
        ("GET", f"{base}versions/1/", None),
        ("POST", f"{base}versions/1/restore/", None),
        ("GET", f"{base}diff/?from=1", None),
        ("POST", f"{base}copy/", {"name": "y"}),
        ("POST", GENERATE, {"resume_id": resume["id"], "format": "txt"}),
    ):
        is_problem(await other.call(method, path, json=body), 404, "not-found")
    assert (await person.get(base)).json() == resume
    assert (await other.get(RESUMES)).json()["results"] == []


# -- changed -------------------------------------------------------------------------------------------


async def test_who_changes_a_resume_has_read_it(person: Person) -> None:
    resume = await made(person)
    path, old = f"{RESUMES}{resume['id']}/", await tag(person, resume)
    is_problem(await person.patch(path, json={"name": "New"}), 428, "precondition-required")
    changed = await change(person, resume, {"name": "New"})
    assert (changed.status_code, changed.json()["name"], changed.json()["version"]) == (200, "New", 1)
    assert changed.headers["etag"] == await tag(person, resume) != old
    stale = await change(person, resume, {"name": "Newer"}, **{"If-Match": old})
    is_problem(stale, 412, "precondition-failed")
    gone = await person.client.delete(path, headers=person.headers | {"If-Match": old})
    is_problem(gone, 412, "precondition-failed")
    assert (await person.get(path)).json()["name"] == "New"


async def test_of_two_who_change_it_at_once_one_is_told(person: Person) -> None:
    resume = await made(person)
    seen = await tag(person, resume)
    answers = await asyncio.gather(
        *(
            change(person, resume, {"document": {"meta": {"version": f"v{n}"}}}, **{"If-Match": seen})
            for n in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    versions = (await person.get(f"{RESUMES}{resume['id']}/versions/")).json()["results"]
    assert [row["number"] for row in versions] == [2, 1]


async def test_a_patch_of_the_document_is_a_merge_patch(person: Person) -> None:
    resume = await made(person)
    patch = {"document": {"basics": {"label": None, "phone": "+49 30 1"}, "skills": [{"name": "Go"}]}}
    changed = (await change(person, resume, patch)).json()
    basics = {key: value for key, value in DOCUMENT["basics"].items() if key != "label"}
    assert changed["document"] == DOCUMENT | {
        "basics": basics | {"phone": "+49 30 1"},
        "skills": [{"name": "Go"}],
    }
    assert changed["version"] == 2
    refused = await change(person, resume, {"document": {"work": [{"startDate": "soon"}]}})
    is_problem(refused, 422, "invalid-input")
    assert refused.json()["errors"][0]["pointer"] == "/body/document/work/0/startDate"


async def test_a_put_replaces_all_of_it(person: Person) -> None:
    resume = await made(person)
    headers = person.headers | {"If-Match": await tag(person, resume)}
    whole = {"name": "Other", "document": {"basics": {"name": "B"}}, "source": "imported"}
    answer = await person.client.put(f"{RESUMES}{resume['id']}/", json=whole, headers=headers)
    found = answer.json()
    assert (found["name"], found["document"], found["source"]) == ("Other", whole["document"], "imported")
    assert (found["version"], found["is_default"]) == (2, False)


async def test_versions_are_read_compared_and_restored(person: Person) -> None:
    resume = await made(person)
    base = f"{RESUMES}{resume['id']}/"
    work = [{"name": "New Co", "position": "Lead"}, *json.loads(json.dumps(DOCUMENT["work"]))]
    work[1]["highlights"][0] = "Moved the whole load to Spark."
    del work[1]["highlights"][1]
    await change(person, resume, {"document": {"work": work}})
    diff = (await person.get(f"{base}diff/?from=1&to=2")).json()
    assert (diff["from"], diff["to"]) == (1, 2)
    assert diff["changes"] == [
        {
            "path": "/work/1/highlights/0",
            "before": "Moved the load to Spark.",
            "after": "Moved the whole load to Spark.",
        },
        {"path": "/work/0/highlights/1", "before": "Fed the cat.", "after": None},
        {"path": "/work/0", "before": None, "after": work[0]},
    ]
    back = await restore(person, resume, 1)
    assert (back.json()["version"], back.json()["document"]) == (3, DOCUMENT)
    assert (await person.get(f"{base}versions/2/")).json()["document"]["work"] == work
    assert (await person.get(f"{base}diff/?from=1")).json()["changes"] == []
    before = (await person.get(f"{base}diff/")).json()
    assert (before["from"], before["to"], len(before["changes"])) == (2, 3, 3)
    is_problem(await person.get(f"{base}versions/4/"), 404, "not-found")
    is_problem(await person.get(f"{base}diff/?from=9"), 404, "not-found")
    is_problem(await restore(person, resume, 9), 404, "not-found")
    same = await change(person, resume, {"document": {}})
    assert same.json()["version"] == 3


async def test_old_versions_are_forgotten(
    person: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.resume.service.MAX_VERSIONS", 3)
    resume = await made(person)
    for number in range(4):
        await change(person, resume, {"document": {"meta": {"version": str(number)}}})
    versions = (await person.get(f"{RESUMES}{resume['id']}/versions/")).json()["results"]
    assert [row["number"] for row in versions] == [5, 4, 3]


async def test_there_is_one_default(person: Person) -> None:
    first, second, third = [await made(person, name) for name in "abc"]

    async def default() -> list[str]:
        rows = (await person.get(RESUMES)).json()["results"]
        return [row["id"] for row in rows if row["is_default"]]

    assert await default() == [first["id"]]
    await change(person, third, {"is_default": True})
    assert await default() == [third["id"]]
    assert (await person.call("DELETE", f"{RESUMES}{third['id']}/")).status_code == 204
    assert await default() == [second["id"]]
    is_problem(await person.get(f"{RESUMES}{third['id']}/"), 404, "not-found")


async def test_asking_twice_with_one_key_makes_one(person: Person) -> None:
    headers = person.headers | {"Idempotency-Key": "k1"}
    body = {"name": "Once", "document": DOCUMENT}
    first, second = [await person.client.post(RESUMES, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, second.json()) == (201, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert (await person.get(RESUMES)).json()["pagination"]["total_count"] == 1


# -- copied and tailored -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def job(application: FastAPI, client: httpx.AsyncClient) -> dict[str, Any]:
    boss, company = await employer(application, client)
    needs = [{"name": "Kafka"}, {"name": "Haskell", "importance": "nice"}]
    return await post_job(boss, company, title="Streaming Engineer", skill_requirements=needs)


async def test_a_copy_for_a_posting_adds_nothing_and_cites_everything(
    person: Person, job: dict[str, Any]
) -> None:
    resume = await made(person)
    body = {"name": "For Acme", "job_id": job["id"], "tailor": True}
    answer = await person.post(f"{RESUMES}{resume['id']}/copy/", json=body)
    assert answer.status_code == 201, answer.text
    copy = answer.json()
    assert copy["tailoring"] == {"matched": ["Kafka"], "missing": ["Haskell"]}
    assert (copy["source"], copy["job_id"], copy["is_default"]) == ("tailored", job["id"], False)
    assert copy["document"]["work"][0]["highlights"][0] == "Taught Kafka."
    origins = {item["path"]: item["source"] for item in copy["document"]["x-jobpilot"]["origins"]}
    assert origins["/work/0/highlights/0"] == "/work/0/highlights/2"
    assert origins["/skills/0/keywords/0"] == "/skills/0/keywords/1"
    listed = await person.get(f"{RESUMES}?job_id={job['id']}")
    assert [row["id"] for row in listed.json()["results"]] == [copy["id"]]
    edited = await change(person, copy, {"document": {"basics": {"label": "Wizard"}}})
    assert (edited.json()["source"], edited.json()["document"].get("x-jobpilot")) == ("typed", None)


async def test_a_plain_copy_is_the_same_document(person: Person, job: dict[str, Any]) -> None:
    resume = await made(person)
    path = f"{RESUMES}{resume['id']}/copy/"
    copy = (await person.post(path, json={"name": "Copy"})).json()
    assert (copy["document"], copy["tailoring"], copy["job_id"]) == (DOCUMENT, None, None)
    is_problem(await person.post(path, json={"name": "Copy"}), 409, "conflict")
    is_problem(await person.post(path, json={"name": "z", "tailor": True}), 422, "invalid-input")
    unknown = {"name": "z", "job_id": str(uuid.uuid4())}
    is_problem(await person.post(path, json=unknown), 404, "not-found")


# -- files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("pdf", "application/pdf"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("json", "application/json"),
        ("md", "text/markdown; charset=utf-8"),
        ("txt", "text/plain; charset=utf-8"),
    ],
)
async def test_a_resume_becomes_a_file(kind: str, media_type: str, person: Person) -> None:
    resume = await made(person)
    answer = await person.post(GENERATE, json={"resume_id": resume["id"], "format": kind})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    shown = answer.headers["content-disposition"]
    assert shown.startswith(f'attachment; filename="resume.{kind}"; ')
    assert unquote(shown).endswith(f"UTF-8''Zoë Ωmega - Resume.{kind}")
    assert ("x-resume-pages" in answer.headers) == (kind == "pdf")
    text = shown_text(kind, answer.content)
    for part in ("Zoë Ωmega", "Acme", "Taught Kafka."):
        assert part in text


def shown_text(kind: str, content: bytes) -> str:
    if kind == "pdf":
        document = pypdfium2.PdfDocument(content)
        texts = [document[number].get_textpage().get_text_bounded() for number in range(len(document))]
        document.close()
        return "\n".join(texts)
    if kind == "docx":
        return "\n".join(line.text for line in docx.Document(io.BytesIO(content)).paragraphs)
    return content.decode()


async def test_a_file_for_a_posting_is_tailored(person: Person, job: dict[str, Any]) -> None:
    body = {"document": DOCUMENT, "job_id": job["id"], "format": "txt"}
    lines = (await person.post(GENERATE, json=body)).text.splitlines()
    assert lines.index("- Taught Kafka.") < lines.index("- Fed the cat.")
    told = (await person.post(GENERATE, json=body | {"format": "json"})).json()
    assert {"path": "/work/0/highlights/0", "source": "/work/0/highlights/2"} in told["x-jobpilot"]["origins"]


async def test_origins_are_ours_to_give(person: Person) -> None:
    """Nobody makes a resume look tailored from facts by sending origins along."""
    claimed = {"x-jobpilot": {"origins": [{"path": "/basics/name", "source": "/basics/name"}]}}
    resume = await made(person, document=DOCUMENT | claimed)
    assert "x-jobpilot" not in resume["document"]
    answer = await person.post(GENERATE, json={"document": DOCUMENT | claimed, "format": "json"})
    assert "x-jobpilot" not in answer.json()


async def test_what_is_hidden_is_in_no_file(person: Person, job: dict[str, Any]) -> None:
    hidden = ["/work/1", "/work/0/highlights/1", "/basics/label"]
    document = DOCUMENT | {"x-jobpilot": {"hidden": hidden}}
    for kind in ("pdf", "docx", "json", "md", "txt"):
        for extra in ({}, {"job_id": job["id"]}):
            answer = await person.post(GENERATE, json={"document": document, "format": kind} | extra)
            text = shown_text(kind, answer.content)
            assert "Taught Kafka." in text
            assert not any(secret in text for secret in ("Old Co", "Fed the cat", "Data Engineer"))


async def test_what_cannot_be_printed_is_said(person: Person) -> None:
    answer = await person.post(GENERATE, json={"document": {"basics": {"name": "漢字"}}})
    is_problem(answer, 422, "invalid-input")
    assert "U+6F22" in answer.json()["detail"]
    words = await person.post(GENERATE, json={"document": {"basics": {"name": "漢字"}}, "format": "docx"})
    assert words.status_code == 200
    for body in ({}, {"document": {}, "resume_id": str(uuid.uuid4())}, {"document": {}, "template": "../x"}):
        is_problem(await person.post(GENERATE, json=body), 422, "invalid-input")


@pytest.fixture
async def limited(new_database: Callable[[], URL]) -> AsyncIterator[Person]:
    app = create_app(settings_for(new_database(), max_resumes=2, max_resume_downloads_per_day=2))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield await one(app, client)


async def test_an_account_has_limits(limited: Person) -> None:
    body = {"document": DOCUMENT, "format": "txt"}
    refused = await limited.post(GENERATE, json={"document": {"basics": {"name": "漢"}}})
    assert refused.status_code == 422  # what was not made is not counted
    for wanted in (200, 200, 403):
        assert (await limited.post(GENERATE, json=body)).status_code == wanted
    created = await asyncio.gather(*(limited.post(RESUMES, json={"name": n, "document": {}}) for n in "abcd"))
    assert sorted(answer.status_code for answer in created) == [201, 201, 403, 403]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE resume SET current = 7 WHERE public_id = :id",
        "UPDATE resume SET name = '' WHERE public_id = :id",
        "UPDATE resume_version SET source = 'stolen' WHERE resume_id = (SELECT id FROM r)",
        "UPDATE resume_version SET document = '[]' WHERE resume_id = (SELECT id FROM r)",
        "DELETE FROM resume_version WHERE resume_id = (SELECT id FROM r)",
        ANOTHER_DEFAULT,
    ],
)
async def test_the_database_refuses_what_makes_no_sense(
    statement: str, person: Person, database: Database
) -> None:
    resume = await made(person)
    query = text(f"WITH r AS (SELECT * FROM resume WHERE public_id = :id) {statement}")  # noqa: S608
    with pytest.raises(IntegrityError, match="violates"):
        async with database.transaction() as session:
            await session.execute(query, {"id": resume["id"]})
