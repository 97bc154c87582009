from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.records import InteractionRecord, JobRecord, UserRecord
from features.tabular import JOB_FEATURE_ORDER, USER_FEATURE_ORDER, GeoFeatures
from features.transform import FeatureTransform, TransformConfig

JOBS = (
    JobRecord(1, "Senior Python Engineer", "Quillmark", "Python, PostgreSQL and AWS.", location="Berlin"),
    JobRecord(2, "Registered Nurse", "Ferncross", "Patient care.", location="Leeds, UK", remote="on-site"),
)
SMALL = TransformConfig(term_buckets=512, place_buckets=128, company_buckets=64, history=4)


def encode(texts: Sequence[str]) -> np.ndarray:
    """A stand-in for sentence vectors: three cheap, deterministic numbers."""
    return np.array([[len(t), t.count("e"), 1.0] for t in texts], np.float32)


@pytest.fixture(scope="module")
def transform() -> FeatureTransform:
    return FeatureTransform(SMALL).fit(JOBS)


def test_fields_have_the_promised_sizes(transform: FeatureTransform) -> None:
    jobs = transform.job_inputs(JOBS, encode)
    users = transform.user_inputs([UserRecord(1, "Nurse")], encode)
    sizes = transform.sizes(3)
    assert {k: v.shape[1] for k, v in jobs.dense.items()} == sizes.job_dense
    assert {k: v.shape[1] for k, v in users.dense.items()} == sizes.user_dense
    for name, bag in (*jobs.bags.items(), *users.bags.items()):
        assert bag.ids.max(initial=0) < sizes.bags[name]


def test_equal_places_and_skills_meet_across_sides(transform: FeatureTransform) -> None:
    user = UserRecord(1, skills=("python", "postgres"), location="Berlin, Germany")
    jobs, users = transform.job_inputs(JOBS, encode), transform.user_inputs([user], encode)
    assert float(users.dense["geo"][0] @ jobs.dense["geo"][0]) > 0.99
    assert float(users.dense["geo"][0] @ jobs.dense["geo"][1]) < 0.4
    job_skills = set(jobs.bags["skills"].take(np.array([0])).ids.tolist())
    assert set(users.bags["skills"].ids.tolist()) <= job_skills


def test_geo_similarity_falls_with_distance(transform: FeatureTransform) -> None:
    geo = GeoFeatures(waves=256)
    names = ["Berlin, Germany", "Potsdam, Germany", "Hamburg, Germany", "Sydney, Australia"]
    vectors = [geo(transform.gazetteer.resolve(n)) for n in names]
    near, middle, far = (float(vectors[0] @ v) for v in vectors[1:])
    assert near > middle > far
    assert abs(far) < 0.2


def test_history_is_strictly_before_the_moment_and_bounded(transform: FeatureTransform) -> None:
    now = datetime(2026, 1, 10, tzinfo=UTC)
    past = [InteractionRecord(1, j, "view", now - timedelta(days=9 - j)) for j in range(12)]
    shown = InteractionRecord(1, 99, "impression", now - timedelta(days=1))
    history = transform.history([[*past, shown]], [now])
    assert history.job_ids.tolist() == [[5, 6, 7, 8]]
    assert (history.age_days > 0).all()


def test_save_and_load_give_the_same_inputs(transform: FeatureTransform, tmp_path: Path) -> None:
    transform.save(tmp_path / "t")
    a = transform.job_inputs(JOBS, encode)
    b = FeatureTransform.load(tmp_path / "t").job_inputs(JOBS, encode)
    for name in a.dense:
        assert np.array_equal(a.dense[name], b.dense[name])
    for name in a.bags:
        assert np.array_equal(a.bags[name].ids, b.bags[name].ids)
        assert np.array_equal(a.bags[name].weights, b.bags[name].weights)


def test_another_feature_order_is_refused(transform: FeatureTransform, tmp_path: Path) -> None:
    transform.save(tmp_path / "t")
    meta = (tmp_path / "t" / "transform.json").read_text()
    (tmp_path / "t" / "transform.json").write_text(meta.replace('"has_place"', '"has_plaice"'))
    with pytest.raises(ValueError, match="another feature order"):
        FeatureTransform.load(tmp_path / "t")


def test_no_protected_attribute_or_proxy_is_readable() -> None:
    banned = {"name", "age", "gender", "sex", "birth", "photo", "nationality", "postcode", "zip", "school"}
    fields = {f.name for t in (JobRecord, UserRecord) for f in dataclasses.fields(t)}
    for column in (*fields, *JOB_FEATURE_ORDER, *USER_FEATURE_ORDER):
        assert not banned & set(column.replace("=", "_").split("_"))
