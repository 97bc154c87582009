"""`MatchModel`: everything between the figures of a pair and the two numbers people see.

    match.json               events in words, calibration of interest, abstention limits
    fit.json                 FitModel
    intervals_fit.json       90 % intervals of fit
    ranker/                  the additive ranker
    intervals_interest.json  90 % intervals of interest

Deterministic to the last bit: a number is computed from a row of figures alone, whatever rows stand beside
it, so a receipt that keeps the row can be replayed against the stored weights.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.cross import CROSS_FEATURE_ORDER
from models.fit import EVENT as FIT_EVENT
from models.fit import FitModel
from models.intervals import Intervals
from models.ranker import Ranker

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
MATCH, FIT, RANKER = "match.json", "fit.json", "ranker"
INTERVALS_FIT, INTERVALS_INTEREST = "intervals_fit.json", "intervals_interest.json"
INTEREST_EVENT = "opens, saves or applies to the posting when it stands first in a list and so is looked at"


class MatchModelError(ValueError):
    """The folder holds no whole match model, or one of other features than this code computes."""


@dataclass(frozen=True)
class Numbers:
    """Probabilities (n,) with the ends of their 90 % intervals, and their logits."""

    logit: F64
    value: F64
    low: F64
    high: F64


@dataclass(frozen=True)
class MatchModel:
    """`scale` and `shift` calibrate the ranker's logit; `version` names the weights."""

    fit: FitModel
    ranker: Ranker
    intervals_fit: Intervals
    intervals_interest: Intervals
    scale: float = 1.0
    shift: float = 0.0
    version: str = ""

    def fits(self, rows: F64) -> Numbers:
        """(n, FIT_ORDER) -> fit."""
        return _numbers(self.fit.logit(rows), self.intervals_fit)

    def interests(self, x: F32) -> Numbers:
        """(n, CROSS_FEATURE_ORDER) -> interest."""
        return _numbers(self.interest_logit(x), self.intervals_interest)

    def interest_logit(self, x: F32) -> F64:
        """(n,) the sum of base and contributions, in that order."""
        total = np.full(len(x), self.interest_base)
        for column in self.contributions(x).T:
            total = total + column
        return total

    def contributions(self, x: F32) -> F64:
        """(n, groups) in calibrated logits."""
        return np.asarray(self.scale * self.ranker.contributions(x))

    @property
    def interest_base(self) -> float:
        return self.scale * self.ranker.bias + self.shift

    @property
    def groups(self) -> tuple[str, ...]:
        return self.ranker.config.group_names

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.fit.save(folder / FIT)
        self.ranker.save(folder / RANKER)
        self.intervals_fit.save(folder / INTERVALS_FIT)
        self.intervals_interest.save(folder / INTERVALS_INTEREST)
        meta = {
            "format": 1,
            "features": CROSS_FEATURE_ORDER,
            "events": {"fit": FIT_EVENT, "interest": INTEREST_EVENT},
            "scale": self.scale,
            "shift": self.shift,
        }
        (folder / MATCH).write_text(json.dumps(meta, indent=1))

    @classmethod
    def load(cls, folder: Path) -> MatchModel:
        """Raises MatchModelError."""
        try:
            meta = json.loads((folder / MATCH).read_text())
            if tuple(meta["features"]) != CROSS_FEATURE_ORDER:
                raise MatchModelError(f"{folder} ranks by other features than this code computes")
            return cls(
                FitModel.load(folder / FIT),
                Ranker.load(folder / RANKER),
                Intervals.load(folder / INTERVALS_FIT),
                Intervals.load(folder / INTERVALS_INTEREST),
                float(meta["scale"]),
                float(meta["shift"]),
                digest(folder),
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise MatchModelError(f"{folder} holds no whole match model: {error}") from error


def digest(folder: Path) -> str:
    """Names the weights: changes with every file below `folder`."""
    out = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        out.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return out.hexdigest()[:16]


def _numbers(logit: F64, intervals: Intervals) -> Numbers:
    # one by one: a vectorised exponential may differ in the last bit with the length of the array
    value = np.array([1.0 / (1.0 + math.exp(-z)) if z > -700 else 0.0 for z in logit.tolist()], np.float64)
    low, high = intervals.of(value)
    return Numbers(logit, value, low, high)
