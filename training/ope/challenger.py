"""Scores of a challenger for the pages of a log: from a release's two towers, or from a file.

A release is judged by its first stage. What ranks after it (second stage, diversity, a quota of new postings)
comes as a file of the scores it gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from training.ope.evaluate import Candidates
from training.ope.pages import F64, I64, OpeError
from training.ope.snapshot_log import SnapshotLog

if TYPE_CHECKING:
    from models.bundle import ModelBundle


class FileScores:
    """Scores of (user_id, job_id) from a Parquet file; a pair that is not in it cannot be shown.

    Raises OpeError when a column is missing, a pair comes twice or a score is no number.
    """

    def __init__(self, path: Path, log: SnapshotLog) -> None:
        try:
            table = pq.read_table(path, columns=["user_id", "job_id", "score"])
        except (OSError, KeyError, ValueError) as error:
            raise OpeError(f"{path} is no Parquet file with user_id, job_id and score: {error}") from error
        user, job = (np.array(table[name].to_numpy(), np.int64) for name in ("user_id", "job_id"))
        score = np.array(table["score"].to_numpy(), np.float64)
        self._users = np.unique(user)
        self._width = len(log.job_ids)
        place = np.minimum(np.searchsorted(log.job_ids, job), self._width - 1)
        known = log.job_ids[place] == job
        key = np.searchsorted(self._users, user) * self._width + place
        order = np.argsort(key[known], kind="stable")
        self._keys, self._scores = key[known][order], score[known][order]
        if (self._keys[1:] == self._keys[:-1]).any() or not np.isfinite(score).all():
            raise OpeError(f"{path}: a pair comes twice, or a score is not finite")
        self._log = log

    def __call__(self, rows: I64) -> F64:
        out = np.full((len(rows), self._width), -np.inf)
        users = self._log.user_ids[rows]
        place = np.searchsorted(self._users, users)
        for row, (at, user) in enumerate(zip(place.tolist(), users.tolist(), strict=True)):
            if at < len(self._users) and self._users[at] == user:
                first, end = np.searchsorted(self._keys, [at * self._width, (at + 1) * self._width])
                out[row, self._keys[first:end] - at * self._width] = self._scores[first:end]
        return out


class TowerScores:
    """Cosines of a bundle's two towers; users as they were at each page's moment, with their history."""

    def __init__(self, bundle: ModelBundle, snapshot: Path, cache: Path, log: SnapshotLog) -> None:
        self._jobs, self._users = _vectors(bundle, snapshot, cache, log)

    def __call__(self, rows: I64) -> F64:
        return np.asarray(self._users[rows] @ self._jobs.T, dtype=np.float64)


def _vectors(
    bundle: ModelBundle, snapshot: Path, cache: Path, log: SnapshotLog
) -> tuple[np.ndarray, np.ndarray]:
    from features.inputs import Inputs
    from features.past import PastBehaviour
    from features.snapshot import read_events, read_jobs, read_users
    from training.evaluate import table_lookup
    from training.text_cache import CachedEncoder

    encoder = CachedEncoder(bundle.encoder, cache)
    records = list(read_jobs(snapshot))
    parts = [
        bundle.embed_job_inputs(bundle.transform.job_inputs(records[i : i + 512], encoder.encode))
        for i in range(0, len(records), 512)
    ]
    jobs = np.concatenate(parts)
    wanted = {int(user): row for row, user in enumerate(np.unique(log.user_ids))}
    people = [user for user in read_users(snapshot) if user.user_id in wanted]
    if len(people) != len(wanted):
        raise OpeError("the snapshot lacks seekers that it has impressions of")
    inputs = bundle.transform.user_inputs(people, encoder.encode)
    encoder.close()
    row_of = {user.user_id: row for row, user in enumerate(people)}
    rows = np.array([row_of[user] for user in log.user_ids.tolist()])
    past = PastBehaviour(read_events(snapshot))
    history = past.history(log.user_ids, log.at, max(bundle.transform.config.history, 1))
    place = np.minimum(np.searchsorted(log.job_ids, history.job_ids), len(log.job_ids) - 1)
    known = log.job_ids[place] == history.job_ids
    by_row = type(history)(np.where(known, place, -1), history.kinds, history.age_days)
    asked = Inputs(inputs.dense, inputs.bags).take(rows).with_history(by_row)
    return jobs, bundle.embed_user_inputs(asked, table_lookup(jobs))


def candidates_of(log: SnapshotLog, scores: FileScores | TowerScores) -> Candidates:
    """Scores where a posting could be shown; the reward model sees score, views so far and age."""

    def available(rows: I64) -> F64:
        return np.where(log.eligible(rows), scores(rows), -np.inf)

    def features(rows: I64) -> F64:
        score = scores(rows)
        score = np.where(np.isfinite(score), score, 0.0)
        return np.stack([score, log.views_before(rows), log.age_months(rows)], axis=2)

    return Candidates(len(log.job_ids), available, features)
