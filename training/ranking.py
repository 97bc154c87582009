"""Does the second stage put the right postings first? The towers' candidates of a window, reordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.cross import CROSS_FEATURE_ORDER
from models.ranker import Ranker
from training.evaluate import Quality, Task, quality
from training.metrics import Estimate, estimate
from training.progress import track
from training.ranker_data import PairFeatures, columns_of

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
TOWERS, RANKER, LIKENESS = "two-tower", "ranker", "ranker, likeness alone"
CANDIDATES = 200
#: (user row, job rows (n,)) -> scores (n,); higher stands first.
Score = Callable[[int, I64], F64]


@dataclass(frozen=True)
class Candidates:
    """The towers' best for every user of a task, best first, seen ones left out: job rows (q, k), -1 padded,
    and their features (q, k, CROSS_FEATURE_ORDER) as of the task's moment."""

    task: Task
    jobs: I64
    features: F32


def find_candidates(features: PairFeatures, task: Task, k: int = CANDIDATES) -> Candidates:
    features.meet(task.users)
    k = min(k, len(task.candidates))
    jobs = np.full((len(task), k), -1, np.int64)
    rows = np.zeros((len(task), k, len(CROSS_FEATURE_ORDER)), np.float32)
    moments = features.moments(task.users, np.full(len(task), task.at))
    places = ((batch, place) for batch in moments for place in range(len(batch)))
    for user, (batch, place) in enumerate(track(places, len(task), "features of the candidates")):
        similarity = features.vectors[task.candidates] @ batch.vectors[place]
        similarity[np.isin(task.candidates, list(task.seen[user]))] = -np.inf
        best = np.argsort(-similarity, kind="stable")[:k]
        best = best[np.isfinite(similarity[best])]
        jobs[user, : len(best)] = task.candidates[best]
        rows[user, : len(best)] = features.rows(batch, place, task.candidates[best])
    return Candidates(task, jobs, rows)


def order_by_ranker(candidates: Candidates, ranker: Ranker) -> I64:
    """(q, k) the candidates in the ranker's order."""
    columns = columns_of(ranker.config)
    scores = np.stack([ranker.logit(np.ascontiguousarray(rows[:, columns])) for rows in candidates.features])
    return _ordered(candidates.jobs, scores)


def order_by(candidates: Candidates, score: Score) -> I64:
    """The same for any other order, such as that of a simulator that knows the truth."""
    return _ordered(candidates.jobs, _scores(candidates.task, candidates.jobs, score))


def _scores(task: Task, jobs: I64, score: Score) -> F64:
    """(q, k); 0 where a job is missing."""
    asked = zip(task.users.tolist(), jobs, strict=True)
    scores = np.stack([score(user, np.maximum(row, 0)) for user, row in asked])
    return np.where(jobs >= 0, scores, 0.0)


def _ordered(jobs: I64, scores: F64) -> I64:
    """Best first, equal ones in the towers' order, what is missing last."""
    order = np.argsort(-np.where(jobs >= 0, scores, -np.inf), axis=1, kind="stable")
    return np.take_along_axis(jobs, order, axis=1)


@dataclass(frozen=True)
class Comparison:
    """The same candidates in several orders; the first is the towers'. `true` holds, per order, each user's
    NDCG@10 with the true chance of acting as gain, where a simulator tells it (else it is empty)."""

    task: Task
    results: dict[str, Quality]
    true: dict[str, F64]

    def estimates(self, metric: str = "NDCG@10") -> dict[str, Estimate]:
        return {name: result.estimate(metric) for name, result in self.results.items()}

    def true_estimates(self) -> dict[str, Estimate]:
        return {name: estimate(values) for name, values in self.true.items()}

    def gain(self, metric: str = "NDCG@10") -> Estimate:
        """Ranker less towers, user by user."""
        return estimate(self.results[RANKER].values[metric] - self.results[TOWERS].values[metric])

    def metrics(self) -> dict[str, float]:
        out: dict[str, float] = {}
        for name, prefix in ((RANKER, "ranker"), (TOWERS, "ranker/two-tower"), (LIKENESS, "ranker/likeness")):
            if name in self.results:
                out |= {f"{prefix}/{k}": v for k, v in self.results[name].means().items()}
            if name in self.true:
                out[f"{prefix}/true_NDCG@10"] = float(self.true[name].mean())
        gain = self.gain()
        return out | {"ranker/gain": gain.mean, "ranker/gain_low": gain.low, "ranker/users": len(self.task)}


def compare(
    candidates: Candidates,
    rankers: Mapping[str, Ranker],
    others: Mapping[str, Score] | None = None,
    chance: Score | None = None,
) -> Comparison:
    """Ranks by every ranker and other score; `chance` is the true one of acting, if a simulator knows."""
    orders = {TOWERS: candidates.jobs}
    orders |= {name: order_by_ranker(candidates, ranker) for name, ranker in rankers.items()}
    orders |= {name: order_by(candidates, score) for name, score in (others or {}).items()}
    task, true = candidates.task, {}
    if chance is not None:
        best = -np.sort(-_scores(task, candidates.jobs, chance), axis=1)
        true = {name: graded_ndcg(_scores(task, o[:, :10], chance), best) for name, o in orders.items()}
    return Comparison(task, {name: quality(order, task) for name, order in orders.items()}, true)


def graded_ndcg(gain: F64, best: F64, k: int = 10) -> F64:
    """(q,) NDCG@k (Jarvelin and Kekalainen 2002) of gains in the order shown, (q, >= k), against the best
    that the same candidates allow, (q, n) from the highest."""
    shown, ideal = _dcg(gain[:, :k]), _dcg(best[:, :k])
    return np.asarray(np.where(ideal > 0, shown / np.maximum(ideal, 1e-12), 0.0), np.float64)


def _dcg(gain: F64) -> F64:
    return np.asarray((gain / np.log2(np.arange(2, gain.shape[1] + 2))).sum(axis=1), np.float64)
