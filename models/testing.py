"""Small, random but complete artifacts for every test suite: real classes, real files, no training."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import platformdirs

from features.records import JobRecord
from features.transform import FeatureTransform, TransformConfig
from models.bundle import ModelBundle
from models.calibration import Calibration
from models.encoder import SentenceEncoder, export_encoder
from models.index import JobIndex
from models.recipes import tower_config_for
from models.two_tower import TwoTower

TINY = TransformConfig(term_buckets=1024, place_buckets=256, company_buckets=256, geo_waves=16)

TINY_JOBS = (
    JobRecord(1, "Senior Python Engineer", "Quillmark", "Python, PostgreSQL and AWS.", location="Berlin"),
    JobRecord(2, "Data Engineer", "Quillmark", "Spark and Kafka pipelines.", location="Berlin, Germany"),
    JobRecord(3, "Registered Nurse", "Ferncross Clinic", "Patient care on a ward.", location="Leeds, UK"),
    JobRecord(4, "Frontend Developer", "Tallowgate", "React and TypeScript.", remote="remote"),
    JobRecord(5, "Line Cook", "The Copper Ladle", "Grill station, five evenings.", location="Chicago, IL"),
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
    return ModelBundle(transform, _encoder(), towers, Calibration(event="test"))


def tiny_index(bundle: ModelBundle | None = None) -> JobIndex:
    """The five `TINY_JOBS` in an exact index."""
    import numpy as np

    bundle = bundle or tiny_bundle()
    ids = np.array([j.job_id for j in TINY_JOBS], np.int64)
    return JobIndex.build(bundle.encode_jobs(TINY_JOBS), ids, encoder_version=bundle.encoder_version)
