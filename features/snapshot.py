"""Snapshots: the training data of one moment, as Parquet files that never change again.

`<root>/<id>/{jobs,users,events}.parquet` and `manifest.json`; the id is the UTC moment and a digest of the
contents. A snapshot is written beside and renamed into place, so it is whole or absent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from psycopg import sql

from features.behaviour import from_us
from features.postgres import connect
from features.records import EventKind, InteractionRecord, JobRecord, JobType, Remote, UserRecord
from features.snapshot_format import (
    EVENTS,
    FORMAT,
    GROUP,
    JOBS,
    ORDER,
    SCHEMAS,
    USERS,
    FileEntry,
    Manifest,
    SnapshotError,
    SnapshotWriter,
    sha256,
)

__all__ = [
    "EVENTS",
    "JOBS",
    "USERS",
    "Manifest",
    "SnapshotError",
    "interactions",
    "latest_snapshot",
    "read_events",
    "read_jobs",
    "read_manifest",
    "read_users",
    "snapshot_from_market",
    "take_snapshot",
    "verify",
]
_MOMENT = pa.timestamp("us", "UTC")

# -- taking ------------------------------------------------------------------------------------------


def take_snapshot(database_url: str, root: Path, *, timeout_s: float = 1_800) -> Path:
    """Reads the views of schema `snapshot` in one read-only transaction; returns the new folder.

    Streams through a server-side cursor: memory is one row group. Raises SnapshotError.
    """
    try:
        with (
            connect(database_url, statement_timeout_s=timeout_s) as connection,
            SnapshotWriter(root) as writer,
        ):
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            for name in SCHEMAS:
                writer.write(name, _view(connection, name))
            return writer.finish("database", datetime.now(UTC))
    except psycopg.Error as error:
        raise SnapshotError(f"the snapshot views could not be read: {error}") from error


def _view(connection: psycopg.Connection[Any], name: str) -> Iterator[pa.RecordBatch]:
    schema = SCHEMAS[name]
    query = sql.SQL("SELECT {columns} FROM snapshot.{view} ORDER BY {order}").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, schema.names)),
        view=sql.Identifier(name),
        order=sql.SQL(", ").join(map(sql.Identifier, ORDER[name])),
    )
    with connection.cursor(name=f"snapshot_{name}", binary=True) as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(min(GROUP[name], 20_000)):
            columns = zip(*rows, strict=True)
            arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def snapshot_from_market(folder: Path, root: Path) -> Path:
    """The simulated market's files (postings, seekers, events) as a snapshot, without a database.

    Deterministic: the same market gives the same id, and an existing snapshot is returned as it is.
    Raises SnapshotError if a file or a column is missing.
    """
    events = _market(folder, "events", ("user_id", "job_id", "kind", "at"))
    last = pc.max(events.to_table(columns=["at"])["at"].cast(_MOMENT)).as_py()
    end = _as_datetime(last) or datetime(1970, 1, 1, tzinfo=UTC)
    with SnapshotWriter(root) as writer:
        jobs = _market(folder, "postings", ("job_id", "title"))
        writer.write("jobs", (_market_jobs(b, end) for b in jobs.to_batches(batch_size=GROUP["jobs"])))
        users = _market(folder, "seekers", ("user_id",))
        writer.write("users", (_fit(b, USERS) for b in users.to_batches(batch_size=GROUP["users"])))
        writer.write("events", _in_order(events))
        return writer.finish("market", end, synthetic=True)


def _market(folder: Path, name: str, needed: Iterable[str]) -> ds.Dataset:
    path = folder / f"{name}.parquet"
    if not path.exists():
        raise SnapshotError(f"{path} is missing; is {folder} a simulated market?")
    dataset = ds.dataset(path, format="parquet")
    for column in needed:
        if column not in dataset.schema.names:
            raise SnapshotError(f"{path} has no column {column!r}")
    return dataset


def _fit(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch's columns in the order and types of `schema`; absent ones become nulls."""
    have = set(batch.schema.names)
    return pa.RecordBatch.from_arrays(
        [
            batch.column(f.name).cast(f.type) if f.name in have else pa.nulls(len(batch), f.type)
            for f in schema
        ],
        schema=schema,
    )


def _market_jobs(batch: pa.RecordBatch, end: datetime) -> pa.RecordBatch:
    """A simulated posting closes at a known moment; what lies after the log's end has not happened yet."""
    fitted = _fit(batch, JOBS)
    closed = pc.less_equal(fitted["closed_at"], pa.scalar(end, _MOMENT)).fill_null(False)
    derived = {
        "status": pc.if_else(closed, "closed", "active"),
        "closed_at": pc.if_else(closed, fitted["closed_at"], pa.scalar(None, _MOMENT)),
        "created_at": fitted["posted_at"],
        "updated_at": fitted["posted_at"],
    }
    arrays = [derived.get(name, fitted[name]) for name in JOBS.names]
    return pa.RecordBatch.from_arrays(arrays, schema=JOBS)


