"""Small, random but complete artifacts for every test suite: real classes, real files, no training."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import platformdirs

from features.cross import CROSS_FEATURE_ORDER, GROUPS
from features.records import InteractionRecord, JobRecord, UserRecord
from features.transform import FeatureTransform, TransformConfig
from models.bundle import ModelBundle
from models.calibration import Calibration
from models.encoder import SentenceEncoder, export_encoder
from models.facts import job_facts
from models.fit import FitModel
from models.golden import make_golden
from models.index import JobIndex
from models.intervals import Intervals
from models.match import MatchModel
from models.ranker import RankerConfig, RankerNet, Standardisation
from models.recipes import tower_config_for
from models.release import Release, ReleaseWriter
from models.two_tower import TwoTower

#: The tracked model of passages: small enough for tests to use the real one.
TRACKED_ROLES = Path(__file__).resolve().parents[1] / "data" / "language" / "posting_roles"
TINY = TransformConfig(term_buckets=1024, place_buckets=256, company_buckets=256, geo_waves=16)

TINY_JOBS = (
    JobRecord(1, "Senior Python Engineer", "Quillmark", "Python, PostgreSQL and AWS.", location="Berlin"),
    JobRecord(2, "Data Engineer", "Quillmark", "Spark and Kafka pipelines.", location="Berlin, Germany"),
    JobRecord(3, "Registered Nurse", "Ferncross Clinic", "Patient care on a ward.", location="Leeds, UK"),
    JobRecord(4, "Frontend Developer", "Tallowgate", "React and TypeScript.", remote="remote"),
    JobRecord(5, "Line Cook", "The Copper Ladle", "Grill station, five evenings.", location="Chicago, IL"),
)

TINY_MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TINY_USER = UserRecord(
    user_id=7,
    desired_title="Data Engineer",
    resume_text="Five years of Python and PostgreSQL.",
    skills=("Python", "PostgreSQL"),
    location="Berlin",
    history=(InteractionRecord(7, 2, "save", datetime(2026, 2, 1, tzinfo=UTC)),),
)


def encoder_folder() -> Path:
    """The exported sentence encoder, shared by all test runs on a machine (exporting takes seconds)."""
    return export_encoder(Path(platformdirs.user_cache_dir("jobpilot")) / "encoder")


@lru_cache(1)
def _encoder() -> SentenceEncoder:
    return SentenceEncoder(encoder_folder())


@lru_cache(1)
def _transform() -> FeatureTransform:
    return FeatureTransform(TINY).fit(TINY_JOBS)  # fitted once: reading the taxonomy takes seconds


def tiny_bundle(seed: int = 0) -> ModelBundle:
    """An untrained bundle over the real taxonomy and encoder; another seed is another embedding space."""
    transform = _transform()
    towers = TwoTower(tower_config_for(transform, hidden=16, seed=seed))
    return ModelBundle(transform, _encoder(), towers, Calibration(event="test"), tiny_match(seed))


def tiny_match(seed: int = 0) -> MatchModel:
    """A second stage with random weights of everyday size."""
    draw = np.random.default_rng(seed)
    x = draw.random((64, len(CROSS_FEATURE_ORDER))).astype(np.float32)
    net = RankerNet(RankerConfig(GROUPS), Standardisation.of(x), seed)
    ranker = net.freeze(x)
    return MatchModel(FitModel(), ranker, Intervals(), Intervals(), version=f"tiny-{seed}")


def tiny_index(bundle: ModelBundle | None = None) -> JobIndex:
    """The five `TINY_JOBS` in an exact index."""
    bundle = bundle or tiny_bundle()
    ids = np.array([j.job_id for j in TINY_JOBS], np.int64)
    return JobIndex.build(bundle.encode_jobs(TINY_JOBS), ids, encoder_version=bundle.encoder_version)


def tiny_release(
    releases: Path,
    release_id: str,
    bundle: ModelBundle,
    jobs: tuple[JobRecord, ...] = TINY_JOBS,
    language: Path | None = None,
) -> Release:
    """A whole release folder below `releases`; `language` is a folder of models that read text."""
    ids = [j.job_id for j in jobs]
    index = JobIndex.build(bundle.encode_jobs(jobs), ids, encoder_version=bundle.encoder_version)
    golden = make_golden(bundle, jobs[:3], [TINY_USER], TINY_MOMENT)
    with ReleaseWriter(releases, release_id) as writer:
        writer.jobs.append(jobs, [job_facts(bundle, j) for j in jobs])
        return writer.finish(
            bundle, index, golden, snapshot_id="test", metrics={"ndcg@10": 0.5}, language=language
        )
