"""Off-policy evaluation against what can be counted by hand, and against the simulator's truth."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from training.benchmarks import ope as benchmark
from training.ope.evaluate import Candidates, evaluate_policy
from training.ope.intervals import UserSums, interval, ips, snips
from training.ope.pages import F64, LoggedPages, OpeError, OverlapError, examination_curve
from training.ope.rewards import fit_rewards
from training.ope.targets import EpsilonGreedy, PlackettLuce
from training.ope.weights import estimate_power, marginal_weights, overlap, page_weights

POWER = 0.45
#: Four postings, three slots: what each is worth when looked at, and how the logged policy likes it.
WORTH = np.array([0.9, 0.5, 0.3, 0.1])
LIKED = np.array([1.0, 2.0, 3.0, 1.5])
SLOTS = 3


def all_pages() -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Every page the logged policy can make, with the conditional propensity of each slot."""
    pages = []
    for page in itertools.permutations(range(4), SLOTS):
        chances = [LIKED[j] / (LIKED.sum() - LIKED[list(page[:r])].sum()) for r, j in enumerate(page)]
        pages.append((page, tuple(chances)))
    return pages


def exact_marginals(weights: F64) -> F64:
    """(SLOTS, 4) of drawing without replacement by weights, counted over all pages."""
    out = np.zeros((SLOTS, 4))
    for page in itertools.permutations(range(4), SLOTS):
        chance = np.prod(
            [weights[j] / (weights.sum() - weights[list(page[:r])].sum()) for r, j in enumerate(page)]
        )
        for rank, job in enumerate(page):
            out[rank, job] += chance
    return out


