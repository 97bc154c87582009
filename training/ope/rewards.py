"""The reward model of the doubly robust estimate: what a posting would bring at the top, cross-fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from training.ope.pages import F64, I64, LoggedPages

_PENALTY = 1.0
_STEPS = 25


@dataclass(frozen=True)
class RewardModel:
    """Logistic regression on the reward as a share of `top`, from a posting's features and log rank.

    `fold` (n,) says which coefficients belong to a page: those fitted without its user, so that a page's
    own rewards never shape the prediction that its residual is taken from (Chernozhukov et al. 2018).
    """

    coefficients: F64  # (folds, 2 + d): intercept, log rank, features
    fold: I64
    top: float

    def predict(self, rows: I64, features: F64) -> F64:
        """(n, m) expected reward of candidate j of page `rows[i]` at the top rank; features (n, m, d)."""
        coefficients = self.coefficients[self.fold[rows]]
        base = coefficients[:, None, 0] + np.einsum("nmd,nd->nm", features, coefficients[:, 2:])
        return np.asarray(self.top * expit(base))


def fit_rewards(pages: LoggedPages, logged: F64, *, folds: int = 5, seed: int = 0) -> RewardModel:
    """logged (n, K, d): features of the logged postings. Folds are of users, drawn by `seed`."""
    users, unit = np.unique(pages.user, return_inverse=True)
    folds = min(folds, len(users))
    fold = np.random.default_rng(seed).permutation(np.arange(len(users)) % folds)[unit]
    top = max(float(pages.reward.max(initial=0.0)), 1.0)
    rank = np.log(np.arange(1, pages.slots + 1))
    columns = [np.ones(pages.column.shape), np.broadcast_to(rank, pages.column.shape)]
    # In units of their own spread: one penalty for cosines and for counts.
    scale = np.maximum(logged[pages.shown].std(axis=0), 1e-9)
    x = np.concatenate([np.stack(columns, axis=2), logged / scale], axis=2)
    coefficients = np.zeros((folds, x.shape[2]))
    for number in range(folds):
        # With one fold there is nobody to learn from but the page itself: the model stays at zero.
        rows = pages.shown & (fold != number)[:, None]
        if rows.any():
            coefficients[number] = _logistic(x[rows], pages.reward[rows] / top)
    coefficients[:, 2:] /= scale
    return RewardModel(coefficients, fold, top)


def _logistic(x: F64, y: F64) -> F64:
    """(d,) ridge-penalised coefficients by Newton's method; y (n,) are shares in [0, 1]. x[:, 0] is one."""
    penalty = np.full(x.shape[1], _PENALTY)
    penalty[0] = 1e-6
    share = np.clip(y.mean(), 1e-4, 1 - 1e-4)
    coefficients = np.zeros(x.shape[1])
    coefficients[0] = np.log(share / (1 - share))
    for _ in range(_STEPS):
        chance = expit(x @ coefficients)
        gradient = x.T @ (y - chance) - penalty * coefficients
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        coefficients += step
        if np.abs(step).max() < 1e-8:
            break
    return coefficients
