"""Rows for the ranker: what was shown, what came of it, and nothing of what came later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.cross import CROSS_FEATURE_ORDER
from features.past import PastBehaviour
from features.records import POSITIVE_KINDS
from features.snapshot import read_events
from training.impressions import NOTHING, Shown, read_shown
from training.job_columns import corpus_columns, load_columns
from training.ranker_data import PairFeatures, columns_of, ranker_config, shown_features
from training.tests.small_market import SmallMarket, small_market


@pytest.fixture(scope="module")
def market() -> SmallMarket:
    return small_market()


@pytest.fixture(scope="module")
def shown(market: SmallMarket) -> Shown:
    return read_shown(market.corpus)


def test_every_impression_has_the_strongest_answer_of_its_session(market: SmallMarket, shown: Shown) -> None:
    events = pq.read_table(market.folder / "market" / "events.parquet").to_pylist()
    answers: dict[tuple[str, int], int] = {}
    for e in (e for e in events if e["kind"] in POSITIVE_KINDS):
        key = (e["session_id"], e["job_id"])
        answers[key] = max(answers.get(key, NOTHING), POSITIVE_KINDS.index(e["kind"]))
    impressions = [e for e in events if e["kind"] == "impression"]
    expected = sorted(
        (e["user_id"] - 1, e["job_id"] - 1, e["rank"], answers.get((e["session_id"], e["job_id"]), NOTHING))
        for e in impressions
    )
    found = zip(*(a.tolist() for a in (shown.user, shown.job, shown.rank, shown.act)), strict=True)
    assert sorted(found) == expected
    assert shown.page.max() + 1 == len({e["session_id"] for e in impressions})
    assert 0.03 < shown.label.mean() < 0.5


def test_pages_are_whole_and_in_order(shown: Shown) -> None:
    assert (np.diff(shown.at) >= 0).all()
    same = np.diff(shown.page) == 0
    assert (np.diff(shown.rank)[same] > 0).all()
    part = shown.sample(500, seed=1)
    assert 350 < len(part) < 650
    assert len(part) == np.isin(shown.page, part.page).sum()
    assert np.array_equal(part.page, shown.sample(500, seed=1).page)
    middle = int(np.median(shown.at))
    assert len(shown.between(0, middle)) + len(shown.between(middle, 1 << 62)) == len(shown)


def test_a_row_knows_nothing_of_its_moment_or_later(market: SmallMarket, shown: Shown) -> None:
    warm = shown.between(market.corpus.split.test, 1 << 62).sample(150)
    rows = shown_features(market.features, warm)
    assert rows.shape == (len(warm), len(CROSS_FEATURE_ORDER))
    assert np.isfinite(rows).all()
    assert rows[:, CROSS_FEATURE_ORDER.index("history/has_history")].mean() > 0.5
    events = read_events(market.corpus.snapshot)
    times = events["at"].cast("int64")
    for page in np.unique(warm.page)[:5]:
        mine = warm.page == page
        before = events.filter(pc.less(times, int(warm.at[mine][0])))
        corpus = replace(market.corpus, past=PastBehaviour(before))
        features = PairFeatures(corpus, market.bundle, market.features.jobs)
        # the towers' sums may differ in the last bit with the people beside one
        np.testing.assert_allclose(shown_features(features, warm.take(mine)), rows[mine], atol=1e-5)


def test_a_pair_has_the_same_row_on_any_page(market: SmallMarket, shown: Shown) -> None:
    user, at = shown.user[-1:], shown.at[-1:]
    market.features.meet(user)
    jobs = np.arange(50)
    moments = next(iter(market.features.moments(user, at)))
    together = market.features.rows(moments, 0, jobs)
    apart = np.concatenate([market.features.rows(moments, 0, jobs[i : i + 1]) for i in range(50)])
    assert np.array_equal(together, apart)


def test_columns_are_made_once(market: SmallMarket, tmp_path: Path) -> None:
    made = corpus_columns(market.corpus, tmp_path / "columns")
    written = (tmp_path / "columns" / "columns.safetensors").stat().st_mtime_ns
    again = corpus_columns(market.corpus, tmp_path / "columns")
    assert (tmp_path / "columns" / "columns.safetensors").stat().st_mtime_ns == written
    moments = next(iter(market.features.moments(np.array([3]), np.array([1 << 60]))))
    rows = []
    for columns in (made, again):
        features = PairFeatures(market.corpus, market.bundle, columns)
        features.meet(np.array([3]))
        rows.append(features.rows(moments, 0, np.arange(300)))
    assert np.array_equal(rows[0], rows[1])
    assert load_columns(tmp_path / "columns", {"format": 0}) is None
    assert load_columns(tmp_path, {}) is None


def test_an_ablation_reads_the_columns_of_its_groups() -> None:
    whole, part = ranker_config(), ranker_config(groups=frozenset({"likeness", "place"}))
    assert whole.feature_names == CROSS_FEATURE_ORDER
    assert [CROSS_FEATURE_ORDER[i] for i in columns_of(part)] == list(part.feature_names)
    assert part.group_names == ("likeness", "place")
    assert part.increasing == {"likeness"}
