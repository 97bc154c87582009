"""The model beside its baselines on the test window: table, slices, curves, calibration."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from features.inputs import History, Inputs
from features.records import JobRecord, UserRecord
from features.snapshot import read_jobs, read_users
from features.text import job_body_text, job_title_text, user_body_text, user_title_text
from models.bundle import ModelBundle
from models.calibration import Calibration
from training import plots
from training.baselines import (
    Als,
    Baseline,
    ItemKnn,
    MeanVector,
    Popularity,
    Random,
    Recency,
    TfidfContent,
    past_matrix,
)
from training.calibrate import Reliability, fit_calibration, reliability
from training.corpus import Corpus
from training.evaluate import (
    METRICS,
    Quality,
    Task,
    quality,
    rank_by_index,
    rank_by_scores,
    slices,
    table_lookup,
    task_users,
    window_task,
)
from training.gates import Evidence
from training.metrics import Estimate, hits, recall_at
from training.tracking import Run

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
MODEL = "two-tower"
THIN = "two-tower, skills and place only"
CURVE = (1, 5, 10, 20, 50, 100)
MAX_CALIBRATION = 20_000


@dataclass(frozen=True)
class Report:
    """`results` by name, the model's first; `curves` are mean recall at CURVE."""

    synthetic: bool
    task: Task
    results: dict[str, Quality]
    curves: dict[str, list[float]]
    calibration: Calibration
    reliability: Reliability

    def estimates(self, metric: str = "NDCG@10") -> dict[str, Estimate]:
        return {name: result.estimate(metric) for name, result in self.results.items()}

    def evidence(self) -> Evidence:
        estimates = self.estimates()
        rivals = {k: v for k, v in estimates.items() if k not in (MODEL, THIN)}
        best = max(rivals, key=lambda name: rivals[name].mean)
        return Evidence(
            ndcg=estimates[MODEL].mean,
            ndcg_low=estimates[MODEL].low,
            best_baseline=best,
            best_baseline_ndcg=rivals[best].mean,
            best_baseline_high=rivals[best].high,
            ece=self.reliability.ece,
            users=len(self.task),
        )

    def table(self) -> Table:
        label = " (simulated market: synthetic data)" if self.synthetic else ""
        title = f"Test window: {len(self.task):,} seekers, {len(self.task.candidates):,} postings{label}"
        table = Table("", *METRICS, "coverage", title=title, title_justify="left", min_width=150)
        for name, result in self.results.items():
            cells = [str(result.estimate(m)) for m in METRICS]
            table.add_row(name, *cells, f"{result.coverage:.3f}", style="bold" if name == MODEL else "")
        return table

    def log(self, run: Run) -> None:
        means = {name: result.means() for name, result in self.results.items()}
        run.metrics({f"test/{k}": v for k, v in means[MODEL].items()})
        for name, values in means.items():
            if name not in (MODEL, THIN):
                run.metrics({f"baseline/{name}/{k}": v for k, v in values.items()})
        run.metrics({"test/NDCG@10/profile=thin": means[THIN]["NDCG@10"]})
        for key, e in slices(self.results[MODEL], self.task).items():
            if e.n:
                run.metrics({f"test/{key}": e.mean})
        run.metrics({"test/ece": self.reliability.ece, "test/brier": self.reliability.brier})
        run.text(json.dumps(means, indent=1), "evaluation/means.json")
        run.text(_plain(self.table()), "evaluation/table.txt")
        run.figure(plots.comparison(self.estimates(), "NDCG@10"), "plots/comparison.png")
        run.figure(plots.recall_curve(self.curves, CURVE), "plots/recall.png")
        run.figure(plots.slices(slices(self.results[MODEL], self.task)), "plots/slices.png")
        run.figure(plots.reliability_diagram(self.reliability), "plots/reliability.png")