def _in_order(events: ds.Dataset) -> Iterator[pa.RecordBatch]:
    """Events by time; sorted in memory only if the files are not in order already."""
    at = events.to_table(columns=["at"])["at"].cast(pa.int64()).to_numpy()
    if (at[1:] >= at[:-1]).all():
        batches = events.to_batches(batch_size=GROUP["events"])
    else:
        order = [(name, "ascending") for name in ORDER["events"]]
        batches = events.to_table().sort_by(order).to_batches(max_chunksize=GROUP["events"])
    return (_fit(batch, EVENTS) for batch in batches)


# -- reading -----------------------------------------------------------------------------------------


def latest_snapshot(root: Path) -> Path | None:
    """The newest complete snapshot under `root`, by the moment it describes."""
    found = sorted(path.parent for path in root.glob("*Z-*/manifest.json"))
    return found[-1] if found else None


def read_manifest(folder: Path) -> Manifest:
    """Raises SnapshotError if the folder is no complete snapshot of this format."""
    try:
        raw = json.loads((folder / "manifest.json").read_text())
        raw["files"] = {name: FileEntry(**entry) for name, entry in raw["files"].items()}
        manifest = Manifest(**raw)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SnapshotError(f"{folder} is not a complete snapshot: {error}") from error
    if manifest.format != FORMAT:
        raise SnapshotError(f"{folder} has format {manifest.format}; this code reads {FORMAT}")
    return manifest


def verify(folder: Path) -> Manifest:
    """The manifest, after checking every file against it. Raises SnapshotError naming a file that differs."""
    manifest = read_manifest(folder)
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != entry.bytes or sha256(path) != entry.sha256:
            raise SnapshotError(f"{path} is not the file its manifest describes")
    return manifest


def read_jobs(folder: Path) -> Iterator[JobRecord]:
    """Postings by job id, one row group in memory at a time."""
    names = JOBS.names[: JOBS.get_field_index("posted_at") + 1]
    for row in _rows(folder / "jobs.parquet", names):
        yield JobRecord(
            job_id=row["job_id"],
            title=row["title"] or "",
            company=row["company"] or "",
            description=row["description"] or "",
            skills=tuple(row["skills"] or ()),
            location=row["location"] or "",
            remote=cast("Remote", row["remote"] or "unspecified"),
            job_type=cast("JobType", row["job_type"] or ""),
            salary_min=row["salary_min"],
            salary_max=row["salary_max"],
            currency=row["currency"] or "",
            posted_at=_as_datetime(row["posted_at"]),
        )


def read_users(folder: Path) -> Iterator[UserRecord]:
    """Seekers by user id, without history: that depends on the moment (`features.behaviour`)."""
    names = USERS.names[: USERS.get_field_index("salary_min") + 1]
    for row in _rows(folder / "users.parquet", names):
        yield UserRecord(
            user_id=row["user_id"],
            desired_title=row["desired_title"] or "",
            resume_text=row["resume_text"] or "",
            skills=tuple(row["skills"] or ()),
            location=row["location"] or "",
            remote=cast("Remote", row["remote"] or "unspecified"),
            experience_years=row["experience_years"],
            salary_min=row["salary_min"],
        )


def read_events(folder: Path, kinds: Iterable[EventKind] | None = None) -> pa.Table:
    """Events (schema `EVENTS`) sorted by time; only some kinds if given."""
    chosen = None if kinds is None else ds.field("kind").isin(list(kinds))
    return ds.dataset(folder / "events.parquet", format="parquet").to_table(filter=chosen)


def interactions(events: pa.Table) -> Iterator[InteractionRecord]:
    """Rows of `read_events` as records that hold who, what and when; for the fold, in the table's order."""
    for batch in events.select(["user_id", "job_id", "kind", "at"]).to_batches(max_chunksize=50_000):
        columns = [batch.column(name).to_pylist() for name in ("user_id", "job_id", "kind")]
        moments = batch.column("at").cast(pa.int64()).to_pylist()
        for user, job, kind, at in zip(*columns, moments, strict=True):
            yield InteractionRecord(user, job, kind, from_us(at))


def _rows(path: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=500, columns=columns):
            yield from batch.to_pylist()


def _as_datetime(moment: datetime | None) -> datetime | None:
    """Drivers hand out their own UTC objects; ours is `datetime.UTC` everywhere."""
    return None if moment is None else moment.astimezone(UTC)
