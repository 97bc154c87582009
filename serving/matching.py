"""From a person's pairs to what is said of each: two numbers, their ledgers, and what a receipt needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.match import MatchModel
from serving.engine import Engine
from serving.ledgers import fit_ledger, interest_ledger
from serving.match_schemas import Counterfactual, Ledger, Match
from serving.pairs import Pairs, abstentions, estimates, snapshot
from serving.person import Person

F64 = npt.NDArray[np.float64]
#: Rows of a ledger on a page of many postings, besides its base and what is left out.
SHORT = 4


def matches(
    engine: Engine,
    person: Person,
    found: Pairs,
    *,
    ledgers: int | None,
    snapshots: bool,
    counterfactuals: list[tuple[Counterfactual, ...]] | None = None,
) -> list[Match]:
    """One per pair, in order. `ledgers` is the most rows of each (0: all; None: no ledgers)."""
    model = match_model(engine)
    evidence = person.evidence
    fits, interests = estimates(model.fits(found.rows)), estimates(model.interests(found.x))
    abstained = abstentions(found, evidence, has_past=len(person.past.job_ids) > 0)
    contributions = model.contributions(found.x) if ledgers is not None else np.zeros((len(found.x), 0))
    out = []
    for i, reasons in enumerate(abstained):
        rows: tuple[Ledger, ...] = ()
        if ledgers is not None:
            rows = _ledgers(engine, model, person, found, i, contributions[i], ledgers, set(reasons))
        out.append(
            Match(
                fit=None if "fit" in reasons else fits[i],
                interest=None if "interest" in reasons else interests[i],
                abstained=reasons,
                ledgers=rows,
                counterfactuals=counterfactuals[i] if counterfactuals else (),
                snapshot=snapshot(found.rows[i], found.x[i], reasons) if snapshots else None,
            )
        )
    return out


def _ledgers(
    engine: Engine,
    model: MatchModel,
    person: Person,
    found: Pairs,
    i: int,
    contributions: F64,
    most: int,
    without: set[str],
) -> tuple[Ledger, ...]:
    seeker = person.seeker
    assert seeker is not None  # noqa: S101  (a programming error: pairs exist with a second stage only)
    out = []
    if "fit" not in without:
        demands = found.columns.demands.row(i)
        taxonomy = engine.bundle.transform.taxonomy
        out.append(fit_ledger(model, taxonomy, demands, seeker, found.rows[i], most))
    if "interest" not in without:
        out.append(interest_ledger(model, contributions, found.columns, i, seeker, found.x[i], most))
    return tuple(out)


def match_version(engine: Engine) -> str:
    """The name of the second stage's weights, "" where there is none."""
    return "" if engine.bundle.match is None else engine.bundle.match.version


def match_model(engine: Engine) -> MatchModel:
    """Raises ValueError without a second stage."""
    if engine.bundle.match is None:
        raise ValueError(f"release {engine.release.release_id} has no match model")
    return engine.bundle.match
