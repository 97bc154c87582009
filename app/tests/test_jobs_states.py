"""S-356: a posting's life. What code allows, what the database allows, and what employers can do."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import IntegrityError

from app.db import Database
from app.errors import ConflictError
from app.job import service
from app.job.states import MAY_SET, TRANSITIONS, Actor, Status, may_become, transition
from app.migrations.board_rules import TRANSITIONS as FROZEN
from app.orm import Job
from app.orm.job import FINAL_STATUSES, JOB_STATUSES
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

JOBS = "/api/v1/jobs/"
PAIRS = list(itertools.product(JOB_STATUSES, JOB_STATUSES))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


async def sql(database: Database, statement: str, **values: Any) -> list[Any]:
    async with database.transaction() as session:
        result = await session.execute(text(statement), values)
        return list(result.all()) if result.returns_rows else []


def test_one_table_of_transitions() -> None:
    assert {old: set(news) for old, news in TRANSITIONS.items()} == {k: set(v) for k, v in FROZEN.items()}
    assert set(TRANSITIONS) == set(get_args(Status)) == set(JOB_STATUSES)


async def test_the_database_allows_exactly_the_same_changes(
    employer: tuple[Person, str], database: Database
) -> None:
    """S-356: the trigger is asked by changing rows, not by reading its text."""
    job = await post_job(*employer)
    change = (
        "UPDATE job SET status = :new, "
        "closed_at = CASE WHEN :new IN ('closed', 'expired', 'removed') THEN now() END "
        "WHERE public_id = :id"
    )
    for old, new in PAIRS:
        async with database.transaction() as session:
            await session.execute(text("ALTER TABLE job DISABLE TRIGGER status_transition"))
            await session.execute(text(change), {"new": old, "id": job["id"]})
            await session.execute(text("ALTER TABLE job ENABLE TRIGGER status_transition"))
        if old == new or new in TRANSITIONS[old]:  # type: ignore[index]
            await sql(database, change, new=new, id=job["id"])
        else:
            with pytest.raises(IntegrityError, match=f"from {old} to {new}"):
                await sql(database, change, new=new, id=job["id"])


@pytest.mark.parametrize("actor", get_args(Actor))
def test_a_transition_keeps_the_row_possible(actor: Actor) -> None:
    for old, new in PAIRS:
        job = Job(status=old, closed_at=NOW if old in FINAL_STATUSES else None, is_featured=True)
        if old == new:
            assert not transition(job, new, actor, NOW)
        elif may_become(old, new, actor):
            assert transition(job, new, actor, NOW)
            assert (job.closed_at is not None) == (new in FINAL_STATUSES)
            assert job.is_featured == (new not in FINAL_STATUSES)
        else:
            with pytest.raises(ConflictError):
                transition(job, new, actor, NOW)
            assert job.status == old


def test_only_staff_touch_what_was_removed_and_only_time_expires() -> None:
    assert {actor for actor in get_args(Actor) if may_become("removed", "closed", actor)} == {"staff"}
    assert {actor for actor in get_args(Actor) if may_become("active", "removed", actor)} == {"staff"}
    assert MAY_SET["clock"] == {"expired"}
    assert "expired" not in MAY_SET["employer"]


async def test_pause_resume_close_reopen(employer: tuple[Person, str], client: httpx.AsyncClient) -> None:
    person, company = employer
    job = await post_job(person, company, title="Comes and goes")
    path = f"{JOBS}{job['id']}/"
    assert (await person.post(path + "pause/")).json()["status"] == "paused"
    is_problem(await client.get(path), 404, "not-found")
    is_problem(await person.post(path + "reopen/"), 409, "conflict")
    assert (await person.post(path + "resume/")).json()["status"] == "active"
    assert (await client.get(path)).status_code == 200
    assert (await person.post(path + "close/")).json()["closed_at"] is not None
    is_problem(await person.post(path + "resume/"), 409, "conflict")
    is_problem(await person.post(path + "pause/"), 409, "conflict")
    reopened = (await person.post(path + "reopen/")).json()
    assert (reopened["status"], reopened["closed_at"]) == ("active", None)
    assert reopened["posted_at"] == job["posted_at"]
    assert (await client.get(path)).status_code == 200


async def test_a_draft_is_dated_when_it_is_published(employer: tuple[Person, str]) -> None:
    person, company = employer
    draft = await post_job(person, company, status="draft")
    published = (await person.patch(f"{JOBS}{draft['id']}/", json={"status": "active"})).json()
    assert published["posted_at"] > draft["posted_at"]
    is_problem(await person.patch(f"{JOBS}{draft['id']}/", json={"status": "draft"}), 409, "conflict")


async def test_what_staff_removed_its_employer_cannot_bring_back(
    employer: tuple[Person, str], database: Database
) -> None:
    person, company = employer
    job = await post_job(person, company)
    await sql(
        database, "UPDATE job SET status = 'removed', closed_at = now() WHERE public_id = :id", id=job["id"]
    )
    path = f"{JOBS}{job['id']}/"
    is_problem(await person.post(path + "reopen/"), 409, "conflict")
    is_problem(await person.patch(path, json={"status": "active"}), 409, "conflict")
    assert (await person.post(path + "close/")).json()["status"] == "removed"
    assert (await person.get(path)).json()["status"] == "removed"


async def test_own_postings_in_every_state(people: People) -> None:
    """S-104: an employer's list has drafts and ended postings, and nobody else's."""
    person, company = await people.employer()
    _, other = await people.employer()
    made = [await post_job(person, company, title=f"Own {n}") for n in range(3)]
    draft = await post_job(person, company, title="Own draft", status="draft")
    await person.post(f"{JOBS}{made[0]['id']}/close/")
    mine = (await person.get("/api/v1/employer/jobs/")).json()
    assert [row["title"] for row in mine["results"]] == ["Own draft", "Own 2", "Own 1", "Own 0"]
    assert mine["pagination"]["total_count"] == 4
    assert [row["status"] for row in mine["results"]] == ["draft", "active", "active", "closed"]
    some = (await person.get("/api/v1/employer/jobs/?status=draft&status=closed&limit=1")).json()
    assert (some["results"][0]["id"], some["pagination"]["total_count"]) == (draft["id"], 2)
    assert (await person.get(f"/api/v1/employer/jobs/?company={other}")).json()["results"] == []


# -- time ----------------------------------------------------------------------------------------------


@pytest.fixture
async def alone(new_database: Callable[[], URL]) -> AsyncIterator[Database]:
    database = Database(new_database())
    yield database
    await database.close()


async def test_expiry_is_a_transition_that_is_told(alone: Database) -> None:
    """S-357: what is over ends as it should have, whether shown or paused, and copies are told."""
    await sql(alone, "INSERT INTO company (public_id, slug, name) VALUES (gen_random_uuid(), 'c', 'C')")
    await sql(
        alone,
        "INSERT INTO job (public_id, slug, company_id, title, posted_at, status, expires_at, is_featured) "
        "SELECT gen_random_uuid(), s || '-' || d, 1, s, now(), s, now() + d * interval '1 hour', true "
        "FROM unnest(ARRAY['active', 'paused', 'draft']) AS s, unnest(ARRAY[-2, 2]) AS d",
    )
    async with alone.transaction() as session:
        assert await service.expire_overdue(session) == 2
    async with alone.transaction() as session:
        assert await service.expire_overdue(session) == 0
    rows = await sql(
        alone, "SELECT slug, closed_at = expires_at, is_featured FROM job WHERE status = 'expired'"
    )
    assert sorted(rows) == [("active--2", True, False), ("paused--2", True, False)]
    told = await sql(
        alone,
        "SELECT jsonb_array_length(args -> 'job_ids') FROM procrastinate_jobs WHERE task_name = 'job.push'",
    )
    assert told == [(2,)]


async def test_an_expired_posting_needs_a_new_end(employer: tuple[Person, str], database: Database) -> None:
    person, company = employer
    job = await post_job(person, company, expires_at="2999-01-01T00:00:00Z")
    await sql(
        database,
        "UPDATE job SET status = 'expired', closed_at = now(), expires_at = now() - interval '1 day' "
        "WHERE public_id = :id",
        id=job["id"],
    )
    path = f"{JOBS}{job['id']}/reopen/"
    is_problem(await person.post(path), 422, "invalid-input")
    is_problem(await person.post(path, json={"expires_at": "2020-01-01T00:00:00Z"}), 422, "invalid-input")
    is_problem(await person.post(path, json={"expires_at": "2999-01-01T00:00:00"}), 422, "invalid-input")
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    reopened = await person.post(path, json={"expires_at": later})
    assert (reopened.status_code, reopened.json()["status"]) == (200, "active")


async def test_a_posting_that_is_over_is_not_published(employer: tuple[Person, str]) -> None:
    person, company = employer
    body = {"company": company, "title": "Late", "expires_at": "2020-01-01T00:00:00Z"}
    is_problem(await person.post(JOBS, json=body), 422, "invalid-input")
    job = await post_job(person, company)
    answer = await person.patch(f"{JOBS}{job['id']}/", json={"expires_at": "2020-01-01T00:00:00Z"})
    is_problem(answer, 422, "invalid-input")
