"""What would raise fit: changes a person can make, each computed by the model for the edited person.

Nothing is extrapolated: the edited profile is read and compared like any other, so whoever makes the change
gets the number that was promised, and the open postings that would newly pass are counted one by one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.demand_columns import SKILL, YEARS, DemandColumns, fit_rows
from features.demands import KINDS, Demand
from features.edits import Edit, applied, edit_for, effort
from features.evidence import Evidence
from features.matches import fit_row, match
from models.ledger import fit_ledger
from models.match import MatchModel
from serving.engine import Engine
from serving.match_schemas import Counterfactual
from serving.match_schemas import Edit as WireEdit
from serving.matching import match_model
from serving.person import Person

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
#: A change that moves fit by less is not worth telling.
LEAST_GAIN = 0.005
#: Beyond this many postings with the demand, their number is estimated from an even sample of them.
MOST_COUNTED = 100_000


class Raises:
    """For one person and one bar; what is the same for all postings is computed once."""

    def __init__(self, engine: Engine, person: Person, bar: float) -> None:
        self._engine, self._person, self._bar = engine, person, bar
        self._model: MatchModel = match_model(engine)
        self._after: dict[Edit, Evidence] = {}
        self._more: dict[Edit, int] = {}

    def of(self, demands: tuple[Demand, ...], row: F64, most: int) -> tuple[Counterfactual, ...]:
        """The changes that raise this posting's fit most, best first."""
        found = []
        missing = [
            r for r in fit_ledger(self._model.fit, match(demands, self._person.evidence), row).rows if r.loss
        ]
        missing.sort(key=lambda r: -r.loss)
        before = float(self._model.fits(row[None, :]).value[0])
        for lost in missing[:most]:
            assert lost.match is not None  # noqa: S101  (only demands can be lost)
            edit = edit_for(lost.match.demand, self._label(lost.match.demand))
            evidence = self._evidence(edit)
            edited = fit_row(match(demands, evidence), evidence)
            after = float(self._model.fits(edited[None, :]).value[0])
            if after - before >= LEAST_GAIN:
                found.append(self._told(edit, lost.match.demand, before, after))
        return tuple(sorted(found, key=lambda c: -c.fit_after))

    def _told(self, edit: Edit, demand: Demand, before: float, after: float) -> Counterfactual:
        skills = self._engine.bundle.transform.taxonomy.skills
        return Counterfactual(
            edit=WireEdit(kind=edit.kind, value=edit.value),
            fit_before=before,
            fit_after=after,
            more_jobs=self._more_jobs(edit, demand),
            bar=self._bar,
            effort=effort(edit, skills[demand.key].type if demand.kind == "skill" else ""),
        )

    def _label(self, demand: Demand) -> str:
        skills = self._engine.bundle.transform.taxonomy.skills
        return skills[demand.key].label if demand.kind == "skill" else ""

    def _evidence(self, edit: Edit) -> Evidence:
        known = self._after.get(edit)
        if known is None:
            edited = applied(self._person.record, edit)
            known = self._after[edit] = self._engine.bundle.transform.evidence(edited)
        return known

    def _more_jobs(self, edit: Edit, demand: Demand) -> int:
        """Open postings whose fit lies below the bar now and reaches it after the change."""
        if edit not in self._more:
            columns = self._engine.catalog.demands()
            slots = _asking(columns, demand)
            step = max(1, -(-len(slots) // MOST_COUNTED))
            slots = self._open(slots[::step])
            some = columns.take(slots)
            bar = float(np.log(self._bar / (1 - self._bar)))
            before = self._model.fit.logit(fit_rows(some, self._person.evidence))
            after = self._model.fit.logit(fit_rows(some, self._evidence(edit)))
            self._more[edit] = step * int(((before < bar) & (after >= bar)).sum())
        return self._more[edit]

    def _open(self, slots: I64) -> I64:
        ids = self._engine.catalog.job_ids(slots)
        newest = self._engine.catalog.slots(ids) == slots
        alive = newest & (self._engine.index.rows_of(ids) >= 0)
        return np.asarray(slots[alive], np.int64)


def _asking(columns: DemandColumns, demand: Demand) -> I64:
    """Slots of postings with a demand that the same change could meet."""
    kind = KINDS.index(demand.kind)
    asked = columns.kind == kind
    if kind == SKILL:
        asked &= columns.key == demand.key
    elif kind != YEARS and demand.text:
        asked &= columns.text == columns.names.get(demand.text.casefold(), -1)
    entries = np.flatnonzero(asked[: columns.offsets[-1]])
    slots = np.searchsorted(columns.offsets, entries, side="right") - 1
    return np.unique(slots).astype(np.int64)
