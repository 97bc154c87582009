"""Intervals that hold as often as they say, on people whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models.intervals import FEWEST, POSTINGS, Intervals
from training.intervals import coverage, fit_intervals, group

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def people(seed: int, n: int = 1500, each: int = 60) -> tuple[F64, I64, I64]:
    """Everybody strays from the promise in a way of their own, so shares vary more than chance alone."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1.5, 1.5, (n, each))
    own = rng.normal(0, 0.7, (n, 1))
    label = rng.random((n, each)) < 1 / (1 + np.exp(-logit - own))
    promised = 1 / (1 + np.exp(-logit / np.sqrt(1 + 0.35 * 0.49)))  # the average over people, nearly
    return promised.ravel(), label.ravel().astype(np.int64), np.repeat(np.arange(n), each)


def test_nine_of_ten_other_people_lie_inside() -> None:
    intervals = fit_intervals(*people(0))
    found = coverage(intervals, *people(1))
    assert found.inside.n > 1500
    assert 0.87 <= found.inside.mean <= 0.93
    assert 0.1 < found.width < 0.6
    assert len(found.by_band) >= 4
    assert all(0.8 <= band.mean <= 1.0 for band in found.by_band.values())


def test_a_promise_too_high_moves_the_interval_down_and_not_the_coverage() -> None:
    p, label, person = people(2)
    boast = np.minimum(p + 0.15, 1.0)
    boasting, honest = fit_intervals(boast, label, person), fit_intervals(p, label, person)
    assert (boasting.of([0.3, 0.4])[1] < honest.of([0.3, 0.4])[1] - 0.05).all()
    p, label, person = people(3)
    found = coverage(boasting, np.minimum(p + 0.15, 1.0), label, person)
    assert 0.87 <= found.inside.mean <= 0.93


def test_the_interval_holds_the_number_rises_with_it_and_stays_in_bounds() -> None:
    intervals = fit_intervals(*people(4))
    p = np.linspace(0, 1, 501)
    low, high = intervals.of(p)
    assert ((low >= 0) & (high <= 1) & (low <= p) & (p <= high)).all()
    assert (np.diff(low) >= -1e-12).all()
    assert (np.diff(high) >= -1e-12).all()
    alone = [intervals.of([x]) for x in p[::50]]
    assert [float(a[0]) for a, _ in alone] == low[::50].tolist()
    assert [float(b[0]) for _, b in alone] == high[::50].tolist()


def test_groups_are_one_person_in_one_band_and_neither_long_nor_short() -> None:
    sizes = {1: 2 * POSTINGS + FEWEST, 2: FEWEST - 1, 3: POSTINGS + FEWEST - 1}
    person = np.repeat(list(sizes), list(sizes.values()))
    p = np.full(len(person), 0.3)
    label = np.arange(len(person)) % 2
    groups = group(p, label, person, (0.0, 0.5, 1.0))
    assert sorted(groups.size.tolist()) == [FEWEST, POSTINGS, POSTINGS, POSTINGS]
    assert groups.band.tolist() == [0] * 4
    np.testing.assert_allclose(groups.promised, 0.3)
    np.testing.assert_allclose(groups.share, 0.5)
    split = group(np.where(np.arange(len(p)) % 2, 0.3, 0.7), label, person, (0.0, 0.5, 1.0))
    assert set(split.band.tolist()) == {0, 1}
    assert set(split.share.tolist()) == {0.0, 1.0}


def test_too_few_people_are_refused() -> None:
    p, label, person = people(5, n=5)
    with pytest.raises(ValueError, match="too few"):
        fit_intervals(p[:40], label[:40], person[:40])
    with pytest.raises(ValueError, match="nothing to check"):
        coverage(Intervals(), p[:5], label[:5], person[:5])


def test_saved_and_loaded_they_are_the_same(tmp_path: Path) -> None:
    intervals = fit_intervals(*people(6))
    intervals.save(tmp_path / "i.json")
    assert Intervals.load(tmp_path / "i.json") == intervals
    (tmp_path / "i.json").write_text('{"level": 0.8}')
    with pytest.raises(ValueError, match="another level"):
        Intervals.load(tmp_path / "i.json")
    (tmp_path / "i.json").write_text('{"level": 0.9, "edges": [0, 1]}')
    with pytest.raises(ValueError, match="no intervals"):
        Intervals.load(tmp_path / "i.json")


@pytest.mark.parametrize(
    "parts",
    [
        ((0.0, 1.0), (0.5, 0.6), (-0.1,), (0.1,)),
        ((0.0, 1.0), (0.5,), (0.1,), (0.1,)),
        ((1.0, 0.0), (0.5,), (-0.1,), (0.1,)),
        ((0.0,), (), (), ()),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match="rising bands"):
        Intervals(*parts)
