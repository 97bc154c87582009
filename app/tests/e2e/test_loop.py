"""The recommendation loop through real processes: PostgreSQL, worker, two BentoML workers, MLflow, app."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import URL

from app.tests.e2e.system import Person, System, until
from models.release import set_champion
from models.testing import encoder_folder

LOG = logging.getLogger("e2e")


@pytest.fixture(scope="module")
def system(new_database: Callable[[], URL], tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    import shutil

    folder = tmp_path_factory.mktemp("system")
    shutil.copytree(encoder_folder(), folder / "encoder")  # exporting it again takes ten seconds
    system = System(folder, new_database().render_as_string(hide_password=False))
    market = str(folder / "market")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    system.command("jobpilot-ml", "market", "--preset", "small", "--out", market, "--end", today)
    system.command("jobpilot", "import", "market", market, "--no-sync")
    system.release(seed=1)
    with system.running():
        yield system
    system.client.close()
    until(lambda: not system.serving_pids(), 20, "everything ended with the supervisor")


@pytest.fixture
def seeker(system: System) -> Person:
    person = Person(system, f"seeker-{time.monotonic_ns()}@example.org")
    person.describe(
        skills=["Python", "PostgreSQL", "AWS"], location="Berlin", desired_title="Backend Engineer"
    )
    return person


@pytest.fixture(scope="module")
def employer(system: System) -> Person:
    person = Person(system, "employer@example.org")
    person.company = person.post("/api/v1/companies/", {"name": "Quillmark"})["slug"]  # type: ignore[attr-defined]
    return person


def shown(person: Person, limit: int = 20) -> list[str]:
    answer = person.recommendations(limit)
    assert answer["degraded"] is False
    return [item["job"]["slug"] for item in answer["results"]]


def test_a_newcomer_gets_personal_answers(system: System, seeker: Person) -> None:
    nurse = Person(system, "nurse@example.org")
    nurse.describe(skills=["Patient care"], location="London", desired_title="Registered Nurse")
    mine, theirs = shown(seeker), shown(nurse)
    assert len(mine) == 20
    assert len(set(mine[:10]) & set(theirs[:10])) <= 3


def test_what_a_seeker_saves_changes_the_next_answer(seeker: Person) -> None:
    before = shown(seeker)
    for job in before[10:13]:
        seeker.post(f"/api/v1/jobs/{job}/save/")
    assert shown(seeker) != before


def test_a_posting_is_recommendable_soon_and_gone_at_once(seeker: Person, employer: Person) -> None:
    posting = {
        "company": employer.company,  # type: ignore[attr-defined]
        "title": "Backend Engineer",
        "description": "Python, PostgreSQL and AWS for a small team in Berlin.",
        "skills": ["Python", "PostgreSQL", "AWS"],
        "location": "Berlin, Germany",
    }
    slug = employer.post("/api/v1/jobs/", posting)["slug"]
    # two serving workers answer in turn: ask often enough to meet both
    _, seconds = until(lambda: all(slug in shown(seeker, 50) for _ in range(4)), 20, "it is recommended")
    LOG.info("recommendable by every worker after %.2f s", seconds)
    employer.post(f"/api/v1/jobs/{slug}/close/", status=200)
    assert slug not in shown(seeker, 50)  # the app drops it even before the index hears of it


def test_a_hot_swap_loses_no_request(system: System, seeker: Person) -> None:
    statuses: list[int | str] = []
    done = threading.Event()
    headers = seeker._headers

    def load() -> None:
        """Twenty requests a second, whatever the answers take; at most 40 under way."""
        due = time.monotonic()
        while not done.is_set():
            if threading.active_count() < 40:
                threading.Thread(target=ask).start()
            due += 0.05
            time.sleep(max(0.0, due - time.monotonic()))

    def ask() -> None:
        try:
            response = httpx.get(
                f"{system.client.base_url}/api/v2/recommendations/?limit=5", headers=headers, timeout=20
            )
            statuses.append(response.status_code if not response.json()["degraded"] else "degraded")
        except httpx.HTTPError as error:
            statuses.append(repr(error))

    old = seeker.recommendations(1)["release_id"]
    new = system.release(seed=2)
    until(lambda: seeker.recommendations(1)["release_id"] == new, 120, "the new release answers")
    set_champion(system.folder / "releases", old)
    until(lambda: seeker.recommendations(1)["release_id"] == old, 120, "the old release answers again")
    thread = threading.Thread(target=load)
    thread.start()
    try:
        time.sleep(1)
        set_champion(system.folder / "releases", new)
        until(lambda: seeker.recommendations(1)["release_id"] == new, 120, "the swap under load")
        time.sleep(1)
    finally:
        done.set()
        thread.join()
        time.sleep(2)
    failed = [s for s in statuses if s not in (200, "degraded")]
    degraded = statuses.count("degraded")
    LOG.info("%d requests, %d failed, %d degraded", len(statuses), len(failed), degraded)
    assert len(statuses) > 40
    assert failed == []


def test_without_serving_the_answer_is_labelled_and_it_comes_back(system: System, seeker: Person) -> None:
    for pid in system.serving_pids():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    answer = seeker.recommendations()
    assert answer["degraded"] is True
    assert answer["results"]
    until(lambda: seeker.recommendations()["degraded"] is False, 120, "serving is back")
