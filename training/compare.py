"""Two releases on one snapshot: which ranks better and for whom, and what changes for a single person.

Both see the same people, moments and postings, each through its own transform, towers and second stage. The
difference is paired user by user, its interval a bootstrap over users (Efron 1979).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table

from features.tabular import SENIORITY
from models.bundle import ModelBundle
from models.release import Release
from training import plots
from training.corpus import Corpus, build_corpus
from training.evaluate import METRICS, Quality, Task, quality, window_task
from training.job_columns import corpus_columns
from training.metrics import Estimate, estimate
from training.progress import say
from training.ranker_data import PairFeatures
from training.ranking import Candidates, find_candidates
from training.text_cache import CachedEncoder
from training.tracking import Run

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
TOP = 10
POOL = 200
MAX_USERS = 500


@dataclass(frozen=True)
class Side:
    """One release's answer for every user of the task: postings best first (q, k) as job ids, -1 padded, with
    their scores (q, k) and each group's part of them (q, k, groups); without a second stage one group."""

    name: str
    jobs: I64
    scores: F64
    parts: F64
    groups: tuple[str, ...]
    quality: Quality


@dataclass(frozen=True)
class Difference:
    """Metric -> B less A, over the users of a slice."""

    slice: str
    values: dict[str, Estimate]


@dataclass(frozen=True)
class ReleaseComparison:
    a: Side
    b: Side
    users: I64  # user ids
    differences: tuple[Difference, ...]
    synthetic: bool

    def tables(self) -> list[Table]:
        label = " (synthetic data)" if self.synthetic else ""
        overall = Table("", *METRICS, title=f"{len(self.users):,} seekers{label}", title_justify="left")
        for side in (self.a, self.b):
            overall.add_row(side.name, *(str(side.quality.estimate(m)) for m in METRICS))
        change = Table("B less A", "n", *METRICS, title="paired, 95 % bootstrap", title_justify="left")
        for d in self.differences:
            change.add_row(d.slice, str(d.values[METRICS[0]].n), *(_signed(d.values[m]) for m in METRICS))
        return [overall, change]

    def person(self, user_id: int) -> list[dict[str, Any]]:
        """The union of both top tens for one person: ranks, scores, and the group that changed most.

        Raises KeyError for somebody who is not in the comparison.
        """
        found = np.flatnonzero(self.users == user_id)
        if not len(found):
            raise KeyError(user_id)
        return _moves(self.a, self.b, int(found[0]))

    def diff(self) -> pa.Table:
        """Everybody's moves, one row per (user, posting)."""
        rows = [
            {"user_id": int(user), **move}
            for q, user in enumerate(self.users)
            for move in _moves(self.a, self.b, q)
        ]
        return pa.Table.from_pylist(rows)

    def log(self, run: Run, folder: Path) -> None:
        run.params({"a": self.a.name, "b": self.b.name, "users": len(self.users)})
        for d in self.differences:
            for metric, e in d.values.items():
                run.metrics(
                    {f"b_less_a/{d.slice}/{metric}": e.mean, f"b_less_a/{d.slice}/{metric}/low": e.low}
                )
        both = {side.name: side.quality.estimate("NDCG@10") for side in (self.a, self.b)}
        run.figure(plots.comparison(both, "NDCG@10"), "plots/comparison.png")
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(self.diff(), folder / "per_user.parquet")
        run.artifact(folder / "per_user.parquet", "compare")


def compare_releases(
    a: Release, b: Release, snapshot: Path, work: Path, encode: Callable[[ModelBundle], CachedEncoder]
) -> ReleaseComparison:
    """`work` keeps what each release makes of the snapshot. `encode` wraps a bundle's encoder with a cache.

    Raises CorpusError, SplitError or BundleError.
    """
    sides, tasks, corpus = [], [], None
    for release in (a, b):
        say(f"compare: the snapshot as release {release.release_id} sees it")
        bundle = release.load_bundle(threads=1)
        folder = work / release.release_id
        corpus = build_corpus(snapshot, folder / "corpus", encode(bundle), transform=bundle.transform)
        task = window_task(corpus, corpus.split.test, corpus.split.end + 1, max_users=MAX_USERS)
        features = PairFeatures(corpus, bundle, corpus_columns(corpus, folder / "columns"))
        sides.append(_side(release.release_id, corpus, bundle, features, task))
        tasks.append(task)
    assert corpus is not None  # noqa: S101
    if not np.array_equal(tasks[0].users, tasks[1].users):
        raise ValueError("the two releases were not asked about the same people")
    slices = _slices(corpus, tasks[0], features)
    differences = tuple(Difference(name, _less(sides[0], sides[1], mask)) for name, mask in slices.items())
    users = corpus.user_ids[tasks[0].users]
    return ReleaseComparison(sides[0], sides[1], users, differences, corpus.synthetic)


