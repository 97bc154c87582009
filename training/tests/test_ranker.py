"""Fitting the ranker on synthetic clicks whose truth is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from models.ranker import RankerConfig, RankerError
from training.ranker import Examination, RankerTraining, fit_ranker

F32 = npt.NDArray[np.float32]
CONFIG = RankerConfig(
    (("match", ("cosine",)), ("place", ("km", "remote")), ("noise", ("nothing",))),
    increasing=frozenset({"match"}),
)
QUICK = RankerTraining(epochs=12, learning_rate=2e-2, penalty=1e-5)


def truth(x: F32) -> F32:
    """(n, 2): a saturating rise; a place that counts only where the work is not remote."""
    match = 2.0 * np.tanh(2 * x[:, 0])
    place = np.where(x[:, 2] > 0.5, 1.0, 1.5 - np.minimum(x[:, 1], 1.7) ** 2)
    return np.stack([match, place], 1).astype(np.float32)


def features(n: int, rng: np.random.Generator) -> F32:
    x = rng.normal(size=(n, 4))
    x[:, 1] = np.abs(x[:, 1])
    x[:, 2] = rng.random(n) < 0.3
    return x.astype(np.float32)


def sigmoid(z: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-z.astype(np.float64))))


def test_it_recovers_shapes_and_the_curve_of_examination() -> None:
    rng = np.random.default_rng(0)
    n, ranks = 60_000, 10
    x = features(n, rng)
    logit = truth(x).sum(1) - 1.0
    # the old ranking put better matches first: naive counting would take position for quality
    rank = np.clip(np.round(5.5 - 2 * x[:, 0] + rng.normal(size=n) * 2), 1, ranks).astype(np.int64)
    curve = 1.0 / np.arange(1, ranks + 1) ** 0.8
    label = rng.random(n) < sigmoid(logit) * curve[rank - 1]
    ranker, examination = fit_ranker(x, label, config=CONFIG, rank=rank, training=QUICK)
    np.testing.assert_allclose(examination.probability(np.arange(1, ranks + 1)), curve, atol=0.05)
    assert (np.diff(examination.curve) <= 0).all()
    fresh = features(4000, rng)
    parts, known = ranker.contributions(fresh), truth(fresh)
    for group in (0, 1):
        assert np.corrcoef(parts[:, group], known[:, group])[0, 1] > 0.97
        np.testing.assert_allclose(parts[:, group].std(), known[:, group].std(), rtol=0.15)
    assert parts[:, 2].std() < 0.1
    assert np.abs(sigmoid(ranker.logit(fresh)) - sigmoid(known.sum(1) - 1.0)).mean() < 0.03
    naive, flat = fit_ranker(x, label, config=CONFIG, training=QUICK)
    assert flat.curve == (1.0,)
    error = np.abs(sigmoid(naive.logit(fresh)) - sigmoid(known.sum(1) - 1.0)).mean()
    assert error > 0.1  # what is not corrected: shown below, clicked less


def test_lists_teach_the_order_inside_them() -> None:
    rng = np.random.default_rng(1)
    lists, size = 2500, 8
    x = features(lists * size, rng)
    score = truth(x).sum(1).reshape(lists, size)
    chosen = (score + rng.gumbel(size=score.shape)).argmax(1)  # the softmax model itself
    label = np.zeros((lists, size))
    label[np.arange(lists), chosen] = 1
    # a level that differs from list to list means nothing inside one
    ids = np.repeat(rng.permutation(lists), size)
    ranker, _ = fit_ranker(x, label.ravel(), config=CONFIG, lists=ids, training=QUICK)
    fresh = features(4000, rng)
    learned, known = ranker.logit(fresh), truth(fresh).sum(1)
    assert np.corrcoef(learned, known)[0, 1] > 0.97
    assert learned.std() == pytest.approx(known.std(), rel=0.15)  # so the softmax is a probability


def test_the_same_seed_gives_the_same_ranker() -> None:
    rng = np.random.default_rng(2)
    x = features(3000, rng)
    label = rng.random(3000) < sigmoid(truth(x).sum(1))
    short = RankerTraining(epochs=2)
    one, two = (fit_ranker(x, label, config=CONFIG, training=short)[0] for _ in range(2))
    assert (one.logit(x) == two.logit(x)).all()
    other, _ = fit_ranker(x, label, config=CONFIG, training=RankerTraining(epochs=2, seed=1))
    assert (one.logit(x) != other.logit(x)).any()


def test_weights_count_rows() -> None:
    rng = np.random.default_rng(3)
    x = features(4000, rng)
    label = np.tile([0, 1], 2000)
    weight = np.where(label == 1, 3.0, 1.0).astype(np.float32)
    ranker, _ = fit_ranker(x, label, config=CONFIG, weight=weight, training=RankerTraining(epochs=15))
    assert sigmoid(ranker.logit(x)).mean() == pytest.approx(0.75, abs=0.03)


def test_without_rows_to_stop_by_every_epoch_is_run() -> None:
    rng = np.random.default_rng(5)
    x = features(2000, rng)
    label = rng.random(2000) < sigmoid(truth(x).sum(1))
    errors = []
    for epochs in (1, 60):
        training = RankerTraining(epochs=epochs, patience=1)
        nothing = np.zeros(2000, bool)
        ranker, _ = fit_ranker(x, label, config=CONFIG, validation=nothing, training=training)
        errors.append(np.abs(sigmoid(ranker.logit(x)) - sigmoid(truth(x).sum(1))).mean())
    assert errors[1] < errors[0] / 2


def test_examination_of_deep_ranks_and_of_none() -> None:
    examination = Examination((1.0, 0.5, 0.2))
    assert examination.probability([1, 2, 3, 900]).tolist() == [1.0, 0.5, 0.2, 0.2]
    with pytest.raises(ValueError, match="start at 1"):
        examination.probability([0])


def test_what_cannot_be_fitted_is_refused() -> None:
    x = features(100, np.random.default_rng(4))
    label = np.tile([0, 1], 50)
    with pytest.raises(RankerError, match="both outcomes"):
        fit_ranker(x, np.zeros(100), config=CONFIG)
    with pytest.raises(RankerError, match="both outcomes"):
        fit_ranker(x, label, config=CONFIG, validation=label == 1)
    with pytest.raises(RankerError, match=r"rank \(3,\)"):
        fit_ranker(x, label, config=CONFIG, rank=np.ones(3, np.int64))
    with pytest.raises(RankerError, match="start at 1"):
        fit_ranker(x, label, config=CONFIG, rank=np.zeros(100, np.int64))
    with pytest.raises(RankerError, match=r"\(n, 4\)"):
        fit_ranker(x[:, :3], label, config=CONFIG)
