"""The second stage on a small simulated market, from impressions to files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.intervals import Intervals
from models.match import INTERVALS_INTEREST, RANKER
from models.ranker import Ranker
from training.evaluate import window_task
from training.interest import Interest, calibrate, chance_error, judge
from training.market_truth import MarketTruth
from training.ranker import Examination
from training.ranking import LIKENESS, TOWERS, compare, find_candidates, graded_ndcg
from training.ranking import RANKER as OURS
from training.second_stage import ORACLE, SecondStage, debug, train_second_stage
from training.tests.small_market import SmallMarket, small_market
from training.tracking import NullRun


@pytest.fixture(scope="module")
def market() -> SmallMarket:
    return small_market()


@pytest.fixture(scope="module")
def stage(market: SmallMarket) -> SecondStage:
    return train_second_stage(
        market.corpus, market.bundle, market.folder / "columns", debug(), market.folder / "market"
    )


def test_it_puts_towers_that_know_nothing_right(stage: SecondStage) -> None:
    found = stage.comparison.estimates()
    assert found[OURS].mean > found[TOWERS].mean + 0.03
    metrics = stage.comparison.metrics() | stage.quality.metrics()
    assert {"ranker/NDCG@10", "ranker/two-tower/NDCG@10", "ranker/ece", "ranker/gain"} <= metrics.keys()
    assert np.isfinite(list(metrics.values())).all()
    assert stage.quality.everywhere.ece < 0.05
    stage.log(NullRun())
    assert stage.table().row_count == 4


def test_the_truth_judges_without_what_was_shown(stage: SecondStage) -> None:
    true = stage.comparison.true_estimates()
    assert set(true) == set(stage.comparison.results)
    assert 0.0 < true[TOWERS].mean < true[OURS].mean < true[ORACLE].mean <= 1.0
    assert true[ORACLE].mean > 0.8  # the noise of a pair is all it does not know
    assert stage.comparison.metrics()["ranker/true_NDCG@10"] == true[OURS].mean


def test_it_is_the_same_again(market: SmallMarket, stage: SecondStage) -> None:
    again = train_second_stage(market.corpus, market.bundle, market.folder / "columns", debug())
    assert np.array_equal(again.ranker.logit(stage.sample), stage.ranker.logit(stage.sample))
    assert again.interest == stage.interest
    assert again.intervals == stage.intervals


def test_its_files_hold_it(stage: SecondStage, tmp_path: Path) -> None:
    stage.save(tmp_path)
    ranker = Ranker.load(tmp_path / RANKER)
    assert np.array_equal(ranker.logit(stage.sample), stage.ranker.logit(stage.sample))
    assert Interest.load(tmp_path) == stage.interest
    assert Intervals.load(tmp_path / INTERVALS_INTEREST) == stage.intervals
    (tmp_path / "interest.json").write_text('{"scale": 1}')
    with pytest.raises(ValueError, match="no calibration"):
        Interest.load(tmp_path)


def test_candidates_are_the_nearest_that_were_not_seen(market: SmallMarket) -> None:
    split = market.corpus.split
    task = window_task(market.corpus, split.test, split.end + 1, max_users=20)
    found = find_candidates(market.features, task, 30)
    assert found.jobs.shape == (len(task), 30)
    likeness = found.features[:, :, 0]
    assert (np.diff(likeness, axis=1)[found.jobs[:, 1:] >= 0] <= 1e-6).all()
    for row, seen in zip(found.jobs.tolist(), task.seen, strict=True):
        assert not seen & set(row)
        assert set(row) <= {-1, *task.candidates.tolist()}
        assert len(set(row) - {-1}) == len([j for j in row if j >= 0])


def test_a_market_of_another_size_is_not_the_truth(market: SmallMarket, tmp_path: Path) -> None:
    manifest = json.loads((market.folder / "market" / "manifest.json").read_text())
    manifest["config"]["seekers"] += 1
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="not those of the market"):
        MarketTruth.of(tmp_path, market.corpus)


def test_graded_ndcg_of_a_known_list() -> None:
    gain = np.array([[0.0, 1.0, 0.5], [0.0, 0.0, 0.0]])
    ideal = 1.0 + 0.5 / np.log2(3)
    expected = (1.0 / np.log2(3) + 0.5 / np.log2(4)) / ideal
    np.testing.assert_allclose(graded_ndcg(gain, -np.sort(-gain, axis=1)), [expected, 0.0])


def test_any_order_can_be_compared(market: SmallMarket) -> None:
    split = market.corpus.split
    task = window_task(market.corpus, split.test, split.end + 1, max_users=20)
    found = find_candidates(market.features, task, 30)
    right = dict(zip(task.users.tolist(), task.relevant, strict=True))
    others = {
        "knows": lambda user, jobs: np.isin(jobs, list(right[user])).astype(np.float64),
        "equal": lambda user, jobs: np.zeros(len(jobs)),
    }
    results = compare(found, {}, others).results
    assert np.array_equal(results["equal"].values["MRR"], results[TOWERS].values["MRR"])
    for i, relevant in enumerate(task.relevant):
        reached = bool(relevant & set(found.jobs[i].tolist()))
        assert results["knows"].values["MRR"][i] == float(reached)
    assert LIKENESS not in results


def test_calibration_finds_scale_and_shift_below_a_known_curve() -> None:
    rng = np.random.default_rng(0)
    n = 60_000
    logit, rank = rng.normal(-1, 1.2, n), rng.integers(1, 11, n)
    curve = Examination(tuple((np.arange(1, 11) ** -0.5).tolist()))
    p = 1 / (1 + np.exp(-(0.7 * logit + 0.4)))
    label = (rng.random(n) < p * curve.probability(rank)).astype(np.int64)
    interest = calibrate(logit, label, rank, curve)
    assert interest.scale == pytest.approx(0.7, abs=0.05)
    assert interest.shift == pytest.approx(0.4, abs=0.05)
    found = judge(interest, logit, label, rank)
    assert found.everywhere.ece < 0.01
    assert found.first.ece < 0.03
    assert 0.5 * found.chance < found.first.ece < 3 * found.chance
    off = judge(Interest(0.7, 1.4, curve), logit, label, rank)
    assert off.everywhere.ece > 0.05
    with pytest.raises(ValueError, match="some that did not"):
        calibrate(logit, np.zeros(n, np.int64), rank, curve)


def test_chance_alone_makes_errors_that_shrink_with_more_outcomes() -> None:
    few, many = chance_error(np.full(500, 0.3)), chance_error(np.full(50_000, 0.3))
    assert 0.03 < few < 0.08
    assert many == pytest.approx(few / 10, rel=0.3)
