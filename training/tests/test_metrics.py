from __future__ import annotations

import math

import numpy as np
import pytest

from training.calibrate import fit_calibration, reliability
from training.metrics import estimate, hits, ndcg_at, rank_metrics, recall_at, reciprocal_rank, score_ranks

RANKED = np.array([[3, 1, 2], [9, -1, -1], [4, 5, 6]])
RELEVANT = [{1, 2}, {9}, {7}]
SIZES = np.array([2, 1, 1])


def test_ranking_metrics_by_hand() -> None:
    hit = hits(RANKED, RELEVANT)
    assert hit.tolist() == [[False, True, True], [True, False, False], [False, False, False]]
    assert recall_at(hit, SIZES, 2).tolist() == [0.5, 1.0, 0.0]
    assert reciprocal_rank(hit).tolist() == [0.5, 1.0, 0.0]
    ideal = 1 + 1 / math.log2(3)
    first = (1 / math.log2(3) + 1 / math.log2(4)) / ideal
    assert ndcg_at(hit, SIZES, 3) == pytest.approx([first, 1.0, 0.0])


def test_padding_is_never_a_hit() -> None:
    assert not hits(np.array([[-1, -1]]), [{1}]).any()


def test_ties_count_half() -> None:
    scores = np.array([[1.0, 1.0, 1.0, 0.0], [5.0, 1.0, 2.0, 3.0]], np.float32)
    assert score_ranks(scores, np.array([0, 3])).tolist() == [2.0, 2.0]


def test_rank_metrics_by_hand() -> None:
    out = rank_metrics(np.array([1.0, 6.0, 30.0]))
    assert out["HR@5"].tolist() == [1, 0, 0]
    assert out["HR@10"].tolist() == [1, 1, 0]
    assert out["NDCG@10"] == pytest.approx([1.0, 1 / math.log2(7), 0.0])
    assert out["MRR"] == pytest.approx([1, 1 / 6, 1 / 30])


def test_the_interval_covers_the_mean_and_shrinks_with_n() -> None:
    rng = np.random.default_rng(1)
    small, large = estimate(rng.random(50)), estimate(rng.random(5000))
    assert small.low < small.mean < small.high
    assert large.high - large.low < small.high - small.low
    assert estimate(rng.random(0)).n == 0


def test_calibration_recovers_a_known_curve() -> None:
    rng = np.random.default_rng(3)
    similarity = rng.uniform(-1, 1, 40_000).astype(np.float32)
    truth = 1 / (1 + np.exp(-(4 * similarity - 2)))
    label = (rng.random(40_000) < truth).astype(np.int64)
    calibration = fit_calibration(similarity, label)
    assert calibration.slope == pytest.approx(4, abs=0.25)
    assert calibration.intercept == pytest.approx(-2, abs=0.15)
    assert reliability(calibration.probability(similarity), label).ece < 0.01


def test_an_inverted_signal_gets_the_base_rate_not_a_negative_slope() -> None:
    similarity = np.linspace(-1, 1, 1000, dtype=np.float32)
    label = (similarity < 0.5).astype(np.int64)
    calibration = fit_calibration(similarity, label)
    assert calibration.slope == 0
    assert calibration.probability([0.9])[0] == pytest.approx(label.mean(), abs=1e-5)


def test_one_outcome_is_nothing_to_calibrate_on() -> None:
    with pytest.raises(ValueError, match="led to something"):
        fit_calibration(np.zeros(5, np.float32), np.zeros(5, np.int64))


def test_overconfidence_shows_as_error() -> None:
    label = np.array([0, 1] * 500)
    assert reliability(np.full(1000, 0.9, np.float32), label).ece == pytest.approx(0.4, abs=1e-6)
