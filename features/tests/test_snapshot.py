"""Snapshots from a real database and from market files: whole, typed, ordered and verifiable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.postgres import DatabaseUrlError, connect, conninfo
from features.records import JobRecord, UserRecord
from features.snapshot import (
    EVENTS,
    SnapshotError,
    latest_snapshot,
    read_events,
    read_jobs,
    read_manifest,
    read_users,
    snapshot_from_market,
    take_snapshot,
    verify,
)
from features.snapshot_format import GROUP, SnapshotWriter

T0 = datetime(2024, 5, 1, 8, tzinfo=UTC)
VIEWS = """
CREATE SCHEMA snapshot;
CREATE TABLE snapshot.jobs (job_id bigint, title text, company text, description text, skills text[],
    location text, remote text, job_type text, salary_min float8, salary_max float8, currency text,
    posted_at timestamptz, status text, closed_at timestamptz, created_at timestamptz,
    updated_at timestamptz);
CREATE TABLE snapshot.users (user_id bigint, desired_title text, resume_text text, skills text[],
    location text, remote text, experience_years float8, salary_min float8, created_at timestamptz,
    updated_at timestamptz);
CREATE TABLE snapshot.events (user_id bigint, job_id bigint, kind text, at timestamptz, rank int,
    score float8, propensity float8, release_id text);
INSERT INTO snapshot.jobs VALUES
    (2, 'Köchin', 'Hof', 'Line one' || chr(10) || 'two', '{Kochen,"Menü, Plan"}', 'Wien', 'on-site',
     'part-time', NULL, 30000, 'EUR', '2024-05-01 10:00:00.123456+02', 'active', NULL, now(), now()),
    (1, 'Data Engineer', 'Acme', '', '{}', '', 'remote', '', NULL, NULL, '', '2024-04-30', 'closed',
     '2024-05-02', now(), now());
INSERT INTO snapshot.users VALUES
    (7, 'cook', 'I cook', '{Kochen}', 'Graz', 'hybrid', 3.5, 28000, now(), now());
INSERT INTO snapshot.events VALUES
    (7, 2, 'view', '2024-05-01 08:00:01.000001+00', NULL, NULL, NULL, NULL),
    (7, 2, 'impression', '2024-05-01 08:00:00+00', 1, 0.25, 0.5, 'r1'),
    (7, 1, 'impression', '2024-05-01 08:00:00+00', 2, 0.125, 0.5, 'r1');
