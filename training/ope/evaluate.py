"""The value of a target policy from a log: overlap first, then IPS, SNIPS and the doubly robust estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.ope.intervals import PolicyValue, UserSums, doubly_robust, interval, ips, snips
from training.ope.pages import F64, I64, LoggedPages, examination_curve
from training.ope.rewards import RewardModel, fit_rewards
from training.ope.targets import TargetPolicy
from training.ope.weights import Overlap, SlotWeights, estimate_power, overlap, slot_weights

ESTIMATORS = {"IPS": ips, "SNIPS": snips, "DR": doubly_robust}
#: Cells of (pages, ranks, candidates) held at once.
_CHUNK_CELLS = 4_000_000
_DRAWS = 32


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
    target = _logged_marginals(pages, candidates, policy)
    if power is None:
        power = estimate_power(pages, target[:, :, 0])
    weights = slot_weights(pages, target, examination_curve(power, pages.slots))
    seen = overlap(pages, weights)
    model = fit_rewards(pages, _logged_features(pages, candidates), seed=seed)
    direct, residual = _modelled(pages, candidates, policy, weights, model)
    reward = np.einsum("nij,nij,ni->nj", weights.mass, weights.carry, pages.reward)
    own = np.diagonal(weights.mass, axis1=1, axis2=2) * pages.reward
    shown = pages.shown.astype(np.float64)
    sums = UserSums.of(pages.user, shown, reward, weights.control, direct + residual)
    biased = UserSums.of(pages.user, shown, own, weights.control, direct)
    options = {"resamples": resamples, "seed": seed}
    return Evaluation(
        policy=policy.name,
        values={name: interval(f, sums, **options) for name, f in ESTIMATORS.items()},
        logged=logged_value(pages, **options),
        marginal=interval(ips, biased, **options),
        direct=interval(doubly_robust, biased, **options),
        overlap=seen,
        power=power,
    )


def logged_value(pages: LoggedPages, *, resamples: int = 1000, seed: int = 0) -> PolicyValue:
    """What the logging policy itself earned per page, with the same interval."""
    shown = pages.shown.astype(np.float64)
    sums = UserSums.of(pages.user, shown, pages.reward, shown, pages.reward.sum(axis=1))
    return interval(ips, sums, resamples=resamples, seed=seed)


def _chunks(pages: LoggedPages, candidates: Candidates) -> list[I64]:
    size = max(1, _CHUNK_CELLS // (max(pages.slots, _DRAWS) * candidates.count))
    return [np.arange(first, min(first + size, len(pages))) for first in range(0, len(pages), size)]


def _logged_marginals(pages: LoggedPages, candidates: Candidates, policy: TargetPolicy) -> F64:
    """(n, K, K): [i, r', r] the target's probability of putting the posting logged at r' at rank r."""
    parts = []
    for rows in _chunks(pages, candidates):
        chance = policy.marginals(candidates.scores(rows), pages.slots)
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
    policy: TargetPolicy,
    weights: SlotWeights,
    model: RewardModel,
) -> tuple[F64, F64]:
    """(n,) the model's value of the target's page, and (n,) the weighted residuals of the logged one."""
    value, residual = [], []
    for rows in _chunks(pages, candidates):
        chance = policy.marginals(candidates.scores(rows), pages.slots)
        shown = pages.shown[rows]
        predicted = model.predict(rows, candidates.features(rows), pages.slots)
        value.append(((chance * predicted).sum(axis=2) * shown).sum(axis=1))
        column = np.maximum(pages.column[rows], 0)[:, None, :]
        logged = np.take_along_axis(predicted, column, axis=2).transpose(0, 2, 1)
        carried = weights.carry[rows] * pages.reward[rows][:, :, None]
        residual.append((weights.mass[rows] * (carried - logged)).sum(axis=(1, 2)))
    return np.concatenate(value), np.concatenate(residual)
