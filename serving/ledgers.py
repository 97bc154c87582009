"""Ledgers in words: the models' terms with labels a person can check, and spans into both texts."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from features.cross import CROSS_FEATURE_ORDER, Seeker
from features.demands import DEGREES, Demand
from features.evidence import Shown
from features.job_columns import JobColumns
from features.matches import match
from features.tabular import REMOTE
from features.taxonomy import Taxonomy
from models import ledger as terms
from models.match import MatchModel
from serving.match_schemas import Ledger, LedgerRow, Number, PersonSpan, PostingSpan

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
#: Places that show one thing: beyond these a reader learns nothing new.
MAX_SPANS = 50
_BASE: dict[Number, str] = {
    "fit": "before any evidence",
    "interest": "the average posting",
}
_AT = {name: k for k, name in enumerate(CROSS_FEATURE_ORDER)}


def fit_ledger(
    model: MatchModel, taxonomy: Taxonomy, demands: tuple[Demand, ...], person: Seeker, row: F64, most: int
) -> Ledger:
    """`most` rows besides the base, the others as one; 0 stands for all."""
    full = terms.fit_ledger(model.fit, match(demands, person.evidence), row)
    kept = full.shortened(most) if most else full
    rows = tuple(_fit_row(r, taxonomy, person) for r in kept.rows)
    return Ledger(number="fit", logit=full.logit, rows=rows)


def interest_ledger(
    model: MatchModel, contributions: F64, columns: JobColumns, i: int, person: Seeker, x: F32, most: int
) -> Ledger:
    """contributions (groups,) and x (features,) are those of posting i of `columns`."""
    full = terms.interest_ledger(model.interest_base, model.groups, contributions)
    kept = full.shortened(most) if most else full
    rows = tuple(
        LedgerRow(
            kind=r.kind,
            label=_BASE["interest"] if r.kind == "base" else interest_label(r.kind, columns, i, person, x),
            contribution=r.contribution,
        )
        for r in kept.rows
    )
    return Ledger(number="interest", logit=full.logit, rows=rows)


def demand_label(demand: Demand, taxonomy: Taxonomy) -> str:
    if demand.kind == "skill":
        return taxonomy.skills[demand.key].label
    if demand.kind == "years":
        return f"{demand.key} years of experience"
    if demand.kind == "degree":
        return f"{DEGREES[demand.key]} degree"
    return demand.text


def _fit_row(row: terms.Row, taxonomy: Taxonomy, person: Seeker) -> LedgerRow:
    if row.match is None:
        label = _BASE["fit"] if row.kind == "base" else "everything else"
        return LedgerRow(kind=row.kind, label=label, contribution=row.contribution)
    demand = row.match.demand
    label = demand_label(demand, taxonomy)
    if demand.kind == "years" and person.years is not None:
        label = f"{label}, you have {person.years:g}"
    return LedgerRow(
        kind=demand.kind,
        label=label,
        need=demand.need,
        status=row.status,
        contribution=row.contribution,
        loss=row.loss,
        posting=(PostingSpan(part=demand.part, start=demand.start, end=demand.end),),
        person=tuple(_span(shown) for shown in row.match.shown[:MAX_SPANS]),
    )


def _span(shown: Shown) -> PersonSpan:
    return PersonSpan(source=shown.source, start=shown.start, end=shown.end)


# -- what a group of interest is about, in words -----------------------------------------------------------


def interest_label(group: str, columns: JobColumns, i: int, person: Seeker, x: F32) -> str:
    """One line from the same figures that the group was computed from."""
    if group == "place":
        return _place(columns, i, person, x)
    if group == "remote":
        wish, mode = REMOTE[person.remote], REMOTE[columns.remote[i]]
        return f"{mode}, you want {wish}" if wish != "unspecified" else mode
    if group == "salary":
        return _salary(columns, i, person)
    if group == "level":
        return _level(x)
    if group == "freshness":
        days = round(math.expm1(float(x[_AT["freshness/age_log"]])))
        return f"posted {days} days ago" if x[_AT["freshness/age_known"]] else "no date"
    if group == "skills":
        asked = round(math.expm1(float(x[_AT["skills/missing_log"]])) + math.expm1(_met(x)))
        return f"{round(math.expm1(_met(x)))} of {asked} things it asks for"
    return _FIXED.get(group, "everything else")


_FIXED = {
    "likeness": "profile and posting on the whole",
    "history": "what you opened, saved or applied to",
    "title": "words of the title you look for",
    "company": "what you did with this company's postings",
    "contract": "kind of contract",
}


def _met(x: F32) -> float:
    return float(x[_AT["skills/met_log"]])


def _place(columns: JobColumns, i: int, person: Seeker, x: F32) -> str:
    if columns.place_offsets[i] == columns.place_offsets[i + 1] or person.place is None:
        return "place not known"
    near = float(x[_AT["place/near_300"]])
    if near > 0:
        return f"about {max(round(-300.0 * math.log(near)), 0):,} km away"
    return "in the same country" if x[_AT["place/same_country"]] else "in another country"


def _salary(columns: JobColumns, i: int, person: Seeker) -> str:
    pay = float(columns.salary[i])
    shown = "pay not stated" if math.isnan(pay) else f"pays up to {pay:,.0f} US dollars"
    return shown if person.salary is None else f"{shown}, you want {person.salary:,.0f}"


def _level(x: F32) -> str:
    asked, had = (math.expm1(float(x[_AT[f"level/years_{w}"]])) for w in ("asked", "had"))
    parts = [
        f"asks for {asked:.0f} years" if x[_AT["level/years_asked_known"]] else "asks for no years",
        f"you have {had:.0f}" if x[_AT["level/years_had_known"]] else "",
    ]
    return ", ".join(filter(None, parts))
