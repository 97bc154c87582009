"""The format of a snapshot: its schemas, its manifest, and the writer that makes a folder appear whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm import tqdm

FORMAT = 1
#: Releases of the simulated market's logged policy start so: their impressions mark a snapshot as synthetic.
SYNTHETIC_RELEASE = "market-"
_MOMENT = pa.timestamp("us", "UTC")
_TEXTS = pa.list_(pa.string())
JOBS = pa.schema(
    [
        ("job_id", pa.int64()),
        ("title", pa.string()),
        ("company", pa.string()),
        ("description", pa.string()),
        ("skills", _TEXTS),
        ("location", pa.string()),
        ("remote", pa.string()),
        ("job_type", pa.string()),
        ("salary_min", pa.float64()),
        ("salary_max", pa.float64()),
        ("currency", pa.string()),
        ("posted_at", _MOMENT),
        ("status", pa.string()),
        ("closed_at", _MOMENT),
        ("created_at", _MOMENT),
        ("updated_at", _MOMENT),
    ]
)
USERS = pa.schema(
    [
        ("user_id", pa.int64()),
        ("desired_title", pa.string()),
        ("resume_text", pa.string()),
        ("skills", _TEXTS),
        ("location", pa.string()),
        ("remote", pa.string()),
        ("experience_years", pa.float64()),
        ("salary_min", pa.float64()),
        ("created_at", _MOMENT),
        ("updated_at", _MOMENT),
    ]
)
EVENTS = pa.schema(
    [
        ("user_id", pa.int64()),
        ("job_id", pa.int64()),
        ("kind", pa.string()),
        ("at", _MOMENT),
        ("rank", pa.int32()),
        ("score", pa.float64()),
        ("propensity", pa.float64()),
        ("release_id", pa.string()),
    ]
)
SCHEMAS = {"jobs": JOBS, "users": USERS, "events": EVENTS}
ORDER = {"jobs": ("job_id",), "users": ("user_id",), "events": ("at", "user_id", "job_id", "kind")}
#: Rows per row group: what a reader holds at once (postings carry kilobytes of text).
GROUP = {"jobs": 2_000, "users": 2_000, "events": 200_000}


class SnapshotError(RuntimeError):
    """A snapshot could not be taken or read; nothing half-written is left behind."""


@dataclass(frozen=True)
class FileEntry:
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds. `first_event`, `last_event`: ISO 8601 UTC, None without events.

    `synthetic` is true when any row comes from the simulated market.
    """

    id: str
    created_at: str
    source: str
    synthetic: bool
    first_event: str | None
    last_event: str | None
    files: dict[str, FileEntry]
    format: int = FORMAT

    def rows(self, name: str) -> int:
        return self.files[f"{name}.parquet"].rows


class SnapshotWriter:
    """Writes the files of one snapshot into a hidden folder; `finish` makes them the snapshot."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._folder = root / f".partial-{uuid.uuid4().hex}"
        self._files: dict[str, FileEntry] = {}
        self._span: list[datetime] = []
        self._synthetic = False

    def __enter__(self) -> Self:
        self._folder.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, name: str, batches: Iterable[pa.RecordBatch]) -> None:
        path = self._folder / f"{name}.parquet"
        rows = 0
        with (
            pq.ParquetWriter(path, SCHEMAS[name], compression="zstd") as writer,
            tqdm(desc=f"snapshot {name}", unit=" rows", unit_scale=True, disable=None, leave=False) as bar,
        ):
            for group in _groups(batches, SCHEMAS[name], GROUP[name]):
                writer.write_table(group, row_group_size=GROUP[name])
                rows += len(group)
                bar.update(len(group))
                if name == "events":
                    self._note(group)
        _fsync(path)
        self._files[path.name] = FileEntry(rows, path.stat().st_size, sha256(path))

    def _note(self, events: pa.Table) -> None:
        bounds = pc.min_max(events["at"]).as_py()
        self._span += [bounds["min"], bounds["max"]]
        simulated = pc.starts_with(events["release_id"], SYNTHETIC_RELEASE)
        self._synthetic = self._synthetic or bool(pc.any(simulated).as_py())

    def finish(self, source: str, moment: datetime, *, synthetic: bool = False) -> Path:
        digest = hashlib.sha256(
            "".join(f"{name}:{entry.sha256};" for name, entry in sorted(self._files.items())).encode()
        ).hexdigest()
        manifest = Manifest(
            id=f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest[:12]}",
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            source=source,
            synthetic=synthetic or self._synthetic,
            first_event=min(self._span).isoformat() if self._span else None,
            last_event=max(self._span).isoformat() if self._span else None,
            files=self._files,
        )
        path = self._folder / "manifest.json"
        path.write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True))
        _fsync(path)
        _fsync(self._folder)
        return self._publish(manifest.id)

    def _publish(self, snapshot_id: str) -> Path:
        target = self._root / snapshot_id
        if not target.exists():  # equal content has an equal id: there is nothing to replace
            self._folder.rename(target)
            _fsync(self._root)
        return target


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int) -> Iterator[pa.Table]:
    """Batches of any length as tables of `size` rows, so that row groups do not depend on the source."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += len(batch)
        while count >= size:
            table = pa.Table.from_batches(held, schema)
            yield table.slice(0, size)
            held = table.slice(size).to_batches()
            count -= size
    if count:
        yield pa.Table.from_batches(held, schema)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
