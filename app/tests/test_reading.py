"""S-201, S-213, S-214: summaries and requirements of postings, their places in the posting, and batches."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.db import Database
from app.main import create_app
from app.orm import Job
from app.reading import service
from app.reading.places import Places
from app.reading.schemas import Source
from app.tests.conftest import client_of, settings_for
from app.tests.people import People, Person, post_job
from app.tests.receiver import Receiver, receiving
from app.tests.test_problems import is_problem
from serving.client import ServingClient

DESCRIPTION = "We move parcels. You will keep the platform boring."
REQUIREMENTS = "At least 3 years of Python. Kubernetes is a plus."
READER = "reader-1"


def wire_summary(job_id: int) -> dict[str, Any]:
    start = DESCRIPTION.index("You will")
    second = len(DESCRIPTION) + 2
    return {
        "job_id": job_id,
        "sentences": [
            {
                "text": DESCRIPTION[start:],
                "role": "duty",
                "spans": [{"start": start, "end": len(DESCRIPTION)}],
            },
            {
                "text": "At least 3 years of Python.",
                "role": "must",
                "spans": [{"start": second, "end": second + 27}],
            },
        ],
    }


def wire_facts(job_id: int) -> dict[str, Any]:
    at = len(DESCRIPTION) + 2
    python = {
        "skill_id": "x:python",
        "label": "Python",
        "surface": "Python",
        "start": at + 20,
        "end": at + 26,
        "confidence": 0.97,
        "method": "gazetteer",
    }
    asked = {
        "rank": 1,
        "need": "must",
        "text": "At least 3 years of Python.",
        "start": at,
        "end": at + 27,
        "source": "stated",
        "skills": [python],
        "years_min": 3,
    }
    occupation = {
        "occupation_id": "x:developer",
        "label": "software developer",
        "confidence": 0.8,
        "category": "Computer and Mathematical",
        "seniority": "mid",
    }
    return {"job_id": job_id, "occupation": occupation, "skills": [python], "requirements": [asked]}


class Models(Receiver):
    """Answers for whatever postings it is sent, as the wire contract says."""

    def _answer(self, path: str, request: Any) -> Any:
        if path == "/summarize":
            return {
                "summaries": [wire_summary(p["job_id"]) for p in request["postings"]],
                "reader": READER,
            }
        if path == "/read_postings":
            return {"postings": [wire_facts(p["job_id"]) for p in request["postings"]], "reader": READER}
        return super()._answer(path, request)


@pytest.fixture
async def models() -> AsyncIterator[Receiver]:
    async with receiving(Models()) as made:
        yield made


@pytest.fixture
async def reader(models: Receiver, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings_for(database.url, models.url))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


async def new_job(employer: tuple[Person, str], **fields: Any) -> dict[str, Any]:
    posted = {"title": "Platform Engineer", "description": DESCRIPTION, "requirements": REQUIREMENTS}
    return await post_job(*employer, **(posted | fields))


async def test_s201_each_sentence_names_its_place_in_the_field_people_see(
    reader: httpx.AsyncClient, models: Receiver, employer: tuple[Person, str]
) -> None:
    job = await new_job(employer)
    answer = await reader.get(f"/api/v2/jobs/{job['id']}/summary/")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["model_version"], body["generated_by"]) == (READER, "model")
    for line in body["sentences"]:
        (source,) = line["sources"]
        assert job[source["field"]][source["start"] : source["end"]] == line["text"]
    assert [line["sources"][0]["field"] for line in body["sentences"]] == ["description", "requirements"]


async def test_s213_a_summary_is_written_once_per_content(
    reader: httpx.AsyncClient, models: Receiver, employer: tuple[Person, str]
) -> None:
    job = await new_job(employer)
    path = f"/api/v2/jobs/{job['id']}/summary/"
    first, second = (await reader.get(path)).json(), (await reader.get(path)).json()
    assert first["sentences"] == second["sentences"]
    assert models.calls.count("/summarize") == 1
    person, _ = employer
    changed = {"description": DESCRIPTION + " Or exciting."}
    etag = (await person.get(f"/api/v1/jobs/{job['id']}/")).headers["etag"]
    headers = person.headers | {"If-Match": etag}
    patched = await person.client.patch(f"/api/v1/jobs/{job['id']}/", json=changed, headers=headers)
    assert patched.status_code == 200, patched.text
    await reader.get(path)
    assert models.calls.count("/summarize") == 2


async def test_s214_requirements_are_ranked_and_kept_beside_the_posting(
    reader: httpx.AsyncClient, models: Receiver, employer: tuple[Person, str], database: Database
) -> None:
    job = await new_job(employer)
    path = f"/api/v2/jobs/{job['id']}/requirements/"
    body = (await reader.get(path)).json()
    (line,) = body["requirements"]
    assert (line["rank"], line["need"], line["years_min"], line["skills"]) == (1, "must", 3, ["Python"])
    source = line["source"]
    assert REQUIREMENTS[source["start"] : source["end"]] == line["text"]
    assert body["occupation"]["label"] == "software developer"
    assert (await reader.get(path)).json() == body
    assert models.calls.count("/read_postings") == 1
    stored = (await reader.get(f"/api/v1/jobs/{job['id']}/")).json()["skill_requirements"]
    assert [(row["name"], row["importance"], row["source"]) for row in stored] == [
        ("Python", "must", "parsed")
    ]


async def test_what_the_employer_states_is_not_overwritten(
    reader: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    stated = [{"name": "Erlang", "importance": "must"}]
    job = await new_job(employer, skill_requirements=stated)
    await reader.get(f"/api/v2/jobs/{job['id']}/requirements/")
    stored = (await reader.get(f"/api/v1/jobs/{job['id']}/")).json()["skill_requirements"]
    assert [(row["name"], row["source"]) for row in stored] == [("Erlang", "employer")]


async def test_without_the_models_the_reader_is_told_when_to_come_back(
    client: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await new_job(employer)
    for name in ("summary", "requirements"):
        answer = await client.get(f"/api/v2/jobs/{job['id']}/{name}/")
        is_problem(answer, 503, "matching-unavailable")
        assert int(answer.headers["retry-after"]) > 0


async def test_a_closed_posting_has_no_summary(
    reader: httpx.AsyncClient, employer: tuple[Person, str]
) -> None:
    job = await new_job(employer)
    assert (await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")).status_code == 200
    is_problem(await reader.get(f"/api/v2/jobs/{job['id']}/summary/"), 410, "gone")
    is_problem(await reader.get(f"/api/v2/jobs/{uuid.uuid4()}/summary/"), 404, "not-found")


async def test_a_batch_tells_of_each_posting_and_belongs_to_who_asked(
    reader: httpx.AsyncClient,
    models: Receiver,
    employer: tuple[Person, str],
    people: People,
    database: Database,
) -> None:
    jobs = [await new_job(employer, title=f"Engineer {n}") for n in range(3)]
    await reader.get(f"/api/v2/jobs/{jobs[0]['id']}/summary/")
    seeker, nobody = await people.seeker(), str(uuid.uuid4())
    ids = [job["id"] for job in jobs]
    asked = await seeker.post("/api/v2/jobs/batch-summarize/", json={"job_ids": [*ids, nobody, ids[0]]})
    assert asked.status_code == 202
    body = asked.json()
    assert [(r["job_id"], r["status"]) for r in body["results"]] == list(
        zip(ids, ["done", "pending", "pending"], strict=True)
    )
    assert body["unknown_job_ids"] == [nobody]

    async with ServingClient(models.url) as serving:
        for expected in (2, 0):  # the second run of the task finds nothing to do
            async with database.transaction() as session:
                batch = await session.scalar(
                    text("SELECT id FROM summary_batch WHERE public_id = :id"), {"id": body["id"]}
                )
                assert await service.summarize_pending(session, serving, batch) == expected
    done = (await seeker.get(body["href"])).json()
    assert done["status"] == "done"
    assert all(r["summary"]["sentences"] for r in done["results"])
    is_problem(await (await people.seeker()).get(body["href"]), 404, "not-found")
    again = await seeker.post("/api/v2/jobs/batch-summarize/", json={"job_ids": ids})
    assert (again.status_code, again.json()["status"]) == (200, "done")


@pytest.mark.parametrize("ids", [[], ["x"], [str(uuid.uuid4())] * 101])
async def test_bad_batches_are_refused(people: People, ids: list[str]) -> None:
    answer = await (await people.seeker()).post("/api/v2/jobs/batch-summarize/", json={"job_ids": ids})
    is_problem(answer, 422, "invalid-input")


def test_a_span_over_a_joint_has_two_sources() -> None:
    places = Places(Job(description="abc", requirements="", benefits="defg"))
    assert places.sources([(1, 7)]) == [
        Source(field="description", start=1, end=3),
        Source(field="benefits", start=0, end=2),
    ]
