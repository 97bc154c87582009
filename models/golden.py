"""Golden vectors: a few records with the vectors they had when a release was made.

A release that does not reproduce them on the machine that is to serve it (another library version, a changed
feature, a broken file) must not answer: its job vectors would no longer live in the space of its index.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features.records import InteractionRecord, JobRecord, UserRecord
from models.bundle import ModelBundle
from models.facts import as_utc

F32 = npt.NDArray[np.float32]
MAX_RECORDS = 1000


class GoldenError(ValueError):
    """The golden file is not readable, or the bundle does not reproduce its vectors."""


@dataclass(frozen=True)
class Golden:
    """`vectors` (jobs + users, 256): jobs first. Users are described at the moment `at`; what they did
    with a golden job counts, since its vector is known."""

    encoder_version: str
    at: datetime
    jobs: tuple[JobRecord, ...]
    users: tuple[UserRecord, ...]
    vectors: F32

    def write(self, path: Path) -> None:
        raw = {
            "encoder_version": self.encoder_version,
            "at": self.at.isoformat(),
            "records": [{"side": "job", **asdict(j)} for j in self.jobs]
            + [{"side": "user", **asdict(u)} for u in self.users],
            "vectors": [[float(x) for x in row] for row in self.vectors],
        }
        path.write_text(json.dumps(raw, default=_moment))


def make_golden(
    bundle: ModelBundle, jobs: Sequence[JobRecord], users: Sequence[UserRecord], at: datetime
) -> Golden:
    """Raises GoldenError if there are no records or more than MAX_RECORDS."""
    if not 0 < len(jobs) + len(users) <= MAX_RECORDS:
        raise GoldenError(f"golden vectors need 1 to {MAX_RECORDS} records, not {len(jobs) + len(users)}")
    empty = Golden(
        bundle.encoder_version, as_utc(at), tuple(jobs), tuple(users), np.zeros((0, 0), np.float32)
    )
    return replace(empty, vectors=_embed(bundle, empty))


def verify_golden(bundle: ModelBundle, golden: Golden, atol: float = 1e-5) -> float:
    """The largest absolute difference of a coordinate. Raises GoldenError if it exceeds `atol`."""
    if bundle.encoder_version != golden.encoder_version:
        raise GoldenError(
            f"golden vectors are of encoder {golden.encoder_version}, the bundle is {bundle.encoder_version}"
        )
    actual = _embed(bundle, golden)
    if actual.shape != golden.vectors.shape:
        raise GoldenError(f"golden vectors have shape {golden.vectors.shape}, computed {actual.shape}")
    worst = float(np.max(np.abs(actual - golden.vectors), initial=0.0))
    if not worst <= atol:  # also true for NaN
        raise GoldenError(f"golden vectors differ by {worst:.2e}, more than {atol:.0e} is not this release")
    return worst


def read_golden(path: Path) -> Golden:
    """Raises GoldenError if the file is missing or malformed."""
    try:
        raw = json.loads(path.read_text())
        records = list(raw["records"])
        return Golden(
            str(raw["encoder_version"]),
            datetime.fromisoformat(raw["at"]),
            tuple(_job(r) for r in records if r["side"] == "job"),
            tuple(_user(r) for r in records if r["side"] == "user"),
            np.array(raw["vectors"], np.float32).reshape(len(records), -1),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GoldenError(f"{path} is not a golden file: {error}") from error


def _embed(bundle: ModelBundle, golden: Golden) -> F32:
    jobs = bundle.encode_jobs(golden.jobs)
    known = {job.job_id: row for row, job in enumerate(golden.jobs)}

    def look_up(ids: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.bool_], F32]:
        rows = np.array([known.get(int(i), -1) for i in ids], np.int64)
        vectors = np.zeros((len(ids), jobs.shape[1]), np.float32)
        vectors[rows >= 0] = jobs[rows[rows >= 0]]
        return rows >= 0, vectors

    return np.concatenate([jobs, bundle.encode_users(golden.users, look_up, golden.at)])


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return as_utc(value).isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def job_record(raw: dict[str, Any]) -> JobRecord:
    """A posting from its JSON form; ignores no unknown key (TypeError)."""
    posted = raw.get("posted_at")
    return JobRecord(
        **{
            **raw,
            "skills": tuple(raw.get("skills", ())),
            "posted_at": None if posted is None else datetime.fromisoformat(posted),
        }
    )


def _job(raw: dict[str, Any]) -> JobRecord:
    return job_record({k: v for k, v in raw.items() if k != "side"})


def _user(raw: dict[str, Any]) -> UserRecord:
    fields = {k: v for k, v in raw.items() if k != "side"}
    history = tuple(
        InteractionRecord(**{**e, "at": datetime.fromisoformat(e["at"])}) for e in fields.get("history", ())
    )
    return UserRecord(**{**fields, "skills": tuple(fields.get("skills", ())), "history": history})
