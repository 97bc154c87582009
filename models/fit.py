"""`fit`: the chance that a person meets what a posting asks for. A logistic model of a few increasing terms.

    logit = shift + scale * (base + worth * met share + years)

    met share   sum of weights of the demands met / sum of weights of all (a weight for each need)
    worth       grows with how much is asked: eight of ten say more than two of three; never negative
    years       an increasing piecewise-linear function of years had / years asked for; a height of its own
                where the person does not say
    base        what remains when nothing is met; depends on the posting alone

Nothing a person has lowers it: every term grows with what is met. It is additive, so each demand's share of
the logit is known exactly (a ledger), and taking the evidence of a demand away takes just that share away.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features.demands import STRENGTHS
from features.matches import FIT_ORDER

F64 = npt.NDArray[np.float64]
EVENT = (
    "has at least two thirds of what the posting asks for (a must-have counts in full, a nice-to-have as a "
    "third) and at least three quarters of the years of experience it asks for"
)
#: Share of the years asked for -> where `years` bends.
YEAR_KNOTS = (0.0, 0.4, 0.6, 0.75, 1.0)
_NEEDS = len(STRENGTHS)


@dataclass(frozen=True)
class FitModel:
    """Parameters; `weights` by need (a must weighs 1), `years` the heights at YEAR_KNOTS, not decreasing."""

    weights: tuple[float, ...] = (1.0, 0.35, 0.35)
    base: float = -2.0
    base_asked: float = 0.0
    base_years: float = -1.0
    worth: float = 4.0
    worth_asked: float = 0.0
    years: tuple[float, ...] = (0.0, 0.5, 0.75, 0.9, 1.0)
    years_unknown: float = 0.5
    scale: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        rising = all(b >= a for a, b in zip(self.years, self.years[1:], strict=False))
        if min(*self.weights, self.worth, self.worth_asked, self.scale) < 0 or not rising:
            raise ValueError("a fit model must not fall with what is met")
        if not 0.0 <= self.years_unknown <= self.years[-1]:
            raise ValueError("not saying one's years must not be worth more than having them")
        if len(self.weights) != _NEEDS or len(self.years) != len(YEAR_KNOTS) or self.years[0] != 0.0:
            raise ValueError("a fit model has a weight for each need and a height for each knot, from 0")

    def logit(self, rows: F64) -> F64:
        """(n, FIT_ORDER) -> (n,). Each row's value does not depend on the rows beside it, to the last bit."""
        unit = self.unit(rows)
        met = sum((unit * w * rows[:, _NEEDS + k] for k, w in enumerate(self.weights)), np.zeros(len(rows)))
        return self.base_logit(rows) + met + self.years_logit(rows)

    def base_logit(self, rows: F64) -> F64:
        """(n,) the logit of somebody who shows nothing and does not say their years."""
        asked = np.log1p(self._asked(rows))
        wants_years = (self.base_years + self.years_unknown) * (rows[:, -2] > 0)
        raw = self.base + self.base_asked * asked + wants_years
        return np.asarray(self.shift + self.scale * raw)

    def unit(self, rows: F64) -> F64:
        """(n,) what one demand of weight 1 adds to the logit when it is met."""
        asked = self._asked(rows)
        worth = self.worth + self.worth_asked * np.log1p(asked)
        return np.asarray(self.scale * worth / np.maximum(asked, 1e-9) * (asked > 0))

    def years_logit(self, rows: F64) -> F64:
        """(n,) what stating one's years moves: below 0 where they are too few."""
        asked, had = rows[:, -2], np.maximum(rows[:, -1], 0.0)
        share = np.where(asked > 0, np.minimum(had / np.maximum(asked, 1e-9), 1.0), 0.0)
        height = np.where(rows[:, -1] < 0, self.years_unknown, np.interp(share, YEAR_KNOTS, self.years))
        return np.asarray(self.scale * (height - self.years_unknown) * (asked > 0))

    def _asked(self, rows: F64) -> F64:
        return sum((w * rows[:, k] for k, w in enumerate(self.weights)), np.zeros(len(rows)))

    def calibrated(self, scale: float, shift: float) -> FitModel:
        """The same model with logit' = scale * logit + shift."""
        raw = asdict(self)
        return FitModel(**raw | {"scale": self.scale * scale, "shift": self.shift * scale + shift})

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"event": EVENT, "order": FIT_ORDER, **asdict(self)}, indent=1))

    @classmethod
    def load(cls, path: Path) -> FitModel:
        """Raises ValueError if the file was made for other figures than this code computes."""
        raw: dict[str, Any] = json.loads(path.read_text())
        if tuple(raw.pop("order")) != FIT_ORDER:
            raise ValueError(f"{path} was fitted to other figures of a pair than this code computes")
        del raw["event"]
        return cls(**{**raw, "weights": tuple(raw["weights"]), "years": tuple(raw["years"])})
