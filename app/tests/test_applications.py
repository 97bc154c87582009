from __future__ import annotations

import asyncio
import uuid
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, text

from app.application import states
from app.db import Database
from app.orm.application import APPLICATION_STATUSES
from app.tests.conftest import plain
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture
async def job(employer: tuple[Person, str]) -> dict[str, Any]:
    return await post_job(*employer)


async def kinds(database: Database, person: Person) -> list[str]:
    query = text(
        "SELECT e.kind FROM event e JOIN app_user u ON u.id = e.user_id WHERE u.email = :email ORDER BY e.id"
    )
    async with database.transaction() as session:
        return list((await session.execute(query, {"email": person.email})).scalars())


async def test_saving_twice_is_saving_once(people: People, job: dict[str, Any], database: Database) -> None:
    seeker = await people.seeker()
    path = f"/api/v1/jobs/{job['id']}/save/"
    assert [(await seeker.post(path)).status_code for _ in range(2)] == [201, 200]
    saved = (await seeker.get("/api/v1/saved/")).json()
    assert [row["job"]["id"] for row in saved["results"]] == [job["id"]]
    assert [(await seeker.call("DELETE", path)).status_code for _ in range(2)] == [204, 204]
    assert (await seeker.get("/api/v1/saved/")).json()["pagination"]["total_count"] == 0
    assert await kinds(database, seeker) == ["save", "unsave"]


async def test_saved_postings_stay_when_closed(
    people: People, job: dict[str, Any], employer: tuple[Person, str]
) -> None:
    seeker = await people.seeker()
    await seeker.post(f"/api/v1/jobs/{job['slug']}/save/")
    await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")
    assert (await seeker.get("/api/v1/saved/")).json()["results"][0]["job"]["status"] == "closed"
    is_problem(await seeker.post(f"/api/v1/jobs/{job['id']}/save/"), 410, "gone")
    is_problem(await seeker.post(f"/api/v1/jobs/{job['id']}/apply/"), 410, "gone")
    assert (await seeker.call("DELETE", f"/api/v1/jobs/{job['id']}/save/")).status_code == 204


