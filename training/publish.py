"""The last step before something answers people: the evidence, the gates, the release folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from features.records import JobRecord
from features.snapshot import read_jobs, read_users
from models.bundle import ModelBundle
from models.facts import JobFacts, job_facts
from models.golden import make_golden
from models.index import JobIndex
from models.release import Release, ReleaseWriter
from training.corpus import Corpus
from training.progress import track
from training.release import Gate

GOLDEN = 25
RECALL_FLOOR = 0.99
ECE_CEILING = 0.05


@dataclass(frozen=True)
class Evidence:
    """What the gates judge. NDCG@10 over the test window's users, with 95 % bounds."""

    ndcg: float
    ndcg_low: float
    best_baseline: str
    best_baseline_ndcg: float
    best_baseline_high: float
    ece: float
    users: int
    index_recall: float = 0.0

    def with_recall(self, recall: float) -> Evidence:
        return replace(self, index_recall=recall)

    def metrics(self) -> dict[str, float]:
        return {k: float(v) for k, v in asdict(self).items() if not isinstance(v, str)}


def gates(evidence: Evidence, release: Release) -> list[Gate]:
    """Every condition for becoming champion, with its figures."""
    e = evidence
    return [
        Gate(
            "quality",
            e.ndcg > e.best_baseline_ndcg,
            f"NDCG@10 {e.ndcg:.4f} against {e.best_baseline_ndcg:.4f} of {e.best_baseline}, n = {e.users}",
        ),
        Gate("calibration", e.ece <= ECE_CEILING, f"ECE {e.ece:.4f}, ceiling {ECE_CEILING}"),
        Gate(
            "index",
            e.index_recall >= RECALL_FLOOR,
            f"recall@100 {e.index_recall:.4f} against exact, floor {RECALL_FLOOR}",
        ),
        Gate("not_empty", release.jobs > 0, f"{release.jobs} postings"),
    ]


def publish(
    releases: Path,
    release_id: str,
    bundle: ModelBundle,
    index: JobIndex,
    corpus: Corpus,
    evidence: Evidence,
    language: Path | None = None,
) -> Release:
    """Writes the release folder. Streams the postings; golden records are the first open ones."""
    indexed = set(index.ids().tolist())
    releases.mkdir(parents=True, exist_ok=True)
    golden_jobs: list[JobRecord] = []
    with ReleaseWriter(releases, release_id) as writer:
        part: list[JobRecord] = []
        facts: list[JobFacts] = []
        for row, job in enumerate(
            track(read_jobs(corpus.snapshot), len(corpus.job_ids), "writing the release")
        ):
            if job.job_id not in indexed:
                continue
            part.append(job)
            facts.append(job_facts(bundle, job, _skills(corpus, row)))
            if len(golden_jobs) < GOLDEN:
                golden_jobs.append(job)
            if len(part) == 1000:
                writer.jobs.append(part, facts)
                part, facts = [], []
        if part:
            writer.jobs.append(part, facts)
        users = list(islice(read_users(corpus.snapshot), GOLDEN))
        golden = make_golden(bundle, golden_jobs, users, datetime.now(UTC))
        return writer.finish(
            bundle,
            index,
            golden,
            snapshot_id=corpus.snapshot.name,
            metrics=evidence.metrics(),
            language=language,
        )


def _skills(corpus: Corpus, row: int) -> list[int]:
    bag = corpus.jobs.bags["skills"]
    ids: list[int] = np.asarray(bag.ids[bag.offsets[row] : bag.offsets[row + 1]]).tolist()
    return ids
