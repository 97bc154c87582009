"""The evidence ledger: what every piece of evidence is worth, adding up to the logit of its number.

Not an explanation made afterwards: the rows are the terms of the sum that the model is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.demands import STRENGTHS
from features.matches import Match
from models.fit import FitModel

F64 = npt.NDArray[np.float64]
Status = Literal["met", "missing", "unknown", ""]


@dataclass(frozen=True, slots=True)
class Row:
    """`contribution` in logits, below 0 for years that are too few: the base takes them for unknown.
    `loss` is what is missed by not meeting a demand (0 where it is met).

    `match` is the pair of demand and evidence behind a row of fit; None for the base and for interest.
    """

    kind: str
    contribution: float
    label: str = ""
    status: Status = ""
    loss: float = 0.0
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    rows: tuple[Row, ...]

    @property
    def logit(self) -> float:
        """The sum of the rows, in their order."""
        total = 0.0
        for row in self.rows:
            total += row.contribution
        return total

    def shortened(self, most: int) -> Ledger:
        """The base, the `most` weightiest rows, and the sum of the others as one row."""
        base, others = self.rows[:1], list(self.rows[1:])
        if len(others) <= most:
            return self
        others.sort(key=lambda row: -max(abs(row.contribution), row.loss))
        rest = sum(row.contribution for row in others[most:])
        return Ledger((*base, *others[:most], Row("rest", rest)))


def fit_ledger(model: FitModel, matches: Sequence[Match], row: F64) -> Ledger:
    """Base first, then one row per demand. `row` is `fit_row` of the same matches."""
    rows = row[None, :]
    unit, worth_of_years = float(model.unit(rows)[0]), float(model.years_logit(rows)[0])
    out = [Row("base", float(model.base_logit(rows)[0]))]
    years = False
    for match in matches:
        if match.demand.kind == "years":
            if not years and match.demand.need == "must" and match.demand.key == row[-2]:
                years = True
                out.append(_years_row(model, rows, match, worth_of_years))
            continue
        worth = unit * model.weights[STRENGTHS.index(match.demand.need)]
        status: Status = "met" if match.met else "missing"
        out.append(Row(match.demand.kind, worth * match.met, "", status, worth * (1 - match.met), match))
    return Ledger(tuple(out))


def _years_row(model: FitModel, rows: F64, match: Match, worth: float) -> Row:
    full = rows.copy()
    full[0, -1] = full[0, -2]
    loss = float(model.years_logit(full)[0]) - worth
    status: Status = "unknown" if rows[0, -1] < 0 else "met" if match.met >= 1 else "missing"
    return Row("years", worth, "", status, loss, match)


def interest_ledger(base: float, groups: Sequence[str], contributions: F64) -> Ledger:
    """contributions (G,) in calibrated logits."""
    rows = [Row(name, float(c)) for name, c in zip(groups, contributions, strict=True)]
    return Ledger((Row("base", base), *rows))