def _side(name: str, corpus: Corpus, bundle: ModelBundle, features: PairFeatures, task: Task) -> Side:
    found: Candidates = find_candidates(features, task, POOL)
    model = bundle.match
    groups: tuple[str, ...] = ("likeness",)
    if model is None:
        parts = found.features[:, :, :1].astype(np.float64)
        scores = parts[:, :, 0]
    else:
        parts = np.stack([model.contributions(rows) for rows in found.features])
        scores, groups = np.stack([model.interest_logit(rows) for rows in found.features]), model.groups
    order = np.argsort(-np.where(found.jobs >= 0, scores, -np.inf), axis=1, kind="stable")
    rows = np.take_along_axis(found.jobs, order, 1)
    ids = np.where(rows >= 0, corpus.job_ids[np.maximum(rows, 0)], -1)
    return Side(
        name,
        ids,
        np.take_along_axis(scores, order, 1),
        np.take_along_axis(parts, order[:, :, None], 1),
        groups,
        quality(rows, task),
    )


def _slices(corpus: Corpus, task: Task, features: PairFeatures) -> dict[str, npt.NDArray[np.bool_]]:
    """Everybody, people with and without a past, and by the level they look for where enough do."""
    out = {"all": np.ones(len(task), bool), "user=warm": task.warm, "user=cold": ~task.warm}
    column = corpus.users.dense["tabular"][task.users]
    first = 4  # after the wishes for remote work (features.tabular.USER_FEATURE_ORDER)
    for k, level in enumerate(SENIORITY):
        mask = column[:, first + k] > 0
        if mask.sum() >= TOP:
            out[f"seniority={level}"] = mask
    return {name: mask for name, mask in out.items() if mask.any()}


def _less(a: Side, b: Side, mask: npt.NDArray[np.bool_]) -> dict[str, Estimate]:
    return {m: estimate(b.quality.values[m][mask] - a.quality.values[m][mask]) for m in METRICS}


def _moves(a: Side, b: Side, q: int) -> list[dict[str, Any]]:
    ranks_a, ranks_b = _ranks(a.jobs[q]), _ranks(b.jobs[q])
    shown = [job for job, rank in ranks_a.items() if rank <= TOP]
    shown += [job for job, rank in ranks_b.items() if rank <= TOP and job not in shown]
    return [_move(a, b, q, job, ranks_a.get(job), ranks_b.get(job)) for job in shown]


def _ranks(jobs: I64) -> dict[int, int]:
    return {int(job): rank for rank, job in enumerate(jobs, 1) if job >= 0}


def _move(a: Side, b: Side, q: int, job: int, rank_a: int | None, rank_b: int | None) -> dict[str, Any]:
    """Ranks are None where the posting was not among the candidates of that side."""
    score_a = None if rank_a is None else float(a.scores[q, rank_a - 1])
    score_b = None if rank_b is None else float(b.scores[q, rank_b - 1])
    reason, change = "", None
    if rank_a is not None and rank_b is not None:
        deltas = _by_group(b, q, rank_b - 1, a, rank_a - 1)
        reason = max(deltas, key=lambda g: abs(deltas[g]))
        change = deltas[reason]
    return {
        "job_id": job,
        "rank_a": rank_a,
        "rank_b": rank_b,
        "score_a": score_a,
        "score_b": score_b,
        "reason": reason,
        "reason_change": change,
    }


def _by_group(b: Side, q: int, at_b: int, a: Side, at_a: int) -> dict[str, float]:
    parts_a = dict(zip(a.groups, a.parts[q, at_a].tolist(), strict=True))
    parts_b = dict(zip(b.groups, b.parts[q, at_b].tolist(), strict=True))
    return {g: parts_b.get(g, 0.0) - parts_a.get(g, 0.0) for g in parts_a.keys() | parts_b.keys()}


def _signed(e: Estimate) -> str:
    return f"{e.mean:+.4f} [{e.low:+.4f}, {e.high:+.4f}]"
