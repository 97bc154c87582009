"""Demand by demand: does the person show it, and where. And the figures of a pair that `fit` reads.

A demand is met or it is not; there is no half credit for what resembles it, so every point of fit can be
pointed at. Years are the exception: they are met to the degree that they are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.demands import STRENGTHS, Demand
from features.evidence import PROFILE, Evidence, Shown

F64 = npt.NDArray[np.float64]

#: How many demands of each need there are and are met; years asked for and had (-1 where not stated).
FIT_ORDER = (
    *(f"asked={need}" for need in STRENGTHS),
    *(f"met={need}" for need in STRENGTHS),
    "years_asked",
    "years_had",
)
#: Fewer words than this, or nothing to compare, and the person's side says too little.
MIN_PERSON_WORDS = 3
#: A posting that asks for less than this that can be checked says too little.
MIN_DEMANDS = 2


@dataclass(frozen=True, slots=True)
class Match:
    """`met` in [0, 1]; `shown` is every place that counts towards it."""

    demand: Demand
    met: float
    shown: tuple[Shown, ...] = ()


def match(demands: Sequence[Demand], evidence: Evidence) -> list[Match]:
    return [_match(demand, evidence) for demand in demands]


def _match(demand: Demand, evidence: Evidence) -> Match:
    if demand.kind == "years":
        return _years(demand, evidence)
    if demand.kind == "skill":
        shown = evidence.skills.get(demand.key, ())
    elif demand.kind == "degree":
        shown = tuple(place for rank, place in evidence.degrees if rank >= demand.key)
    elif demand.kind == "certificate":
        shown = evidence.certificates.get(demand.text.casefold(), ())
    else:
        shown = evidence.languages.get(demand.text.casefold(), ())
    return Match(demand, 1.0 if shown else 0.0, shown)


def _years(demand: Demand, evidence: Evidence) -> Match:
    if evidence.years is None:
        return Match(demand, 0.0)
    met = 1.0 if demand.key <= 0 else min(evidence.years / demand.key, 1.0)
    return Match(demand, met, (PROFILE,))


def fit_row(matches: Sequence[Match], evidence: Evidence) -> F64:
    """(len(FIT_ORDER),) figures of one pair."""
    row = np.zeros(len(FIT_ORDER))
    row[-2] = row[-1] = -1.0
    for found in matches:
        if found.demand.kind == "years":
            if found.demand.need == "must":
                row[-2] = max(row[-2], float(found.demand.key))
            continue
        need = STRENGTHS.index(found.demand.need)
        row[need] += 1
        row[len(STRENGTHS) + need] += found.met
    if evidence.years is not None:
        row[-1] = evidence.years
    return row


def checkable(demands: Sequence[Demand]) -> int:
    """How many demands can be compared with a person, years aside."""
    return sum(demand.kind != "years" for demand in demands)