async def test_one_application_however_often_it_is_sent(
    people: People, job: dict[str, Any], database: Database
) -> None:
    seeker = await people.seeker()
    path = f"/api/v1/jobs/{job['id']}/apply/"
    answers = await asyncio.gather(*(seeker.post(path, json={"cover_letter": "Hello."}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    is_problem(await seeker.post(path), 409, "conflict")
    mine = (await seeker.get("/api/v1/applications/")).json()["results"]
    assert [(row["job"]["id"], row["status"], row["cover_letter"]) for row in mine] == [
        (job["id"], "applied", "Hello.")
    ]
    assert await kinds(database, seeker) == ["apply"]


async def test_where_the_employer_takes_applications_elsewhere(
    people: People, employer: tuple[Person, str]
) -> None:
    """S-136: the link is returned, the intent recorded; only the seeker keeps track of it."""
    url = "https://company.example.com/apply?id=1"
    job = await post_job(*employer, external_application_url=url, application_limit=1)
    seeker, second = await people.seeker(), await people.seeker()
    made = (await seeker.post(f"/api/v1/jobs/{job['id']}/apply/")).json()
    assert (made["status"], made["is_external"], made["external_application_url"]) == ("applied", True, url)
    path = f"/api/v1/applications/{made['id']}/"
    read = (await seeker.get(path)).json()
    assert read | made == read
    # the employer counts applications of its own; here nobody does
    assert (await second.post(f"/api/v1/jobs/{job['id']}/apply/")).status_code == 201
    assert (await employer[0].get(f"/api/v1/jobs/{job['id']}/applicants/")).json()["results"] == []
    for status in ("interview", "rejected", "applied", "offer"):
        assert (await seeker.patch(path, json={"status": status})).json()["status"] == status
    refused = await employer[0].patch(
        f"/api/v1/jobs/{job['id']}/applicants/{made['id']}/", json={"status": "rejected"}
    )
    is_problem(refused, 404, "not-found")


async def test_s136_a_resume_is_sent_as_it_is_and_stays_so(
    people: People, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer, title="Cartographer")
    seeker, other = await people.seeker(), await people.seeker()
    document = {
        "basics": {"name": "Ann Example", "phone": "+44 20 7946 0000"},
        "skills": [{"name": "Surveying"}],
        "x-jobpilot": {"hidden": ["/basics/phone"]},
    }
    resume = await seeker.post("/api/v1/resumes/", json={"name": "Maps", "document": document})
    assert resume.status_code == 201, resume.text
    asked = {"resume_id": resume.json()["id"]}
    is_problem(await other.post(f"/api/v1/jobs/{job['id']}/apply/", json=asked), 422, "invalid-input")
    made = await seeker.post(f"/api/v1/jobs/{job['id']}/apply/", json=asked)
    assert made.status_code == 201, made.text
    headers = seeker.headers | {"If-Match": resume.headers["etag"]}
    gone = await seeker.client.delete(f"/api/v1/resumes/{asked['resume_id']}/", headers=headers)
    assert gone.status_code == 204, gone.text
    (applicant,) = (await employer[0].get(f"/api/v1/jobs/{job['id']}/applicants/")).json()["results"]
    assert applicant["resume"]["skills"] == [{"name": "Surveying"}]
    assert "phone" not in applicant["resume"]["basics"]
    assert made.json()["resume"] == applicant["resume"]


async def test_bad_applications(people: People, job: dict[str, Any], employer: tuple[Person, str]) -> None:
    seeker = await people.seeker()
    path = f"/api/v1/jobs/{job['id']}/apply/"
    is_problem(await seeker.post(path, json={"cover_letter": "x" * 10_001}), 422, "invalid-input")
    is_problem(await seeker.post(path, json={"status": "offer"}), 422, "invalid-input")
    is_problem(await seeker.post(path, json={"resume_id": str(uuid.uuid4())}), 422, "invalid-input")
    many = [{"question": "Why?", "answer": "x"}] * 21
    is_problem(await seeker.post(path, json={"answers": many}), 422, "invalid-input")
    is_problem(await seeker.post("/api/v1/jobs/none/apply/"), 404, "not-found")
    is_problem(await seeker.get("/api/v1/applications/1/"), 422, "invalid-input")
    assert (await seeker.get("/api/v1/applications/")).json()["results"] == []


async def test_no_applications_after_the_deadline(
    people: People, employer: tuple[Person, str], database: Database
) -> None:
    job = await post_job(*employer, application_deadline="2999-01-01T00:00:00Z")
    async with database.transaction() as session:
        statement = text("UPDATE job SET application_deadline = now() WHERE public_id = :id")
        await session.execute(statement, {"id": job["id"]})
    seeker = await people.seeker()
    is_problem(await seeker.post(f"/api/v1/jobs/{job['id']}/apply/"), 410, "gone")
    assert (await seeker.post(f"/api/v1/jobs/{job['id']}/save/")).status_code == 201


async def test_what_was_asked_is_answered_and_notes_are_ones_own(
    people: People, job: dict[str, Any], employer: tuple[Person, str]
) -> None:
    """S-136 answers; S-102 notes. Neither side sees the other's notes."""
    seeker = await people.seeker(desired_title="Engineer", skills=["Go"])
    answers = [{"question": "Why us?", "answer": "<b>Because</b> of the work."}]
    body = {"cover_letter": "<p>Dear all</p>", "answers": answers}
    made = (await seeker.post(f"/api/v1/jobs/{job['id']}/apply/", json=body)).json()
    assert made["cover_letter"] == "Dear all"
    assert made["answers"] == [{"question": "Why us?", "answer": "Because of the work."}]
    path = f"/api/v1/applications/{made['id']}/"
    theirs = f"/api/v1/jobs/{job['id']}/applicants/{made['id']}/"
    await seeker.patch(path, json={"notes": "ask about pay"})
    changed = await employer[0].patch(theirs, json={"employer_notes": "promising"})
    assert changed.json()["applicant"] == {
        "full_name": "",
        "email": seeker.email,
        "desired_title": "Engineer",
        "location": "",
        "skills": ["Go"],
    }
    listed = await employer[0].get(f"/api/v1/jobs/{job['id']}/applicants/")
    assert listed.json()["results"] == [changed.json()]
    assert "ask about pay" not in listed.text
    mine = await seeker.get(path)
    assert (mine.json()["notes"], "promising" in mine.text) == ("ask about pay", False)


async def test_who_may_set_which_status(
    people: People, job: dict[str, Any], employer: tuple[Person, str]
) -> None:
    """S-102: a status list, the company's part and the seeker's, with its history."""
    seeker = await people.seeker()
    made = (await seeker.post(f"/api/v1/jobs/{job['id']}/apply/")).json()
    path = f"/api/v1/applications/{made['id']}/"
    theirs = f"/api/v1/jobs/{job['id']}/applicants/{made['id']}/"
    for status in ("in_review", "interview", "offer", "rejected"):
        is_problem(await seeker.patch(path, json={"status": status}), 409, "conflict")
    for status in ("in_review", "interview"):
        assert (await employer[0].patch(theirs, json={"status": status})).json()["status"] == status
    is_problem(await employer[0].patch(theirs, json={"status": "applied"}), 409, "conflict")
    is_problem(await employer[0].patch(theirs, json={"status": "withdrawn"}), 409, "conflict")
    is_problem(await employer[0].patch(theirs, json={"status": "hired"}), 422, "invalid-input")
    assert (await seeker.get("/api/v1/applications/?status=interview")).json()["results"][0]["id"] == made[
        "id"
    ]
    assert (await seeker.get("/api/v1/applications/?status=offer")).json()["results"] == []
    gone = (await seeker.post(path + "withdraw/")).json()
    assert [(step["status"], step["actor"]) for step in gone["history"]] == [
        ("applied", "seeker"),
        ("in_review", "employer"),
        ("interview", "employer"),
        ("withdrawn", "seeker"),
    ]
    assert gone["possible"] == []
    assert (await seeker.post(path + "withdraw/")).json()["history"] == gone["history"]
    is_problem(await employer[0].patch(theirs, json={"status": "offer"}), 404, "not-found")
    assert (await employer[0].get(f"/api/v1/jobs/{job['id']}/applicants/")).json()["results"] == []


def test_every_status_can_be_reached_and_left_only_as_stated() -> None:
    assert set(states.EMPLOYER) == set(APPLICATION_STATUSES)
    assert set().union(*states.EMPLOYER.values()) == {"in_review", "interview", "offer", "rejected"}
    assert set().union(*states.SEEKER.values()) == {"withdrawn"}
    for is_external, actor in ((True, "seeker"), (True, "employer"), (False, "seeker"), (False, "employer")):
        assert not states.allowed("withdrawn", actor, is_external=is_external)  # type: ignore[arg-type]


async def test_the_history_is_append_only(people: People, job: dict[str, Any], database_url: URL) -> None:
    await (await people.seeker()).post(f"/api/v1/jobs/{job['id']}/apply/")
    with (
        psycopg.connect(plain(database_url)) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="append-only"),
    ):
        connection.execute("UPDATE application_change SET actor = 'employer'")
