"""Similarity -> probability, fitted on held-out impressions, and how well the promise holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from models.calibration import Calibration

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
EVENT = "views, saves or applies to the posting after it was shown"


def fit_calibration(similarity: F32, label: I64) -> Calibration:
    """Platt scaling on (n,) similarities of shown postings. Raises ValueError if only one outcome occurs.

    The slope is kept non-negative: a higher similarity never means a lower probability.
    """
    if len(np.unique(label)) < 2:
        raise ValueError("calibration needs impressions that led to something and some that did not")
    model = LogisticRegression(C=1e6, max_iter=200)
    model.fit(similarity.reshape(-1, 1), label)
    slope = max(float(model.coef_[0, 0]), 0.0)
    if slope == 0.0:  # the scores carry no signal: promise the base rate, no more
        rate = float(label.mean())
        return Calibration(0.0, float(np.log(rate / (1 - rate))), EVENT)
    return Calibration(slope, float(model.intercept_[0]), EVENT)


@dataclass(frozen=True)
class Reliability:
    """Equal-count bins: mean promise, observed share and size; `ece` weights the gaps by size."""

    promised: npt.NDArray[np.float64]
    observed: npt.NDArray[np.float64]
    count: I64
    ece: float
    brier: float


def reliability(probability: F32, label: I64, bins: int = 10) -> Reliability:
    """Expected calibration error (Naeini et al. 2015) over equal-count bins, and the Brier score."""
    order = np.argsort(probability, kind="stable")
    parts = [p for p in np.array_split(order, bins) if len(p)]
    promised = np.array([probability[p].mean() for p in parts], np.float64)
    observed = np.array([label[p].mean() for p in parts], np.float64)
    count = np.array([len(p) for p in parts], np.int64)
    ece = float((np.abs(promised - observed) * count).sum() / max(count.sum(), 1))
    brier = float(np.mean((probability - label) ** 2)) if len(label) else float("nan")
    return Reliability(promised, observed, count, ece, brier)