def evaluate_all(bundle: ModelBundle, corpus: Corpus, *, max_users: int = 0) -> Report:
    """Ranks the test window with the model and every baseline; calibrates on the validation window."""
    split = corpus.split
    task = window_task(corpus, split.test, split.end + 1, max_users=max_users)
    vectors = bundle.embed_job_inputs(corpus.jobs)
    size = corpus.transform.config.history
    users = bundle.embed_user_inputs(task_users(corpus, task, size), table_lookup(vectors))
    ranked = {MODEL: rank_by_index(vectors, users, task)}
    thin = bundle.embed_user_inputs(_newcomers(corpus, task), table_lookup(vectors))
    ranked[THIN] = rank_by_index(vectors, thin, task)
    for baseline in baselines(corpus, task):
        ranked[baseline.name] = rank_by_scores(baseline.score, task)
    calibration = fit_calibration(*_shown(bundle, corpus, vectors, split.validation, split.test))
    similarity, label = _shown(bundle, corpus, vectors, split.test, split.end + 1)
    return Report(
        synthetic=corpus.synthetic,
        task=task,
        results={name: quality(rows, task) for name, rows in ranked.items()},
        curves={name: _curve(rows, task) for name, rows in ranked.items()},
        calibration=calibration,
        reliability=reliability(calibration.probability(similarity), label),
    )


def _newcomers(corpus: Corpus, task: Task) -> Inputs:
    """The asked users as if they had just arrived: no past, no text, only skills and a place."""
    nothing = np.full((len(task), 1), -1, np.int64)
    history = History(nothing, np.zeros_like(nothing), np.zeros(nothing.shape, np.float32))
    return corpus.thin_users.take(task.users).with_history(history)


def baselines(corpus: Corpus, task: Task) -> list[Baseline]:
    """Everything a network has to beat, fitted on what was known when the test window began."""
    known = corpus.examples.take(np.flatnonzero(corpus.examples.at < task.at))
    jobs, users = list(read_jobs(corpus.snapshot)), list(read_users(corpus.snapshot))
    shape = (len(users), len(jobs))
    past = past_matrix(known, *shape)
    texts, profiles = [_job_text(j) for j in jobs], [_user_text(u) for u in users]
    job_vectors = _mean(corpus.jobs.dense["title_text"], corpus.jobs.dense["body_text"])
    user_vectors = _mean(corpus.users.dense["title_text"], corpus.users.dense["body_text"])
    return [
        Random(len(jobs), seed=0),
        Popularity(known, len(jobs)),
        Recency(corpus.opened),
        ItemKnn(known, *shape),
        Als(known, *shape),
        TfidfContent(texts, profile_texts=profiles, name="TF-IDF profile"),
        TfidfContent(texts, profile_texts=profiles, past=past, name="TF-IDF profile + past"),
        MeanVector(job_vectors, profile_vectors=user_vectors, name="MiniLM profile"),
        MeanVector(job_vectors, profile_vectors=user_vectors, past=past, name="MiniLM profile + past"),
    ]


def _job_text(job: JobRecord) -> str:
    return f"{job_title_text(job)} {job.location} {job_body_text(job)}"


def _user_text(user: UserRecord) -> str:
    return f"{user_title_text(user)} {user.location} {user_body_text(user)}"


def _mean(a: F32, b: F32) -> F32:
    total = np.asarray(a) + np.asarray(b)
    norm = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(total / np.maximum(norm, 1e-9), np.float32)


def _curve(ranked: I64, task: Task) -> list[float]:
    hit = hits(ranked, task.relevant)
    sizes = np.array([len(r) for r in task.relevant], np.int64)
    return [float(recall_at(hit, sizes, k).mean()) for k in CURVE]


def _shown(
    bundle: ModelBundle, corpus: Corpus, vectors: F32, start: int, end: int
) -> tuple[F32, npt.NDArray[np.int64]]:
    """Similarity and outcome of (a sample of) the postings shown in a window, histories as of then."""
    shown = corpus.impressions
    rows = np.flatnonzero((shown.at >= start) & (shown.at < end))
    if len(rows) > MAX_CALIBRATION:
        rows = np.sort(np.random.default_rng(0).choice(rows, MAX_CALIBRATION, replace=False))
    e = shown.take(rows)
    similarity = np.empty(len(rows), np.float32)
    for first in range(0, len(rows), 1024):
        part = slice(first, first + 1024)
        history = corpus.history(e.user[part], e.at[part], corpus.transform.config.history)
        users = corpus.users.take(e.user[part]).with_history(history)
        user_vectors = bundle.embed_user_inputs(users, table_lookup(vectors))
        similarity[part] = (user_vectors * vectors[e.job[part]]).sum(1)
    return similarity, e.kind


def _plain(table: Table) -> str:
    out = io.StringIO()
    Console(width=180, file=out).print(table)
    return out.getvalue()
