"""Weights of the evidence for an occupation: a conditional logit (McFadden 1974) by maximum likelihood.

Each title's candidates are the occupations that any kind of evidence ranks high, and the true one. What the
resulting probability is worth is measured against all occupations (Platt 1999).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from models.calibration import Calibration
from models.occupations import Fusion

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
#: Candidates kept per title and column.
CANDIDATES = 60
_RIDGE = 1e-3
_CONSTANT = 1e-6
EVENT = "the first occupation is the right one"


@dataclass(frozen=True)
class Candidates:
    """`rows` (n, candidates, columns): evidence, the true occupation's first, filled up with NaN."""

    rows: F32

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, at: I64) -> Candidates:
        return Candidates(self.rows[at])

    def join(self, other: Candidates) -> Candidates:
        return Candidates(np.concatenate([self.rows, other.rows]))


def candidates(evidence: F32, target: I64, limit: int = CANDIDATES) -> Candidates:
    """evidence (n, occupations, columns), target (n,) -> each column's best `limit`, the true one first."""
    limit = min(limit, evidence.shape[1])
    chosen = []
    for rows, true in zip(evidence, target, strict=True):
        best = np.argpartition(-rows, limit - 1, axis=0)[:limit]
        chosen.append(np.concatenate([[true], np.setdiff1d(best, [true])]))
    out = np.full((len(target), limit * evidence.shape[2] + 1, evidence.shape[2]), np.nan, np.float32)
    for i, ids in enumerate(chosen):
        out[i, : len(ids)] = evidence[i, ids]
    return Candidates(out)


def fit_weights(data: Candidates, columns: Sequence[str], ridge: float = _RIDGE) -> dict[str, float]:
    """Maximum likelihood with a small ridge on standardised columns. Deterministic (L-BFGS)."""
    present = ~np.isnan(data.rows[:, :, 0])
    flat = data.rows.reshape(-1, data.rows.shape[2]).astype(np.float64)
    spread = np.nanstd(flat, axis=0)
    spread[spread < _CONSTANT] = np.inf  # says nothing here, so nothing is learnt of it: weight 0
    x = np.nan_to_num(data.rows.astype(np.float64)) / spread

    def loss(w: F64) -> tuple[float, F64]:
        p = _softmax(x @ w, present)
        likely = np.log(np.maximum(p[:, 0], 1e-300)).mean()
        gradient = (np.einsum("nc,ncd->nd", p, x) - x[:, 0]).mean(0) + 2 * ridge * w
        return float(-likely + ridge * w @ w), gradient

    found = minimize(loss, np.full(x.shape[2], 0.5), jac=True, method="L-BFGS-B")
    weights = {name: float(w) for name, w in zip(columns, found.x / spread, strict=True)}
    if "prior" in weights:
        weights["prior"] = 1.0  # logarithms of shares: their weight follows from what they are
    return weights


def calibrated(
    weights: Mapping[str, float], probability: F64, right: npt.NDArray[np.bool_], precision: float = 0.2
) -> Fusion:
    """`probability` (n,) of the first answer among all occupations, and whether it is right.

    The limit of "unknown" is the least confidence at which answers are right `precision` of the time.
    """
    plain = Fusion(weights, platt(probability, right))
    confidence = plain.confidence(probability.astype(np.float32))
    return Fusion(weights, plain.calibration, _limit(confidence, right, precision))


def first_answers(logits: F32, target: I64) -> tuple[F64, npt.NDArray[np.bool_]]:
    """logits (n, occupations) -> (n,) softmax probability of the first, and whether it is `target`."""
    wide = logits.astype(np.float64)
    p = np.exp(wide - wide.max(1, keepdims=True))
    return 1 / p.sum(1), wide.argmax(1) == target


def platt(probability: F64, right: npt.NDArray[np.bool_]) -> Calibration:
    """Logistic regression of "right" on the log odds."""
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    odds = np.log(clipped / (1 - clipped))

    def loss(w: F64) -> float:
        z = w[0] * odds + w[1]
        return float(np.mean(np.logaddexp(0, z) - right * z) + 1e-4 * (w[0] - 1) ** 2)

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B").x
    return Calibration(float(slope), float(intercept), EVENT)


def _limit(confidence: F32, right: npt.NDArray[np.bool_], precision: float) -> float:
    """Right answers in bins of a tenth: the lower end of the first bin that is good enough."""
    for low in np.arange(0.0, 1.0, 0.05):
        here = (confidence >= low) & (confidence < low + 0.1)
        if here.sum() >= 10 and right[here].mean() >= precision:
            return float(low)
    return 0.5


def _softmax(logits: F64, present: npt.NDArray[np.bool_]) -> F64:
    masked = np.where(present, logits, -np.inf)
    shifted = np.exp(masked - masked.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True), np.float64)
