"""The ranker's logit -> the probability that a person acts on a posting that is looked at, and how well it
holds. `training.ranker` learns the curve of examination; here the logit is scaled so that, on a later window,
examination(rank) * interest is what happened.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from models.match import INTEREST_EVENT
from training.calibrate import Reliability, reliability
from training.ranker import Examination

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
FILE = "interest.json"


@dataclass(frozen=True)
class Interest:
    """p = sigmoid(scale * logit + shift) at the first place; examination(rank) * p further down."""

    scale: float
    shift: float
    examination: Examination

    def probability(self, logit: F64) -> F64:
        """(n,) of a posting that stands first."""
        return np.asarray(expit(self.scale * logit + self.shift), np.float64)

    def shown(self, logit: F64, rank: I64) -> F64:
        """(n,) of a posting at a rank, from 1."""
        return np.asarray(self.examination.probability(rank) * self.probability(logit), np.float64)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        card = {
            "event": INTEREST_EVENT,
            "scale": self.scale,
            "shift": self.shift,
            "examination": self.examination.curve,
        }
        (folder / FILE).write_text(json.dumps(card, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Interest:
        """Raises OSError or ValueError if `folder` holds no calibration."""
        card = json.loads((folder / FILE).read_text())
        try:
            curve = Examination(tuple(map(float, card["examination"])))
            return cls(float(card["scale"]), float(card["shift"]), curve)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{folder / FILE} holds no calibration: {error}") from error


def calibrate(logit: F64, label: I64, rank: I64, examination: Examination) -> Interest:
    """Platt scaling (Platt 1999) under a known curve of examination, by maximum likelihood on (n,) rows.

    The scale stays positive: the order of postings is the ranker's. Raises ValueError if only one outcome
    occurs.
    """
    scales, shift = fit_scales(logit[:, None], label, examination.probability(rank))
    return Interest(max(float(scales[0]), 1e-3), shift, examination)


def fit_scales(parts: F64, label: I64, seen: F64, ridge: float = 0.0) -> tuple[F64, float]:
    """Scales (k,), not negative, and shift that make seen * sigmoid(parts . scales + shift) most likely.

    parts (n, k) are terms of a logit, seen (n,) the chance that each row was looked at. `ridge` pulls the
    scales towards 1, as strongly as that many rows would. Raises ValueError if only one outcome occurs.
    """
    if len(np.unique(label)) < 2:
        raise ValueError("calibration needs impressions that led to something and some that did not")
    clicked = label == 1

    def loss(free: F64) -> tuple[float, F64]:
        z = parts @ free[:-1] + free[-1]
        p = np.clip(expit(z), 1e-12, 1 - 1e-12)
        likely = np.where(clicked, np.log(p), np.log1p(-seen * p))
        slope = np.where(clicked, p - 1.0, seen * p * (1.0 - p) / (1.0 - seen * p))
        away = free[:-1] - 1.0
        gradient = np.r_[parts.T @ slope + ridge * away, slope.sum()] / len(label)
        return float(-likely.sum() + ridge * (away**2).sum() / 2) / len(label), gradient

    start = np.r_[np.ones(parts.shape[1]), 0.0]
    bounds = [(0.0, None)] * parts.shape[1] + [(None, None)]
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return np.asarray(best.x[:-1], np.float64), float(best.x[-1])


@dataclass(frozen=True)
class InterestQuality:
    """Reliability over all impressions of a window and over those at the first rank alone; `chance` is the
    calibration error that a perfect model would show on as many first places, from chance alone."""

    everywhere: Reliability
    first: Reliability
    chance: float

    def metrics(self) -> dict[str, float]:
        return {
            "ranker/ece": self.everywhere.ece,
            "ranker/brier": self.everywhere.brier,
            "ranker/ece_first": self.first.ece,
            "ranker/brier_first": self.first.brier,
            "ranker/ece_first_chance": self.chance,
        }


def judge(interest: Interest, logit: F64, label: I64, rank: I64) -> InterestQuality:
    """On (n,) impressions of a window that taught nothing."""
    shown, first = interest.shown(logit, rank), rank == 1
    p = interest.probability(logit[first])
    return InterestQuality(
        everywhere=reliability(shown.astype(np.float32), label),
        first=reliability(p.astype(np.float32), label[first]),
        chance=chance_error(p),
    )


def chance_error(probability: F64, draws: int = 50, seed: int = 0) -> float:
    """Mean expected calibration error of outcomes drawn from the probabilities themselves."""
    rng = np.random.default_rng(seed)
    p = probability.astype(np.float32)
    errors = [reliability(p, (rng.random(len(p)) < p).astype(np.int64)).ece for _ in range(draws)]
    return float(np.mean(errors))
