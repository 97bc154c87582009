"""S-242: figures about matching, counted by hand on a real database."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.analytics import statistics
from app.db import Database
from app.recommendation import baseline
from app.tests.crowd import crowd, one
from app.tests.crowd import employer as new_employer
from app.tests.people import Person, post_job
from app.tests.test_problems import is_problem

METRICS = "/api/v2/analytics/matching-metrics/"
_SHOW = text(
    "INSERT INTO impression (request_id, user_id, job_id, rank, score, propensity, release_id, at) "
    "SELECT :request, u.id, j.id, :rank, :score, 1, :release, now() - make_interval(hours => :ago) "
    "FROM app_user u, job j WHERE u.public_id = :person AND j.public_id = CAST(:job AS uuid)"
)
_ACT = text(
    "INSERT INTO event (event_id, user_id, job_id, kind, at) "
    "SELECT gen_random_uuid(), u.id, j.id, :kind, now() - make_interval(hours => :ago) "
    "FROM app_user u, job j WHERE u.public_id = :person AND j.public_id = CAST(:job AS uuid)"
)
_LOOK = text(
    "INSERT INTO job_view (user_id, job_id, day, recorded_at) "
    "SELECT u.id, j.id, (now() - make_interval(hours => :ago))::date, now() - make_interval(hours => :ago) "
    "FROM app_user u, job j WHERE u.public_id = :person AND j.public_id = CAST(:job AS uuid)"
)


@dataclass(frozen=True, slots=True)
class Log:
    """Writes what was shown and done, some hours ago."""

    database: Database
    people: list[str]
    jobs: list[str]

    async def page(self, person: int, release: str, jobs: Sequence[tuple[int, float]], ago: int = 72) -> None:
        request = uuid.uuid4()
        async with self.database.transaction() as session:
            for rank, (job, score) in enumerate(jobs, 1):
                where = {"person": self.people[person], "job": self.jobs[job], "ago": ago}
                row = {"request": request, "rank": rank, "score": score, "release": release}
                await session.execute(_SHOW, where | row)

    async def act(self, person: int, job: int, kind: str, ago: int = 71) -> None:
        where = {"person": self.people[person], "job": self.jobs[job], "ago": ago}
        async with self.database.transaction() as session:
            if kind == "look":
                await session.execute(_LOOK, where)
            else:
                await session.execute(_ACT, where | {"kind": kind})


@pytest.fixture(scope="module")
async def staff(application: FastAPI, client: httpx.AsyncClient) -> Person:
    return await one(application, client, staff=True)


@pytest.fixture(scope="module")
async def jobs(application: FastAPI, client: httpx.AsyncClient, database: Database) -> list[str]:
    """Four postings open for ten days; the second is remote, the fourth younger than the others."""
    owner, company = await new_employer(application, client)
    options = ("on-site", "remote", "on-site", "on-site")
    made = [(await post_job(owner, company, remote=option))["id"] for option in options]
    async with database.transaction() as session:
        for job, days in zip(made, (20, 20, 20, 5), strict=True):
            await session.execute(
                text(
                    "UPDATE job SET posted_at = now() - make_interval(days => :days) "
                    "WHERE public_id = CAST(:job AS uuid)"
                ),
                {"job": job, "days": days},
            )
    return made


@pytest.fixture
async def new_log(
    application: FastAPI, client: httpx.AsyncClient, database: Database, jobs: list[str]
) -> Callable[..., Any]:
    async def make(number: int) -> Log:
        people = await crowd(application, client, number)
        return Log(database, [person.tokens["user"]["id"] for person in people], jobs)

    return make


async def figures(staff: Person, release: str, query: str = "") -> dict[str, Any]:
    answer = await staff.get(f"{METRICS}?model_version={release}&{query}")
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["releases"]
    assert found["model_version"] == release
    return dict(found)


async def test_figures_counted_by_hand(staff: Person, new_log: Callable[..., Any]) -> None:
    log = await new_log(6)
    for person in range(6):
        await log.page(person, "r-hand", [(0, 0.85), (1, 0.25)])
    await log.act(0, 0, "view")
    await log.act(1, 0, "apply")
    await log.act(1, 0, "view")  # twice is once
    await log.act(2, 0, "click")
    await log.act(3, 0, "look")
    await log.act(4, 1, "save")
    await log.act(5, 0, "dismiss")  # is no interest
    await log.act(5, 0, "view", ago=73)  # before it was shown
    await log.act(5, 0, "view", ago=47)  # more than a day after
    found = await figures(staff, "r-hand")
    assert (found["people"], found["pages"], found["impressions"]) == (6, 6, 12)
    assert found["click_through"] == pytest.approx(
        {"value": 5 / 12, "low": 0.1933, "high": 0.6805, "n": 12}, abs=1e-4
    )
    assert [(row["rank"], row["rate"]["value"]) for row in found["by_position"]] == [
        (1, pytest.approx(4 / 6)),
        (2, pytest.approx(1 / 6)),
    ]
    first = found["calibration_rank_1"]
    assert first["n"] == 6
    assert first["ece"] == pytest.approx(0.85 - 4 / 6)
    assert first["brier"] == pytest.approx((4 * 0.15**2 + 2 * 0.85**2) / 6)
    assert [(b["low"], b["high"], b["observed"]["n"]) for b in first["bins"]] == [(0.8, 0.9, 6)]
    overall = found["calibration"]
    assert overall["ece"] == pytest.approx((abs(0.85 - 4 / 6) + abs(0.25 - 1 / 6)) / 2)
    assert [b["mean_score"] for b in overall["bins"]] == pytest.approx([0.25, 0.85])
    assert found["coverage"] == {"shown": 2, "open": 4, "share": 0.5}
    assert found["repeat_rate"]["value"] == 0.0
    assert found["drift"] is None  # all in one half of the window


async def test_repeats_and_drift(staff: Person, new_log: Callable[..., Any]) -> None:
    log, others = await new_log(5), await new_log(5)
    for person in range(5):
        await log.page(person, "r-still", [(0, 0.5), (1, 0.2)], ago=24 * 20)
        await log.page(person, "r-still", [(0, 0.5), (2, 0.2)], ago=24 * 3)
        await log.page(person, "r-after", [(0, 0.5)], ago=24 * 2)
        await others.page(person, "r-moved", [(2, 0.9), (3, 0.8)], ago=24 * 20)
        await others.page(person, "r-moved", [(0, 0.1), (1, 0.2)], ago=24 * 3)
    still, moved = await figures(staff, "r-still"), await figures(staff, "r-moved")
    assert (still["repeat_rate"]["value"], still["repeat_rate"]["n"]) == (0.25, 20)
    assert moved["repeat_rate"]["value"] == 0.0
    assert (await figures(staff, "r-after"))["repeat_rate"]["value"] == 1.0  # another release was first
    assert still["drift"] == {"psi": pytest.approx(0.0), "first": 10, "second": 10}
    assert moved["drift"]["psi"] > 0.25
    narrow = await figures(staff, "r-still", "window=7d")
    assert (narrow["impressions"], narrow["repeat_rate"]["value"]) == (10, 0.0)
    assert still["click_through"]["value"] == 0.0
    assert still["click_through"]["high"] > 0.1


async def test_what_is_rarely_liked_is_news(staff: Person, new_log: Callable[..., Any]) -> None:
    log = await new_log(7)
    for person in range(7):
        await log.page(person, "r-known", [(2, 0.5)])
        await log.page(person, "r-novel", [(3, 0.5)])
        await log.act(person, 2, "view")
    known, novel = await figures(staff, "r-known"), await figures(staff, "r-novel")
    assert 0 <= known["novelty_bits"] < novel["novelty_bits"]


async def test_few_people_are_not_reported_on(staff: Person, new_log: Callable[..., Any]) -> None:
    log = await new_log(5)
    for person in range(4):
        await log.page(person, "r-four", [(0, 0.5)])
        await log.page(person, "r-five", [(0, 0.5)])
    await log.page(4, "r-five", [(0, 0.5), (1, 0.9)])
    four = await figures(staff, "r-four")
    assert four.pop("suppressed") is True
    assert {name for name, value in four.items() if value} == {"model_version"}
    five = await figures(staff, "r-five")
    assert (five["suppressed"], five["people"]) == (False, 5)
    first, second = five["by_position"]
    assert (first["rate"]["n"], second["rate"]) == (5, None)
    assert [(b["low"], b["observed"] is None, b["mean_score"]) for b in five["calibration"]["bins"]] == [
        (0.5, False, 0.5),
        (0.9, True, None),
    ]


async def test_who_objected_to_profiling_is_left_out(
    staff: Person, new_log: Callable[..., Any], database: Database
) -> None:
    log = await new_log(6)
    for person in range(6):
        await log.page(person, "r-objected", [(0, 0.5)])
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE user_profile SET profiling_opt_out = true "
                "FROM app_user u WHERE u.id = user_id AND u.public_id = :person"
            ),
            {"person": log.people[0]},
        )
    assert (await figures(staff, "r-objected"))["people"] == 5


async def test_a_baselines_scores_promise_nothing(staff: Person, new_log: Callable[..., Any]) -> None:
    log = await new_log(5)
    for person in range(5):
        await log.page(person, baseline.RELEASE_ID, [(0, 0.5)])
    found = await figures(staff, baseline.RELEASE_ID)
    assert (found["calibration"], found["calibration_rank_1"]) == (None, None)
    assert found["impressions"] == 5


async def test_what_may_still_be_acted_on_is_not_counted(staff: Person, new_log: Callable[..., Any]) -> None:
    log = await new_log(5)
    for person in range(5):
        await log.page(person, "r-young", [(0, 0.5)], ago=23)
    answer = (await staff.get(f"{METRICS}?model_version=r-young")).json()
    assert answer["releases"] == []


async def test_slices(staff: Person, new_log: Callable[..., Any], database: Database) -> None:
    log = await new_log(10)
    for person in range(10):
        await log.page(person, "r-slices", [(0, 0.5), (1, 0.4), (3, 0.3)])
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE app_user SET created_at = now() - interval '90 days' WHERE public_id = ANY(:people)"
            ),
            {"people": [uuid.UUID(person) for person in log.people[:5]]},
        )
    counts = {
        name: (await figures(staff, "r-slices", f"slice={name}"))["impressions"]
        for name in ("all", "new-seekers", "known-seekers", "fresh-postings", "remote")
    }
    assert counts == {
        "all": 30,
        "new-seekers": 15,
        "known-seekers": 15,
        "fresh-postings": 10,
        "remote": 10,
    }
    remote = (await figures(staff, "r-slices", "slice=remote"))["coverage"]
    assert remote == {"shown": 1, "open": 1, "share": 1.0}


async def test_only_staff_may_ask(application: FastAPI, client: httpx.AsyncClient) -> None:
    seeker = await one(application, client)
    is_problem(await seeker.get(METRICS), 403, "forbidden")
    is_problem(await client.get(METRICS), 401, "not-authenticated")


@pytest.mark.parametrize("query", ["window=1d", "window=91d", "window=x", "slice=age", "seed=1"])
async def test_what_cannot_be_asked(query: str, staff: Person) -> None:
    is_problem(await staff.get(f"{METRICS}?{query}"), 422, "invalid-input")


async def test_an_unknown_release_has_no_figures(staff: Person) -> None:
    answer = (await staff.get(f"{METRICS}?model_version=none&window=2d")).json()
    assert (answer["releases"], answer["window"]) == ([], "2d")


# -- arithmetic ----------------------------------------------------------------------------------------


def test_wilson() -> None:
    assert statistics.wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert statistics.wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert statistics.wilson(0, 0) == (0.0, 1.0)


def test_calibration_error() -> None:
    assert statistics.calibration_error([(10, 5, 0.5), (30, 9, 0.2)]) == pytest.approx(3 / 40)
    assert statistics.calibration_error([]) == 0.0


def test_stability() -> None:
    uniform = dict.fromkeys(range(100), 50)
    assert statistics.stability(uniform, uniform) == pytest.approx(0.0)
    assert statistics.stability({5: 100}, {5: 40}) == pytest.approx(0.0)  # one score only
    tilted = {step: 25 if step < 50 else 75 for step in range(100)}
    # half the mass moves between the halves: 2 x .25 x ln((.75 / .5) / (.25 / .5)) / 2 each way
    assert statistics.stability(uniform, tilted) == pytest.approx(0.25 * 1.0986, abs=0.01)
    assert statistics.stability(uniform, {99: 5000}) > 5
