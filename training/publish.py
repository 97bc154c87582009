"""The last step before something answers people: the release folder."""

from __future__ import annotations

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
from training.gates import Evidence
from training.progress import track

GOLDEN = 25


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
