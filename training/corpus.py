"""A snapshot made ready for training: the fitted transform, inputs of both sides on disk, events by row."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.inputs import History, Inputs, InputsWriter, open_inputs
from features.past import PastBehaviour
from features.records import POSITIVE_KINDS
from features.snapshot import read_events, read_jobs, read_manifest, read_users
from features.transform import FeatureTransform, TransformConfig
from training.config import SplitConfig
from training.dataset import Events, PassedOver, TrainData
from training.progress import track
from training.split import Split, split_by_time
from training.text_cache import CachedEncoder

I64 = npt.NDArray[np.int64]
T = TypeVar("T")
_CHUNK = 512
NEVER = np.iinfo(np.int64).max
#: How much an example counts by its strongest interaction: view, save, apply.
KIND_WEIGHTS = np.array([1.0, 1.5, 2.0], np.float32)


class CorpusError(ValueError):
    """The snapshot cannot be trained on."""


@dataclass(frozen=True)
class Corpus:
    """Rows follow ascending ids on both sides. Times are microseconds UTC; `closed` is NEVER while open.

    `jobs` and `users` are memory-mapped, `thin_users` are the same seekers by skills and
    place alone; `examples` holds the first positive interaction of each
    (user, job), by row, with the strongest kind reached.
    """

    snapshot: Path
    transform: FeatureTransform
    jobs: Inputs
    users: Inputs
    thin_users: Inputs
    job_ids: I64
    user_ids: I64
    opened: I64
    closed: I64
    examples: Events
    impressions: Events  # kind 1 where the user acted on the posting later, else 0
    past: PastBehaviour
    split: Split
    synthetic: bool

    def history(self, users: I64, at: I64, size: int) -> History:
        """Histories of user rows at moments, with past jobs as *rows*; jobs not in the corpus are dropped."""
        history = self.past.history(self.user_ids[users], at, max(size, 1))
        rows = np.searchsorted(self.job_ids, history.job_ids)
        rows = np.minimum(rows, len(self.job_ids) - 1)
        known = self.job_ids[rows] == history.job_ids
        return History(np.where(known, rows, -1), history.kinds, history.age_days)

    def alive(self, start: int, end: int) -> I64:
        """Rows of the jobs that were open at some time in [start, end)."""
        return np.flatnonzero((self.opened < end) & (self.closed > start))

    def train_data(self, history_size: int) -> TrainData:
        """Everything strictly before the validation window."""
        rows = np.flatnonzero(self.examples.at < self.split.validation)
        examples = self.examples.take(rows)
        self.split.check(examples.at)
        shown = self.impressions.take(
            np.flatnonzero((self.impressions.at < self.split.validation) & (self.impressions.kind == 0))
        )
        return TrainData(
            jobs=self.jobs,
            users=self.users,
            examples=examples,
            history=_CorpusHistory(self, examples, history_size),
            weight=KIND_WEIGHTS[examples.kind],
            passed_over=_passed_over(shown, len(self.users)),
            thin_users=self.thin_users,
        )


@dataclass(frozen=True)
class _CorpusHistory:
    corpus: Corpus
    examples: Events
    size: int

    def take(self, rows: I64) -> History:
        return self.corpus.history(self.examples.user[rows], self.examples.at[rows], self.size)


def build_corpus(
    snapshot: Path,
    out: Path,
    encoder: CachedEncoder,
    *,
    split: SplitConfig | None = None,
    config: TransformConfig | None = None,
    transform: FeatureTransform | None = None,
) -> Corpus:
    """Fits the transform on postings known before the validation window and prepares all inputs in `out`.

    With `transform`, that of a release say, nothing is fitted: the snapshot is seen as the release sees it.
    Streams over postings and seekers; an existing `out` made from the same snapshot is reused.
    Raises CorpusError if the snapshot has no events, and SplitError if they are too few.
    """
    events = read_events(snapshot)
    boundaries = split_by_time(_first_positive_times(events), split or SplitConfig())
    stamp = {"snapshot": read_manifest(snapshot).id, "encoder": encoder.encoder.version, "format": 3}
    if transform is not None:
        stamp["transform"] = transform.digest()
    stamp_path = out / "corpus.json"
    if not (stamp_path.is_file() and json.loads(stamp_path.read_text()) == stamp):
        shutil.rmtree(out, ignore_errors=True)
        fitted = transform or _fit(snapshot, boundaries, config)
        fitted.save(out / "transform")
        _write_inputs(snapshot, out, fitted, encoder)
        stamp_path.write_text(json.dumps(stamp))
    return _open(snapshot, out, events, boundaries)


def _fit(snapshot: Path, split: Split, config: TransformConfig | None) -> FeatureTransform:
    cut = split.validation
    known = (j for j in read_jobs(snapshot) if j.posted_at is None or _us(j.posted_at) < cut)
    total = read_manifest(snapshot).rows("jobs")
    return FeatureTransform(config).fit(track(known, total, "fitting the transform"))


def _write_inputs(snapshot: Path, out: Path, transform: FeatureTransform, encoder: CachedEncoder) -> None:
    totals = read_manifest(snapshot)
    jobs = InputsWriter(out / "jobs")
    chunks = -(-totals.rows("jobs") // _CHUNK)
    for part in track(_chunks(read_jobs(snapshot)), chunks, "encoding postings"):
        jobs.append(transform.job_inputs(part, encoder.encode))
    jobs.close()
    users, thin_users = InputsWriter(out / "users"), InputsWriter(out / "thin_users")
    chunks = -(-totals.rows("users") // _CHUNK)
    for seekers in track(_chunks(read_users(snapshot)), chunks, "encoding seekers"):
        thin = [replace(u, resume_text="", desired_title="", experience_years=None) for u in seekers]
        for writer, records in ((users, seekers), (thin_users, thin)):
            inputs = transform.user_inputs(records, encoder.encode)
            # histories depend on the moment: see Corpus.history
            writer.append(Inputs(inputs.dense, inputs.bags))
    users.close()
    thin_users.close()


def _open(snapshot: Path, out: Path, events: pa.Table, split: Split) -> Corpus:
    table = pq.read_table(snapshot / "jobs.parquet", columns=["job_id", "posted_at", "closed_at"])
    job_ids = _ascending(table["job_id"], "jobs")
    user_ids = _ascending(pq.read_table(snapshot / "users.parquet", columns=["user_id"])["user_id"], "users")
    rows = _rows(events, user_ids, job_ids)
    return Corpus(
        snapshot=snapshot,
        transform=FeatureTransform.load(out / "transform"),
        jobs=open_inputs(out / "jobs"),
        users=open_inputs(out / "users"),
        thin_users=open_inputs(out / "thin_users"),
        job_ids=job_ids,
        user_ids=user_ids,
        opened=_times(table["posted_at"], np.iinfo(np.int64).min),
        closed=_times(table["closed_at"], NEVER),
        examples=_examples(rows),
        impressions=_impressions(rows),
        past=PastBehaviour(events),
        split=split,
        synthetic=read_manifest(snapshot).synthetic,
    )


def _ascending(column: pa.ChunkedArray, what: str) -> I64:
    ids = np.array(column.to_numpy(), np.int64)
    if len(ids) == 0 or np.any(np.diff(ids) <= 0):
        raise CorpusError(f"the snapshot's {what} are empty or not in ascending order of their ids")
    return ids


def _times(column: pa.ChunkedArray, missing: int) -> I64:
    us = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.array(pc.fill_null(us, missing).to_numpy(), np.int64)


@dataclass(frozen=True)
class _Rows:
    """All events whose user and job the snapshot holds; kind -1 is an impression."""

    user: I64
    job: I64
    kind: I64
    at: I64


def _rows(events: pa.Table, user_ids: I64, job_ids: I64) -> _Rows:
    names = pa.array([*POSITIVE_KINDS, "impression"])
    code = pc.index_in(events["kind"], value_set=names)
    chosen = events.filter(pc.is_valid(code))
    kind = np.array(code.drop_null().to_numpy(), np.int64)
    kind[kind == len(POSITIVE_KINDS)] = -1
    user, known_user = _positions(chosen["user_id"], user_ids)
    job, known_job = _positions(chosen["job_id"], job_ids)
    keep = known_user & known_job
    at = _times(chosen["at"], 0)
    return _Rows(user[keep], job[keep], kind[keep], at[keep])


def _positions(column: pa.ChunkedArray, ids: I64) -> tuple[I64, npt.NDArray[np.bool_]]:
    wanted = np.array(column.to_numpy(), np.int64)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return at, ids[at] == wanted


def _examples(rows: _Rows) -> Events:
    positive = np.flatnonzero(rows.kind >= 0)
    order = positive[np.lexsort((rows.at[positive], rows.job[positive], rows.user[positive]))]
    user, job = rows.user[order], rows.job[order]
    first = np.ones(len(order), bool)
    first[1:] = (user[1:] != user[:-1]) | (job[1:] != job[:-1])
    starts = np.flatnonzero(first)
    strongest = np.maximum.reduceat(rows.kind[order], starts) if len(starts) else starts
    events = Events(user[starts], job[starts], strongest, rows.at[order][starts])
    return events.take(np.argsort(events.at, kind="stable"))


def _impressions(rows: _Rows) -> Events:
    """One row per impression: kind 1 if this user viewed, saved or applied to this job at or after it."""
    shown = np.flatnonzero(rows.kind < 0)
    shown = shown[np.argsort(rows.at[shown], kind="stable")]
    acted = np.flatnonzero(rows.kind >= 0)
    width = int(rows.job.max(initial=0)) + 1
    order = np.lexsort((rows.at[acted], rows.user[acted] * width + rows.job[acted]))
    keys = (rows.user[acted] * width + rows.job[acted])[order]
    last = np.searchsorted(keys, rows.user[shown] * width + rows.job[shown], "right") - 1
    at = np.maximum(last, 0)
    if len(keys) == 0:
        label = np.zeros(len(shown), np.int64)
    else:
        same = (last >= 0) & (keys[at] == rows.user[shown] * width + rows.job[shown])
        label = (same & (rows.at[acted][order][at] >= rows.at[shown])).astype(np.int64)
    return Events(rows.user[shown], rows.job[shown], label, rows.at[shown])


def _passed_over(shown: Events, users: int) -> PassedOver:
    order = np.argsort(shown.user, kind="stable")
    offsets = np.searchsorted(shown.user[order], np.arange(users + 1))
    return PassedOver(shown.job[order], offsets)


def _first_positive_times(events: pa.Table) -> I64:
    positive = events.filter(pc.is_in(events["kind"], value_set=pa.array(POSITIVE_KINDS)))
    if positive.num_rows == 0:
        raise CorpusError("the snapshot holds no views, saves or applications: nothing to learn from yet")
    return _times(positive["at"], 0)


def _chunks(records: Iterable[T]) -> Iterator[list[T]]:
    stream = iter(records)
    while part := list(islice(stream, _CHUNK)):
        yield part


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
