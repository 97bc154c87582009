"""Metamorphic tests: the same person written down twice must get the same numbers.

An edit is a test without a label (Chen et al. 1998): nobody has to know what the right score is, only that
two scores must be equal, or that one must not be higher.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.records import JobRecord, UserRecord
from training.audit.edits import PROTECTED, STUFFING, Edit
from training.audit.scores import F64, KINDS, Scorer, in_batches

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Change:
    """What one edit did to one number. `changed` counts pairs beyond the tolerance in a direction that is not
    allowed; a number that appears or vanishes counts and is a change of 1."""

    edit: str
    score: str
    rule: str  # "equal" or "not higher"
    pairs: int
    scored: int
    changed: int
    largest: float


def invariance(
    score: Scorer,
    users: Sequence[UserRecord],
    jobs: Sequence[JobRecord],
    *,
    seed: int = 0,
    protected: Mapping[str, Edit] = PROTECTED,
    stuffing: Mapping[str, Edit] = STUFFING,
) -> tuple[Change, ...]:
    """Every edit over every pair; protected edits on both numbers, stuffing on `fit`."""
    out: list[Change] = []
    for rule, edits in (("equal", protected), ("not higher", stuffing)):
        for name, edit in edits.items():
            rng = np.random.default_rng([seed, len(out)])
            pairs = [edit(user, job, rng) for user, job in zip(users, jobs, strict=True)]
            before = in_batches(score, [pair[0] for pair in pairs], jobs)
            after = in_batches(score, [pair[1] for pair in pairs], jobs)
            kinds = KINDS if rule == "equal" else ("fit",)
            out += [_change(name, kind, rule, before.of(kind), after.of(kind)) for kind in kinds]
    return tuple(out)


def _change(edit: str, kind: str, rule: str, before: F64, after: F64) -> Change:
    moved = after - before if rule == "not higher" else np.abs(after - before)
    moved = np.where(np.isnan(before) & np.isnan(after), 0.0, np.where(np.isnan(moved), 1.0, moved))
    return Change(
        edit=edit,
        score=kind,
        rule=rule,
        pairs=len(before),
        scored=int((~np.isnan(before)).sum()),
        changed=int((moved > TOLERANCE).sum()),
        largest=float(max(moved.max(initial=0.0), 0.0)),
    )


def broken(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.changed]
