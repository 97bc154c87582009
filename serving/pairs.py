"""One person and some postings: the figures of every pair, and the two numbers made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.cross import CROSS_FEATURE_ORDER, cross_features, likeness
from features.demand_columns import YEARS, fit_rows
from features.evidence import Evidence
from features.job_columns import JobColumns, microseconds
from features.matches import FIT_ORDER, MIN_DEMANDS, MIN_PERSON_WORDS
from models.match import MatchModel, Numbers
from serving.match_schemas import Abstention, Estimate, Number, Snapshot
from serving.person import Person

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Postings as columns, and what the two models read of each with this person: rows (n, FIT_ORDER) and
    x (n, CROSS_FEATURE_ORDER)."""

    columns: JobColumns
    rows: F64
    x: F32

    def take(self, chosen: I64) -> Pairs:
        return Pairs(self.columns.take(chosen), self.rows[chosen], self.x[chosen])


def pairs(person: Person, columns: JobColumns, vectors: F32, now: datetime) -> Pairs:
    """vectors (n, 256) are those of the postings. Raises ValueError without a second stage."""
    if person.seeker is None:
        raise ValueError("a release without a match model compares nothing")
    past = np.zeros((len(columns), len(person.past.vectors)), np.float32)
    for k, other in enumerate(person.past.vectors):
        past[:, k] = likeness(vectors, other)
    similarity = likeness(vectors, person.vector)
    x = cross_features(person.seeker, columns, similarity, past, microseconds(now))
    return Pairs(columns, fit_rows(columns.demands, person.evidence), x)


def abstentions(found: Pairs, evidence: Evidence, *, has_past: bool) -> list[dict[Number, Abstention]]:
    """Per pair the numbers that are not given, and why."""
    demands = found.columns.demands
    checkable = np.bincount(demands.row_of_entry()[demands.kind != YEARS], minlength=len(found.rows))
    mute = evidence.words < MIN_PERSON_WORDS
    out: list[dict[Number, Abstention]] = []
    for asked in checkable.tolist():
        reasons: dict[Number, Abstention] = {}
        if mute:
            reasons["fit"] = "profile_says_too_little"
        elif asked < MIN_DEMANDS:
            reasons["fit"] = "posting_says_too_little"
        if mute and not has_past:
            reasons["interest"] = "profile_says_too_little"
        out.append(reasons)
    return out


def estimates(numbers: Numbers) -> list[Estimate]:
    """Probabilities as people get them; the logits stay exact in the ledger."""
    ends = zip(numbers.value.tolist(), numbers.low.tolist(), numbers.high.tolist(), strict=True)
    return [Estimate(value=value, low=min(low, value), high=max(high, value)) for value, low, high in ends]


def snapshot(row: F64, x: F32, abstained: dict[Number, Abstention]) -> Snapshot:
    """What a receipt keeps of a pair: the figures, no text."""
    fit = None if "fit" in abstained else dict(zip(FIT_ORDER, row.tolist(), strict=True))
    return Snapshot(fit=fit, interest=None if "interest" in abstained else [float(v) for v in x.tolist()])


def figures(snapshots: Sequence[Snapshot]) -> tuple[F64, F32]:
    """Rows and x of snapshots, zeros where a number was not given. Raises ValueError for foreign ones."""
    rows = np.zeros((len(snapshots), len(FIT_ORDER)))
    x = np.zeros((len(snapshots), len(CROSS_FEATURE_ORDER)), np.float32)
    for k, kept in enumerate(snapshots):
        if kept.fit is not None:
            if set(kept.fit) != set(FIT_ORDER):
                raise ValueError("the snapshot's fit holds other figures than this release reads")
            rows[k] = [float(kept.fit[name]) for name in FIT_ORDER]
        if kept.interest is not None:
            if len(kept.interest) != len(CROSS_FEATURE_ORDER):
                raise ValueError("the snapshot's interest holds other figures than this release reads")
            x[k] = kept.interest
    return rows, x


def replayed(
    model: MatchModel, snapshots: Sequence[Snapshot]
) -> list[tuple[Estimate | None, Estimate | None]]:
    """(fit, interest) of each snapshot. Raises ValueError for foreign ones."""
    rows, x = figures(snapshots)
    fits, interests = estimates(model.fits(rows)), estimates(model.interests(x))
    return [
        (fit if kept.fit is not None else None, interest if kept.interest is not None else None)
        for kept, fit, interest in zip(snapshots, fits, interests, strict=True)
    ]
