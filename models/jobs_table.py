"""The catalogue of an index as an Arrow table: what filters and explanations read of every posting.

The same schema is the file of a release (jobs.parquet) and the form in which a changed posting reaches a
running catalogue, so there is one way in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.demands import KINDS, PARTS, STRENGTHS, Demand
from features.records import JobRecord
from models.facts import JobFacts, as_utc, content_hash

_PLACE = pa.struct(
    [
        ("country", pa.string()),
        ("label", pa.string()),
        ("lat", pa.float32()),
        ("lon", pa.float32()),
    ]
)
#: Codes are places in KINDS, STRENGTHS and PARTS of features.demands.
_DEMAND = pa.struct(
    [
        ("kind", pa.int8()),
        ("need", pa.int8()),
        ("key", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("part", pa.int8()),
        ("text", pa.string()),
    ]
)
JOBS_SCHEMA = pa.schema(
    [
        ("job_id", pa.int64()),
        ("content_hash", pa.string()),
        ("title", pa.string()),
        ("company", pa.string()),
        ("remote", pa.string()),
        ("job_type", pa.string()),
        ("salary_min", pa.float64()),
        ("salary_max", pa.float64()),
        ("currency", pa.string()),
        ("posted_at", pa.timestamp("us", "UTC")),
        ("skills", pa.list_(pa.int32())),
        ("places", pa.list_(_PLACE)),
        ("demands", pa.list_(_DEMAND)),
    ]
)
_PLAIN = ("job_id", "title", "company", "remote", "job_type", "salary_min", "salary_max", "currency")


def jobs_table(jobs: Sequence[JobRecord], facts: Sequence[JobFacts]) -> pa.Table:
    """One row per posting, in the order given."""
    columns: dict[str, list[object]] = {name: [getattr(j, name) for j in jobs] for name in _PLAIN}
    columns["content_hash"] = [content_hash(j) for j in jobs]
    columns["posted_at"] = [None if j.posted_at is None else as_utc(j.posted_at) for j in jobs]
    columns["skills"] = [list(f.skills) for f in facts]
    columns["places"] = [
        [{"country": p.country, "label": p.label, "lat": p.lat, "lon": p.lon} for p in f.places]
        for f in facts
    ]
    columns["demands"] = [[_demand(d) for d in f.demands] for f in facts]
    return pa.table(columns, schema=JOBS_SCHEMA)


def _demand(demand: Demand) -> dict[str, object]:
    return {
        "kind": KINDS.index(demand.kind),
        "need": STRENGTHS.index(demand.need),
        "key": demand.key,
        "start": demand.start,
        "end": demand.end,
        "part": PARTS.index(demand.part),
        "text": demand.text,
    }


class JobsWriter:
    """Streams batches into one Parquet file; `close` completes it and may be called twice."""

    def __init__(self, path: Path) -> None:
        self._writer: pq.ParquetWriter | None = pq.ParquetWriter(path, JOBS_SCHEMA, compression="zstd")

    def append(self, jobs: Sequence[JobRecord], facts: Sequence[JobFacts]) -> None:
        if self._writer is None:
            raise ValueError("the catalogue is closed")
        self._writer.write_table(jobs_table(jobs, facts))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def read_jobs(path: Path, batch_rows: int = 65_536) -> Iterator[pa.Table]:
    """Batches of JOBS_SCHEMA. Raises ValueError if the file has another schema."""
    with pq.ParquetFile(path) as file:
        if not file.schema_arrow.equals(JOBS_SCHEMA):
            raise ValueError(f"{path} does not have the columns of a catalogue")
        for batch in file.iter_batches(batch_rows):
            yield pa.Table.from_batches([batch])
