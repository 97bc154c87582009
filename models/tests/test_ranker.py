"""The additive ranker: exact sums, the same bits beside any rows, monotone where promised, whole on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from models.ranker import CARD, WEIGHTS, Ranker, RankerConfig, RankerError, RankerNet, Standardisation

CONFIG = RankerConfig(
    (("text", ("title", "body")), ("place", ("km", "same city", "remote")), ("age", ("days",))),
    hidden=8,
    linear=frozenset({"age"}),
    increasing=frozenset({"text"}),
)
WIDTH = len(CONFIG.feature_names)


def rows(n: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, WIDTH)).astype(np.float32) * 3 + 1


def trained_like(seed: int = 0) -> RankerNet:
    """A net with every weight away from its start."""
    net = RankerNet(CONFIG, Standardisation.of(rows(400)), seed)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    net.constrain()
    return net


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return trained_like().freeze(rows(400))


def test_a_row_scores_the_same_bits_alone_and_among_others(ranker: Ranker) -> None:
    x = rows(200, 1)
    together, logits = ranker.contributions(x), ranker.logit(x)
    for i in range(len(x)):
        assert (ranker.contributions(x[i : i + 1])[0] == together[i]).all()
        assert ranker.logit(x[i : i + 1])[0] == logits[i]
    for part in (slice(3, 10), slice(0, 199), slice(None, None, -1), slice(None, None, 3)):
        assert (ranker.contributions(x[part]) == together[part]).all()
    assert (ranker.contributions(np.asfortranarray(x)) == together).all()


def test_contributions_and_bias_sum_to_the_logit(ranker: Ranker) -> None:
    x = rows(1000, 2)
    parts = ranker.contributions(x)
    assert parts.shape == (1000, 3)
    assert parts.dtype == np.float64
    np.testing.assert_allclose(ranker.bias + parts.sum(1), ranker.logit(x), atol=1e-12)
    assert ranker.logit(x).std() > 0.5


def test_inference_is_what_was_trained_and_centred(ranker: Ranker) -> None:
    x = rows(400)
    with torch.no_grad():
        learned = trained_like()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ranker.logit(x), learned, atol=1e-4)
    np.testing.assert_allclose(ranker.contributions(x).mean(0), 0.0, atol=1e-12)


def test_a_group_is_moved_by_its_own_features_only(ranker: Ranker) -> None:
    x = rows(50, 3)
    changed = x.copy()
    changed[:, 2:5] += 0.5  # the group of place
    before, after = ranker.contributions(x), ranker.contributions(changed)
    assert (before[:, [0, 2]] == after[:, [0, 2]]).all()
    assert (before[:, 1] != after[:, 1]).mean() > 0.9


def test_an_increasing_group_never_falls(ranker: Ranker) -> None:
    rng = np.random.default_rng(4)
    x = rows(10_000, 4)
    higher = x.copy()
    higher[:, :2] += rng.exponential(size=(len(x), 2)).astype(np.float32) * (rng.random((len(x), 2)) < 0.7)
    rise = ranker.contributions(higher)[:, 0] - ranker.contributions(x)[:, 0]
    assert rise.min() >= 0.0
    assert rise.max() > 0.1


def test_a_linear_group_is_a_line_and_nothing_is_extrapolated(ranker: Ranker) -> None:
    x = np.repeat(rows(1), 5, axis=0)
    x[:, 5] = [0, 1, 2, 1000, 2000]
    age = ranker.contributions(x)[:, 2]
    assert age[2] - age[1] == pytest.approx(age[1] - age[0])
    assert abs(age[1] - age[0]) > 1e-3
    assert age[3] == age[4]


def test_a_constant_feature_says_nothing() -> None:
    x = rows(100)
    x[:, 5] = 7.0
    ranker = RankerNet(CONFIG, Standardisation.of(x)).freeze(x)
    other = x.copy()
    other[:, 5] = -3.0
    assert (ranker.contributions(x) == ranker.contributions(other)).all()
    assert (ranker.contributions(x)[:, 2] == 0).all()


def test_no_rows_are_no_scores(ranker: Ranker) -> None:
    assert ranker.contributions(rows(0)).shape == (0, 3)
    assert ranker.logit(rows(0)).shape == (0,)


def test_it_comes_back_from_disk_bit_for_bit(ranker: Ranker, tmp_path: Path) -> None:
    ranker.save(tmp_path / "ranker")
    again = Ranker.load(tmp_path / "ranker")
    x = rows(64, 5)
    assert again.config == ranker.config
    assert again.bias == ranker.bias
    assert (again.contributions(x) == ranker.contributions(x)).all()
    assert (again.logit(x) == ranker.logit(x)).all()


def test_damaged_files_are_named(ranker: Ranker, tmp_path: Path) -> None:
    with pytest.raises(RankerError, match="no whole ranker"):
        Ranker.load(tmp_path)
    ranker.save(tmp_path)
    card = json.loads((tmp_path / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps({**card, "hidden": 4}))
    with pytest.raises(RankerError, match="hidden_weight"):
        Ranker.load(tmp_path)
    (tmp_path / CARD).write_text(json.dumps({**card, "groups": [["text"]]}))
    with pytest.raises(RankerError, match="configuration"):
        Ranker.load(tmp_path)
    (tmp_path / CARD).write_text(json.dumps({**card, "format": 99}))
    with pytest.raises(RankerError, match="format 99"):
        Ranker.load(tmp_path)
    (tmp_path / CARD).write_text(json.dumps(card))
    (tmp_path / WEIGHTS).write_bytes(b"not safetensors")
    with pytest.raises(RankerError, match="no whole ranker"):
        Ranker.load(tmp_path)


def test_scaled_it_weighs_its_groups_anew(ranker: Ranker) -> None:
    scales = np.linspace(0.0, 2.0, len(ranker.config.groups))
    scaled, x = ranker.scaled(scales, shift=0.5), rows(40)
    expected = ranker.contributions(x) * scales
    np.testing.assert_allclose(scaled.contributions(x), expected, atol=1e-12)
    np.testing.assert_allclose(scaled.logit(x), expected.sum(1) + ranker.bias + 0.5, atol=1e-12)
    for wrong in (scales[1:], scales - 1.0):
        with pytest.raises(RankerError, match="none negative"):
            ranker.scaled(wrong)


def test_wrong_features_are_refused(ranker: Ranker) -> None:
    with pytest.raises(RankerError, match=r"\(n, 6\)"):
        ranker.logit(rows(3)[:, :5])
    x = rows(3)
    x[1, 1] = np.nan
    with pytest.raises(RankerError, match="not finite"):
        ranker.logit(x)


@pytest.mark.parametrize(
    ("groups", "linear"),
    [
        ((("a", ("x",)), ("a", ("y",))), frozenset()),
        ((("a", ("x",)), ("b", ("x",))), frozenset()),
        ((("a", ("x",)), ("b", ())), frozenset()),
        ((("a", ("x",)),), frozenset({"b"})),
        ((), frozenset()),
    ],
)
def test_a_configuration_names_everything_once(
    groups: tuple[tuple[str, tuple[str, ...]], ...], linear: frozenset[str]
) -> None:
    with pytest.raises(RankerError):
        RankerConfig(groups, linear=linear)
