"""The three estimates as functions of per-user sums, and their intervals by resampling users.

Pages of one user depend on each other (the same tastes, the same postings), so users are resampled, not
pages. Weights have long right tails, where the percentile bootstrap covers too seldom: intervals are
bootstrap-t (Efron and Tibshirani 1993, chapter 12), which resamples (estimate - centre) / standard error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.ope.pages import F64, I64

_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True)
class UserSums:
    """Sums over each user's pages, all (u,): pages, weighted reward, weight, weight due, robust value."""

    pages: F64
    reward: F64
    control: F64
    due: F64
    robust: F64

    @classmethod
    def of(cls, user: I64, *, reward: F64, control: F64, due: F64, robust: F64) -> UserSums:
        """From one number a page (n,)."""
        names, unit = np.unique(user, return_inverse=True)
        values = (np.ones(len(user)), reward, control, due, robust)
        sums = [np.asarray(np.bincount(unit, column, len(names)), np.float64) for column in values]
        return cls(*sums)


#: weights (b, u), how often each user counts -> estimates (b,) and standard errors (b,)
Statistic = Callable[[UserSums, F64], tuple[F64, F64]]


def ips(sums: UserSums, weights: F64) -> tuple[F64, F64]:
    """Inverse propensity scoring: weighted reward per page."""
    return _per_page(sums.reward, sums.pages, weights)


def doubly_robust(sums: UserSums, weights: F64) -> tuple[F64, F64]:
    """Model's value of the target's page plus the weighted residuals of what was shown, per page."""
    return _per_page(sums.robust, sums.pages, weights)


def snips(sums: UserSums, weights: F64) -> tuple[F64, F64]:
    """Self-normalised (Swaminathan and Joachims 2015): weighted reward over weight, times weight due."""
    pages, due = weights @ sums.pages, weights @ sums.due
    control = np.maximum(weights @ sums.control, 1e-12)
    value, per_page = (weights @ sums.reward) / control, due / pages
    # Influence of each user on value * per_page, linearised.
    influence = (per_page / control)[:, None] * (sums.reward - value[:, None] * sums.control)
    influence += (value / pages)[:, None] * (sums.due - per_page[:, None] * sums.pages)
    return value * per_page, _error(influence, weights)


def _per_page(total: F64, pages: F64, weights: F64) -> tuple[F64, F64]:
    count = weights @ pages
    estimate = (weights @ total) / count
    influence = (total - estimate[:, None] * pages) / count[:, None]
    return estimate, _error(influence, weights)


def _error(influence: F64, weights: F64) -> F64:
    units = weights.sum(axis=1)
    return np.asarray(np.sqrt((weights * influence**2).sum(axis=1) * units / np.maximum(units - 1, 1)))


@dataclass(frozen=True)
class PolicyValue:
    """An estimate of reward per page with its standard error and 95 % interval."""

    value: float
    error: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def interval(statistic: Statistic, sums: UserSums, *, resamples: int = 1000, seed: int = 0) -> PolicyValue:
    """Bootstrap-t over users; deterministic by seed."""
    users = len(sums.pages)
    estimate, error = (float(x[0]) for x in statistic(sums, np.ones((1, users))))
    if error == 0.0:
        return PolicyValue(estimate, 0.0, estimate, estimate)
    random = np.random.default_rng(seed)
    parts = []
    step = max(1, _CHUNK_CELLS // users)
    for first in range(0, resamples, step):
        count = min(step, resamples - first)
        drawn = random.multinomial(users, np.full(users, 1.0 / users), size=count).astype(np.float64)
        again, spread = statistic(sums, drawn)
        parts.append((again - estimate) / np.maximum(spread, 1e-3 * error))
    low, high = np.percentile(np.concatenate(parts), [2.5, 97.5])
    return PolicyValue(estimate, error, estimate - float(high) * error, estimate - float(low) * error)