"""


@pytest.fixture
def app_database(new_database: Callable[[], str]) -> str:
    url = new_database()
    with connect(url, statement_timeout_s=10) as connection:
        connection.execute(VIEWS)
    return url


def test_a_snapshot_of_the_database(app_database: str, tmp_path: Path) -> None:
    folder = take_snapshot(app_database, tmp_path)
    manifest = verify(folder)
    assert folder.name == manifest.id
    assert [manifest.rows(name) for name in ("jobs", "users", "events")] == [2, 1, 3]
    assert (manifest.source, manifest.synthetic) == ("database", False)
    assert manifest.first_event == "2024-05-01T08:00:00+00:00"
    assert manifest.last_event == "2024-05-01T08:00:01.000001+00:00"
    assert list(read_jobs(folder)) == [
        JobRecord(1, "Data Engineer", "Acme", remote="remote", posted_at=datetime(2024, 4, 30, tzinfo=UTC)),
        JobRecord(
            job_id=2,
            title="Köchin",
            company="Hof",
            description="Line one\ntwo",
            skills=("Kochen", "Menü, Plan"),
            location="Wien",
            remote="on-site",
            job_type="part-time",
            salary_max=30000.0,
            currency="EUR",
            posted_at=T0 + timedelta(microseconds=123456),
        ),
    ]
    assert list(read_users(folder)) == [
        UserRecord(7, "cook", "I cook", ("Kochen",), "Graz", "hybrid", 3.5, 28000.0)
    ]
    events = read_events(folder)
    assert events.schema.equals(EVENTS)
    assert events["at"].to_pylist() == sorted(events["at"].to_pylist())
    assert events["job_id"].to_pylist() == [1, 2, 2]
    assert read_events(folder, ("view",))["kind"].to_pylist() == ["view"]
    assert latest_snapshot(tmp_path) == folder


def test_rows_of_the_market_in_the_database_mark_it_synthetic(app_database: str, tmp_path: Path) -> None:
    with connect(app_database, statement_timeout_s=10) as connection:
        connection.execute("UPDATE snapshot.events SET release_id = 'market-policy-v1' WHERE rank = 2")
    assert read_manifest(take_snapshot(app_database, tmp_path)).synthetic


def test_an_empty_database_gives_an_empty_snapshot(app_database: str, tmp_path: Path) -> None:
    with connect(app_database, statement_timeout_s=10) as connection:
        connection.execute("TRUNCATE snapshot.jobs, snapshot.users, snapshot.events")
    folder = take_snapshot(app_database, tmp_path)
    assert (list(read_jobs(folder)), list(read_users(folder)), len(read_events(folder))) == ([], [], 0)
    assert verify(folder).first_event is None


def test_a_failure_leaves_nothing_behind(app_database: str, tmp_path: Path) -> None:
    with connect(app_database, statement_timeout_s=10) as connection:
        connection.execute("ALTER TABLE snapshot.events DROP COLUMN propensity")
    with pytest.raises(SnapshotError, match="propensity"):
        take_snapshot(app_database, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_noticed(app_database: str, tmp_path: Path) -> None:
    folder = take_snapshot(app_database, tmp_path)
    with (folder / "events.parquet").open("r+b") as file:
        file.seek(20)
        file.write(b"\xff\xfe")
    with pytest.raises(SnapshotError, match=r"events\.parquet"):
        verify(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(SnapshotError, match="not a complete snapshot"):
        read_manifest(folder)
    assert latest_snapshot(tmp_path) is None


def test_no_database_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="could not be read"):
        take_snapshot(f"postgresql://postgres@/none?host={tmp_path}", tmp_path / "out")


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg_async"]
)
def test_every_url_form_means_the_same(scheme: str) -> None:
    uri = conninfo(f"{scheme}://me:pw@/db?host=/run/pg")
    found = psycopg.conninfo.conninfo_to_dict(uri)
    assert (found["user"], found["password"], found["dbname"], found["host"]) == ("me", "pw", "db", "/run/pg")


@pytest.mark.parametrize("bad", ["sqlite:///x", "postgresql://me:secret@h:port/db?nonsense=1", ""])
def test_a_bad_url_is_refused_without_repeating_it(bad: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        conninfo(bad)
    assert "secret" not in str(caught.value)


def market(folder: Path, events: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    postings = [
        {"job_id": 1, "title": "A", "skills": ["x"], "posted_at": T0, "closed_at": T0 + timedelta(hours=1)},
        {"job_id": 2, "title": "B", "skills": [], "posted_at": T0, "closed_at": T0 + timedelta(days=9)},
    ]
    pq.write_table(pa.Table.from_pylist(postings), folder / "postings.parquet")
    pq.write_table(pa.table({"user_id": [5], "skills": [["x"]]}), folder / "seekers.parquet")
    pq.write_table(pa.Table.from_pylist(events), folder / "events.parquet")
    return folder


MARKET_EVENTS: list[dict[str, Any]] = [
    {"user_id": 5, "job_id": 2, "kind": "view", "at": T0 + timedelta(hours=3)},
    {"user_id": 5, "job_id": 1, "kind": "impression", "at": T0 + timedelta(minutes=1), "rank": 1},
]


def test_the_market_becomes_the_same_format(tmp_path: Path) -> None:
    source = market(tmp_path / "market", MARKET_EVENTS)
    folder = snapshot_from_market(source, tmp_path / "out")
    manifest = verify(folder)
    assert (manifest.synthetic, manifest.source) == (True, "market")
    assert read_events(folder)["kind"].to_pylist() == ["impression", "view"]
    jobs = pq.read_table(folder / "jobs.parquet")
    assert jobs["status"].to_pylist() == ["closed", "active"]
    assert jobs["closed_at"].to_pylist() == [T0 + timedelta(hours=1), None]
    assert [j.title for j in read_jobs(folder)] == ["A", "B"]
    assert next(read_users(folder)).remote == "unspecified"
    assert snapshot_from_market(source, tmp_path / "out") == folder
    assert [p.name for p in (tmp_path / "out").iterdir()] == [folder.name]


def test_row_groups_do_not_depend_on_the_batches_of_the_source(tmp_path: Path) -> None:
    def batch(rows: int) -> pa.RecordBatch:
        moment = pa.array([T0] * rows, EVENTS.field("at").type)
        ids = pa.array(range(rows), pa.int64())
        columns = [ids, ids, pa.array(["view"] * rows), moment]
        columns += [pa.nulls(rows, field.type) for field in list(EVENTS)[4:]]
        return pa.RecordBatch.from_arrays(columns, schema=EVENTS)

    with SnapshotWriter(tmp_path) as writer:
        for name in ("jobs", "users"):
            writer.write(name, [])
        writer.write("events", [batch(70_000), batch(1), batch(GROUP["events"]), batch(5)])
        folder = writer.finish("test", T0)
    with pq.ParquetFile(folder / "events.parquet") as file:
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sizes == [GROUP["events"], 70_006]


def test_a_market_without_its_files_is_refused(tmp_path: Path) -> None:
    source = market(tmp_path / "market", [{"user_id": 1, "job_id": 1, "at": T0}])
    with pytest.raises(SnapshotError, match="no column 'kind'"):
        snapshot_from_market(source, tmp_path / "out")
    (source / "seekers.parquet").unlink()
    with pytest.raises(SnapshotError, match="kind"):
        snapshot_from_market(source, tmp_path / "out")
    with pytest.raises(SnapshotError, match=r"events\.parquet is missing"):
        snapshot_from_market(tmp_path, tmp_path / "out")