def drawn_log(random: np.random.Generator, number: int) -> LoggedPages:
    everything = all_pages()
    chances = np.array([np.prod(p) for _, p in everything])
    drawn = random.choice(len(everything), number, p=chances)
    column = np.array([everything[i][0] for i in drawn])
    propensity = np.array([everything[i][1] for i in drawn])
    looked = examination_curve(POWER, SLOTS)
    reward = (random.random(column.shape) < looked * WORTH[column]).astype(np.float64)
    return LoggedPages(np.arange(number) // 2, column, propensity, reward)


def candidates(number: int, scores: F64) -> Candidates:
    table = np.tile(scores, (number, 1))
    features = np.tile(np.eye(4), (number, 1, 1))
    return Candidates(4, lambda rows: table[rows], lambda rows: features[rows])


def test_weights_give_back_the_targets_value_whatever_stands_above() -> None:
    """Summed over all pages the policy can make, the weights give back the target's value exactly."""
    everything = all_pages()
    target = exact_marginals(np.array([4.0, 1.0, 1.0, 2.0]))
    looked = examination_curve(POWER, SLOTS)
    column = np.array([page for page, _ in everything])
    propensity = np.array([chances for _, chances in everything])
    expected = looked * WORTH[column]
    pages = LoggedPages(np.arange(len(column)), column, propensity, expected)
    weights = page_weights(pages, target.T[column], looked)
    chance = propensity.prod(axis=1)
    assert chance.sum() == pytest.approx(1.0)
    assert chance @ weights.control == pytest.approx(looked.sum())
    assert weights.due == pytest.approx(np.full(len(column), looked.sum()))
    value = chance @ (weights.reward * expected).sum(axis=1)
    assert value == pytest.approx((target * looked[:, None] * WORTH).sum())
    # taking the conditional propensities for marginal ones loses exactly what the log had put above
    own = marginal_weights(pages, target.T[column])
    above = np.cumsum(exact_marginals(LIKED), axis=0) - exact_marginals(LIKED)
    kept = (target * (1.0 - above) * looked[:, None] * WORTH).sum()
    assert chance @ (own * expected).sum(axis=1) == pytest.approx(kept)
    assert kept < 0.95 * value


@pytest.mark.parametrize("weights", [[4.0, 1.0, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0], [30.0, 1.0, 0.1, 5.0]])
def test_softmax_marginals(weights: list[float]) -> None:
    policy = PlackettLuce(0.5, draws=4000, seed=1)
    scores = 0.5 * np.log(np.array(weights))
    found = policy.marginals(np.append(scores, -np.inf)[None, :], SLOTS)[0]
    assert found.sum(axis=1) == pytest.approx(np.ones(SLOTS))
    assert found[:, 4] == pytest.approx(np.zeros(SLOTS))
    assert found[:, :4] == pytest.approx(exact_marginals(np.array(weights)), abs=0.01)


def test_epsilon_greedy_marginals() -> None:
    scores = np.array([[0.0, 3.0, 2.0, 1.0], [1.0, -np.inf, -np.inf, -np.inf]])
    ranked = EpsilonGreedy(0.0).marginals(scores, SLOTS)
    assert ranked[0].argmax(axis=1).tolist() == [1, 2, 3]
    assert ranked[0].max(axis=1) == pytest.approx(np.ones(SLOTS))
    assert ranked[1].sum(axis=1) == pytest.approx([1.0, 0.0, 0.0])  # one candidate fills one slot
    loose = EpsilonGreedy(0.4, draws=4000).marginals(scores, SLOTS)[0]
    assert loose[0] == pytest.approx([0.1, 0.7, 0.1, 0.1])
    # second: best left is 1's follower if 1 was taken (.7), else 1 itself
    assert loose[1, 1] == pytest.approx(0.3 * (0.6 + 0.4 / 3), abs=0.01)


def test_examination_is_found_in_the_log() -> None:
    pages = drawn_log(np.random.default_rng(4), 40_000)
    target = exact_marginals(np.ones(4))
    assert estimate_power(pages, target[0][pages.column]) == pytest.approx(POWER, abs=0.06)


def test_estimates_meet_the_truth_on_a_market_of_four() -> None:
    scores = np.array([2.0, 1.0, 0.5, 0.0])
    policy = PlackettLuce(1.0, draws=64, seed=2)
    target = exact_marginals(np.exp(scores))
    truth = float((target * examination_curve(POWER, SLOTS)[:, None] * WORTH).sum())
    pages = drawn_log(np.random.default_rng(7), 4_000)
    found = evaluate_policy(pages, candidates(4_000, scores), policy, resamples=300)
    for name, value in found.values.items():
        assert value.low <= truth <= value.high, name
        assert value.high - value.low < 0.15
    assert found.marginal.high < truth
    assert found.overlap.users == 2_000
    assert 500 < found.overlap.effective_pages < 4_000
    again = evaluate_policy(pages, candidates(4_000, scores), policy, resamples=300)
    assert again == found


def test_a_target_outside_the_log_is_refused() -> None:
    pages = drawn_log(np.random.default_rng(1), 400)
    only_first_two = LoggedPages(
        pages.user, np.tile([0, 1, 2], (400, 1)), np.ones((400, SLOTS)), pages.reward
    )
    with pytest.raises(OverlapError, match="puts mass where"):
        evaluate_policy(only_first_two, candidates(400, np.array([0.0, 0.0, 0.0, 9.0])), PlackettLuce(1.0))
    with pytest.raises(OverlapError, match="propensity"):
        LoggedPages(pages.user, pages.column, np.zeros((400, SLOTS)), pages.reward)
    with pytest.raises(OpeError, match="no page"):
        LoggedPages(pages.user, np.full((400, SLOTS), -1), pages.propensity, pages.reward)
    alone = LoggedPages(np.zeros(400, dtype=np.int64), pages.column, pages.propensity, pages.reward)
    with pytest.raises(OpeError, match="two users"):
        evaluate_policy(alone, candidates(400, np.zeros(4)), PlackettLuce(1.0))


def test_the_logging_policy_covers_itself() -> None:
    pages = drawn_log(np.random.default_rng(2), 2_000)
    weights = page_weights(pages, exact_marginals(LIKED).T[pages.column], examination_curve(POWER, SLOTS))
    found = overlap(pages, weights)
    assert found.covered == pytest.approx(1.0, abs=0.02)
    assert found.largest_weight == weights.reward.max()
    assert found.effective_pages > 1_500


def test_a_page_shorter_than_others_asks_for_less() -> None:
    pages = drawn_log(np.random.default_rng(3), 3_000)
    column = pages.column.copy()
    column[::2, 2] = -1
    reward = np.where(column >= 0, pages.reward, 0.0)
    short = LoggedPages(pages.user, column, pages.propensity, reward)
    scores = np.array([2.0, 1.0, 0.5, 0.0])
    per_rank = (exact_marginals(np.exp(scores)) * examination_curve(POWER, SLOTS)[:, None] * WORTH).sum(
        axis=1
    )
    truth = per_rank[0] + per_rank[1] + 0.5 * per_rank[2]
    policy = PlackettLuce(1.0, draws=64)
    for value in evaluate_policy(short, candidates(3_000, scores), policy, resamples=200).values.values():
        assert abs(value.value - truth) < 4 * value.error


def test_standard_errors_are_those_of_repeated_logs() -> None:
    """Linearised errors against the spread of 200 logs."""
    target = exact_marginals(np.exp(np.array([2.0, 1.0, 0.5, 0.0])))
    found: dict[str, list[tuple[float, float]]] = {"ips": [], "snips": []}
    for seed in range(200):
        pages = drawn_log(np.random.default_rng(1_000 + seed), 600)
        weights = page_weights(pages, target.T[pages.column], examination_curve(POWER, SLOTS))
        reward = (weights.reward * pages.reward).sum(axis=1)
        sums = UserSums.of(pages.user, reward=reward, control=weights.control, due=weights.due, robust=reward)
        for name, statistic in (("ips", ips), ("snips", snips)):
            estimate, error = statistic(sums, np.ones((1, 300)))
            found[name].append((float(estimate[0]), float(error[0])))
    for pairs in found.values():
        estimates, errors = np.array(pairs).T
        assert errors.mean() == pytest.approx(estimates.std(), rel=0.2)


def test_an_interval_is_wider_to_the_right_where_weights_are() -> None:
    skewed = np.random.default_rng(0).lognormal(0.0, 1.5, 200)
    ones = np.ones(200)
    sums = UserSums.of(np.arange(200), reward=skewed, control=ones, due=ones, robust=skewed)
    value = interval(ips, sums)
    assert value.high - value.value > 1.2 * (value.value - value.low)
    assert value == interval(ips, sums)


def test_the_reward_model_learns_from_other_users_only() -> None:
    pages = drawn_log(np.random.default_rng(5), 600)
    features = np.eye(4)[pages.column]
    model = fit_rewards(pages, features)
    predicted = model.predict(np.arange(600), np.tile(np.eye(4), (600, 1, 1)))
    assert predicted.shape == (600, 4)
    assert (np.diff(predicted.mean(axis=0)) < 0).all()  # in the order of their worth
    changed = LoggedPages(
        pages.user, pages.column, pages.propensity, np.where(pages.user[:, None] == 0, 1.0, pages.reward)
    )
    again = fit_rewards(changed, features)
    own = np.flatnonzero(pages.user == 0)
    assert (again.coefficients[again.fold[own]] == model.coefficients[model.fold[own]]).all()
    assert (again.coefficients != model.coefficients).any()


def test_the_benchmark_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two seeds of the real thing; `jobpilot-ml benchmark ope` runs a hundred of the full size."""
    small = {"seekers": 150, "sample": 75}
    first = benchmark.trials(3, **small)
    for trial in first:
        assert trial.values["DR"].low <= trial.truth <= trial.values["DR"].high
        assert trial.truth > trial.values["logged policy"].value  # the targets are better than the log
    out = tmp_path / "ope.json"
    summaries = benchmark.run(seeds=2, seed=3, json_out=out, **small)
    assert set(summaries) == {"softmax 1", "epsilon-greedy 0.2"}
    document = json.loads(out.read_text())
    again = document["trials"]["softmax 1"][0]
    assert (again["seed"], again["truth"]) == (3, first[0].truth)
    assert again["DR"] == [getattr(first[0].values["DR"], part) for part in ("value", "low", "high")]
    assert document["seeds"] == 2
    assert set(document["baselines"]) == set(benchmark.BASELINES)
    assert 0 <= document["metrics"]["DR/coverage/softmax 1"] <= 1
    assert "coverage" in capsys.readouterr().out
