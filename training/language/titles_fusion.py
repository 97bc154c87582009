"""Weights of the evidence for an occupation: a conditional logit (McFadden 1974) by maximum likelihood.

Each title's candidates are the occupations that any kind of evidence ranks high, and the true one. What the
resulting probability is worth is measured on titles that did not set the weights (Platt 1999).
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
_HELD_SHARE = 0.25
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


def fit_fusion(
    data: Candidates, columns: Sequence[str], seed: int, *, unknown_precision: float = 0.2
) -> Fusion:
    """Weights from three quarters of the titles, calibration and the limit of "unknown" from the rest.

    The limit is the least confidence at which answers are right at least `unknown_precision` of the time.
    """
    order = np.random.default_rng(seed).permutation(len(data))
    held = max(int(_HELD_SHARE * len(order)), 1)
    weights = fit_weights(data.take(order[held:]), columns)
    probability, right = first_answers(data.take(order[:held]), weights, columns)
    calibration = platt(probability, right)
    fusion = Fusion(weights, calibration)
    confidence = fusion.confidence(probability.astype(np.float32))
    return Fusion(weights, calibration, _limit(confidence, right, unknown_precision))


def first_answers(
    data: Candidates, weights: Mapping[str, float], columns: Sequence[str]
) -> tuple[F64, npt.NDArray[np.bool_]]:
    """(n,) probability of the first answer, and whether it is the true one (half a tie is no win)."""
    w = np.array([weights[name] for name in columns])
    present = ~np.isnan(data.rows[:, :, 0])
    p = _softmax(np.nan_to_num(data.rows.astype(np.float64)) @ w, present)
    return p.max(1), p[:, 0] > p[:, 1:].max(1, initial=0.0)


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
