from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import torch

from features.records import InteractionRecord, UserRecord
from models.bundle import ModelBundle
from models.testing import TINY_JOBS, tiny_bundle
from models.two_tower import DIM

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SEEKER = UserRecord(9, "Data Engineer", "Spark, Kafka and Python", ("Python",), "Berlin")


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return tiny_bundle()


def nothing(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(len(ids), bool), np.zeros((len(ids), DIM), np.float32)


def lookup(bundle: ModelBundle):
    vectors = bundle.encode_jobs(TINY_JOBS)
    rows = {j.job_id: i for i, j in enumerate(TINY_JOBS)}

    def look_up(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = np.array([int(i) in rows for i in ids], bool)
        return found, np.array([vectors[rows.get(int(i), 0)] for i in ids], np.float32).reshape(-1, DIM)

    return look_up


def test_vectors_are_256_wide_finite_and_of_unit_length(bundle: ModelBundle) -> None:
    jobs = bundle.encode_jobs(TINY_JOBS)
    users = bundle.encode_users([SEEKER, UserRecord(10)], nothing)
    assert jobs.shape == (5, 256)
    assert users.shape == (2, 256)
    assert np.isfinite(jobs).all()
    assert np.allclose(np.linalg.norm(jobs, axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(users[:1], axis=1), 1, atol=1e-5)


def test_untrained_towers_already_prefer_equal_facts(bundle: ModelBundle) -> None:
    """Shared projections: a data engineer in Berlin is nearest to that posting before any training."""
    similarity = bundle.encode_users([SEEKER], nothing)[0] @ bundle.encode_jobs(TINY_JOBS).T
    assert TINY_JOBS[int(similarity.argmax())].job_id == 2


def test_a_row_does_not_depend_on_its_batch(bundle: ModelBundle) -> None:
    together = bundle.encode_jobs(TINY_JOBS)
    alone = np.concatenate([bundle.encode_jobs([j]) for j in TINY_JOBS])
    assert np.abs(together - alone).max() < 1e-5


def seen(job: int, kind: str, days_ago: float) -> InteractionRecord:
    return InteractionRecord(9, job, kind, NOW - timedelta(days=days_ago))  # type: ignore[arg-type]


def with_history(*past: InteractionRecord) -> UserRecord:
    return UserRecord(9, history=past)


def test_history_pulls_a_user_towards_what_was_saved(bundle: ModelBundle) -> None:
    look_up = lookup(bundle)
    user = bundle.encode_users([with_history(seen(3, "save", 1))], look_up, NOW)[0]
    similarity = user @ bundle.encode_jobs(TINY_JOBS).T
    assert TINY_JOBS[int(similarity.argmax())].job_id == 3


def test_applications_weigh_more_than_views_and_new_more_than_old(bundle: ModelBundle) -> None:
    look_up, jobs = lookup(bundle), bundle.encode_jobs(TINY_JOBS)
    users = bundle.encode_users(
        [
            with_history(seen(3, "apply", 1), seen(5, "view", 1)),
            with_history(seen(3, "view", 90), seen(5, "view", 1)),
        ],
        look_up,
        NOW,
    )
    assert users[0] @ jobs[2] > users[0] @ jobs[4]
    assert users[1] @ jobs[4] > users[1] @ jobs[2]


def test_the_future_and_unknown_jobs_are_not_read(bundle: ModelBundle) -> None:
    look_up = lookup(bundle)
    plain = bundle.encode_users([SEEKER], look_up, NOW)
    after = UserRecord(
        9, SEEKER.desired_title, SEEKER.resume_text, SEEKER.skills, SEEKER.location,
        history=(seen(3, "apply", 0), seen(3, "apply", -1), seen(77, "save", 2)),
    )  # fmt: skip
    # 77 is in no table: it must not move the vector through the pool
    assert np.allclose(bundle.encode_users([after], look_up, NOW), plain, atol=1e-6)


def test_gradients_reach_every_parameter() -> None:
    from models.batch import to_batch

    bundle = tiny_bundle(seed=3)
    towers = bundle.towers.train()
    last = towers.job.residual[-1]
    torch.nn.init.normal_(last.weight, std=0.1)  # a zero last layer hides the ones before it
    torch.nn.init.normal_(towers.user.residual[-1].weight, std=0.1)
    jobs = to_batch(bundle.job_inputs(TINY_JOBS))
    vectors = towers.embed_jobs(jobs)
    record = UserRecord(
        9, "Data Engineer", "Spark", ("Python",), "Berlin",
        history=(seen(2, "save", 1), seen(3, "view", 30)),
    )  # fmt: skip
    inputs = bundle.transform.user_inputs([record], bundle.encoder.encode, NOW)
    users = towers.embed_users(to_batch(inputs, np.array([1, 2, 3, 4, 5])), vectors)
    (users @ vectors.T).softmax(-1)[0, 1].log().neg().backward()
    silent = [n for n, p in towers.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []
