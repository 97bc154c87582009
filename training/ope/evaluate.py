"""The value of a target policy from a log: overlap first, then IPS, SNIPS and the doubly robust estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from training.ope.intervals import PolicyValue, Statistic, UserSums, doubly_robust, interval, ips, snips
from training.ope.pages import F64, I64, LoggedPages, examination_curve
from training.ope.rewards import RewardModel, fit_rewards
from training.ope.targets import TargetPolicy
from training.ope.weights import Overlap, PageWeights, estimate_power, marginal_weights, overlap, page_weights

ESTIMATORS = {"IPS": ips, "SNIPS": snips, "DR": doubly_robust}
#: Cells of (pages, ranks, candidates) held at once.
_CHUNK_CELLS = 4_000_000
_DRAWS = 32
#: Of marginals kept between the two passes over the pages (320 MB); beyond that they are drawn again.
_KEPT_CELLS = 40_000_000


@dataclass(frozen=True)
class Candidates:
    """What each page could have shown: scores(rows) -> (n, m), -inf where absent; features (n, m, d).

    Functions of page rows, so that a large log never holds all its candidates at once.
    """

    count: int
    scores: Callable[[I64], F64]
    features: Callable[[I64], F64]


@dataclass(frozen=True)
class Evaluation:
    """One target policy on one log: reward per page, by estimator, and what the log says about itself.

    `marginal` (IPS that takes conditional propensities for marginal ones) and `direct` (the reward model
    alone) are biased; they stand beside the estimates for comparison.
    """

    policy: str
    values: dict[str, PolicyValue]
    logged: PolicyValue
    marginal: PolicyValue
    direct: PolicyValue
    overlap: Overlap
    power: float


def evaluate_policy(
    pages: LoggedPages,
    candidates: Candidates,
    policy: TargetPolicy,
    *,
    power: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Estimand and assumptions: `training.ope`.

    `power` is the examination's; by default it is estimated from the log. Raises OpeError, OverlapError.
    """
    marginals = _Marginals(pages, candidates, policy)
    target = _logged_marginals(pages, marginals)
    if power is None:
        power = estimate_power(pages, target.sum(axis=2))
    examination = examination_curve(power, pages.slots)
    weights = page_weights(pages, target, examination)
    seen = overlap(pages, weights)
    model = fit_rewards(pages, _logged_features(pages, candidates), seed=seed)
    direct, residual = _modelled(pages, candidates, marginals, weights, model, examination)
    common = {"control": weights.control, "due": weights.due}
    reward = (weights.reward * pages.reward).sum(axis=1)
    sums = UserSums.of(pages.user, reward=reward, robust=direct + residual, **common)
    own = (marginal_weights(pages, target) * pages.reward).sum(axis=1)
    biased = UserSums.of(pages.user, reward=own, robust=direct, **common)

    def estimate(statistic: Statistic, of: UserSums) -> PolicyValue:
        return interval(statistic, of, resamples=resamples, seed=seed)

    return Evaluation(
        policy=policy.name,
        values={name: estimate(statistic, sums) for name, statistic in ESTIMATORS.items()},
        logged=logged_value(pages, resamples=resamples, seed=seed),
        marginal=estimate(ips, biased),
        direct=estimate(doubly_robust, biased),
        overlap=seen,
        power=power,
    )


def logged_value(pages: LoggedPages, *, resamples: int = 1000, seed: int = 0) -> PolicyValue:
    """What the logging policy itself earned per page, with the same interval."""
    reward, ones = pages.reward.sum(axis=1), np.ones(len(pages))
    sums = UserSums.of(pages.user, reward=reward, control=ones, due=ones, robust=reward)
    return interval(ips, sums, resamples=resamples, seed=seed)


class _Marginals:
    """The target's probabilities, chunk by chunk, as often as asked; the same each time."""

    def __init__(self, pages: LoggedPages, candidates: Candidates, policy: TargetPolicy) -> None:
        self._candidates, self._policy, self._slots = candidates, policy, pages.slots
        self.chunks = _chunks(pages, candidates)
        self._keep = len(pages) * pages.slots * candidates.count <= _KEPT_CELLS
        self._kept: dict[int, F64] = {}

    def __iter__(self) -> Iterator[tuple[I64, F64]]:
        """Rows of pages (b,) and their (b, K, m)."""
        for number, rows in enumerate(self.chunks):
            chance = self._kept.get(number)
            if chance is None:
                chance = self._policy.marginals(self._candidates.scores(rows), self._slots)
            if self._keep:
                self._kept[number] = chance
            yield rows, chance


def _chunks(pages: LoggedPages, candidates: Candidates) -> list[I64]:
    size = max(1, _CHUNK_CELLS // (max(pages.slots, _DRAWS) * candidates.count))
    return [np.arange(first, min(first + size, len(pages))) for first in range(0, len(pages), size)]


def _logged_marginals(pages: LoggedPages, marginals: _Marginals) -> F64:
    """(n, K, K): [i, r', r] the target's probability of putting the posting logged at r' at rank r."""
    parts = []
    for rows, chance in marginals:
        column = np.maximum(pages.column[rows], 0)[:, None, :]
        parts.append(np.take_along_axis(chance, column, axis=2).transpose(0, 2, 1))
    return np.concatenate(parts)


def _logged_features(pages: LoggedPages, candidates: Candidates) -> F64:
    parts = []
    for rows in _chunks(pages, candidates):
        column = np.maximum(pages.column[rows], 0)[:, :, None]
        parts.append(np.take_along_axis(candidates.features(rows), column, axis=1))
    return np.concatenate(parts)


def _modelled(
    pages: LoggedPages,
    candidates: Candidates,
    marginals: _Marginals,
    weights: PageWeights,
    model: RewardModel,
    examination: F64,
) -> tuple[F64, F64]:
    """(n,) the model's value of the target's page, and (n,) the weighted residuals of the logged one."""
    value, residual = [], []
    for rows, chance in marginals:
        predicted = model.predict(rows, candidates.features(rows))
        looked = pages.shown[rows] * examination
        value.append(np.einsum("nkm,nk,nm->n", chance, looked, predicted, optimize=True))
        logged = np.take_along_axis(predicted, np.maximum(pages.column[rows], 0), axis=1)
        seen = weights.reward[rows] * pages.reward[rows] - weights.mass[rows] * logged
        residual.append(seen.sum(axis=1))
    return np.concatenate(value), np.concatenate(residual)
