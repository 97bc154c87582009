"""Retrieval quality on held-out behaviour, searched with the production `JobIndex`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.inputs import Inputs
from models.bundle import VectorLookup
from models.index import JobIndex
from training.corpus import Corpus
from training.metrics import Estimate, estimate, hit_rate_at, hits, ndcg_at, recall_at, reciprocal_rank

I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]
DEPTH = 100
METRICS = ("NDCG@10", "Recall@10", "Recall@50", "HR@10", "MRR")


@dataclass(frozen=True)
class Task:
    """Who is asked, what may be recommended, and what turned out to be right, in one time window.

    users (q,) user rows; at: the moment all histories end; candidates (c,) job rows; relevant: per user the
    candidates acted on for the first time in the window; seen: per user, jobs acted on before.
    """

    users: I64
    at: int
    candidates: I64
    relevant: list[set[int]]
    seen: list[set[int]]
    warm: npt.NDArray[np.bool_]  # (q,) True where the user has a history
    fresh: npt.NDArray[np.bool_]  # (jobs,) True where a job was posted in the window

    def __len__(self) -> int:
        return len(self.users)


def window_task(corpus: Corpus, start: int, end: int, *, max_users: int = 0, seed: int = 0) -> Task:
    """The task of predicting what happens in [start, end) from what was known before `start`."""
    candidates = corpus.alive(start, end)
    allowed = np.zeros(len(corpus.job_ids), bool)
    allowed[candidates] = True
    e = corpus.examples
    inside = (e.at >= start) & (e.at < end) & allowed[e.job]
    users = np.unique(e.user[inside])
    if max_users and len(users) > max_users:
        users = np.sort(np.random.default_rng(seed).choice(users, max_users, replace=False))
    relevant, seen = (
        _by_user(e.user[inside], e.job[inside]),
        _by_user(e.user[e.at < start], e.job[e.at < start]),
    )
    history = corpus.history(users, np.full(len(users), start), 1)
    return Task(
        users=users,
        at=start,
        candidates=candidates,
        relevant=[relevant[int(u)] for u in users],
        seen=[seen.get(int(u), set()) for u in users],
        warm=history.job_ids[:, 0] >= 0,
        fresh=corpus.opened >= start,
    )


def _by_user(users: I64, jobs: I64) -> dict[int, set[int]]:
    out: dict[int, set[int]] = {}
    for user, job in zip(users.tolist(), jobs.tolist(), strict=True):
        out.setdefault(user, set()).add(job)
    return out


def task_users(corpus: Corpus, task: Task, history_size: int) -> Inputs:
    """Inputs of the asked users as they were at the task's moment."""
    history = corpus.history(task.users, np.full(len(task), task.at), history_size)
    return corpus.users.take(task.users).with_history(history)


def table_lookup(vectors: F32) -> VectorLookup:
    """Looks past jobs up by row in (jobs, 256) vectors: a corpus names its jobs by row."""

    def look_up(rows: I64) -> tuple[npt.NDArray[np.bool_], F32]:
        return np.ones(len(rows), bool), vectors[rows]

    return look_up


def rank_by_index(job_vectors: F32, user_vectors: F32, task: Task) -> I64:
    """Top `DEPTH` candidate rows per user, seen ones left out, -1 padded: (q, DEPTH)."""
    index = JobIndex.build(
        job_vectors[task.candidates], task.candidates, encoder_version="evaluation", kind="exact"
    )
    extra = max((len(s) for s in task.seen), default=0)
    k = min(DEPTH + extra, len(task.candidates))
    _, ids = index.search(user_vectors, k, encoder_version="evaluation")
    return _without_seen(ids, task.seen)


def rank_by_scores(score: Callable[[I64], F32], task: Task, batch: int = 256) -> I64:
    """The same for a baseline: `score(user rows)` gives (b, jobs)."""
    out = []
    for start in range(0, len(task), batch):
        rows = task.users[start : start + batch]
        scores = score(rows)[:, task.candidates]
        extra = max((len(s) for s in task.seen[start : start + batch]), default=0)
        k = min(DEPTH + extra, scores.shape[1])
        top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1, kind="stable")
        ids = task.candidates[np.take_along_axis(top, order, 1)]
        out.append(_without_seen(ids, task.seen[start : start + batch]))
    return np.concatenate(out)


def _without_seen(ids: I64, seen: list[set[int]]) -> I64:
    out = np.full((len(ids), DEPTH), -1, np.int64)
    for i, (row, known) in enumerate(zip(ids.tolist(), seen, strict=True)):
        kept = [j for j in row if j >= 0 and j not in known][:DEPTH]
        out[i, : len(kept)] = kept
    return out


@dataclass(frozen=True)
class Quality:
    """Per-user values of every metric, plus the share of the catalogue that reached any top ten."""

    values: dict[str, npt.NDArray[np.float64]]
    coverage: float

    def means(self) -> dict[str, float]:
        return {k: float(v.mean()) for k, v in self.values.items()} | {"coverage": self.coverage}

    def estimate(self, metric: str, mask: npt.NDArray[np.bool_] | None = None) -> Estimate:
        values = self.values[metric]
        return estimate(values if mask is None else values[mask])


def quality(ranked: I64, task: Task) -> Quality:
    hit = hits(ranked, task.relevant)
    sizes = np.array([len(r) for r in task.relevant], np.int64)
    values = {
        "NDCG@10": ndcg_at(hit, sizes, 10),
        "Recall@10": recall_at(hit, sizes, 10),
        "Recall@50": recall_at(hit, sizes, 50),
        "HR@10": hit_rate_at(hit, 10),
        "MRR": reciprocal_rank(hit),
    }
    shown = np.unique(ranked[:, :10])
    return Quality(values, float((shown >= 0).sum() / max(len(task.candidates), 1)))


def slices(result: Quality, task: Task, metric: str = "NDCG@10") -> dict[str, Estimate]:
    """The metric apart for users with and without a past."""
    return {
        f"{metric}/user=warm": result.estimate(metric, task.warm),
        f"{metric}/user=cold": result.estimate(metric, ~task.warm),
    }
