"""What an audit asks of a model: two numbers for each pair of a person and a posting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.records import JobRecord, UserRecord

F64 = npt.NDArray[np.float64]
KINDS = ("fit", "interest")


@dataclass(frozen=True)
class Scores:
    """`fit` and `interest` are (n,) probabilities; NaN where the model abstained or has no such number."""

    fit: F64
    interest: F64

    def of(self, kind: str) -> F64:
        return self.fit if kind == "fit" else self.interest


#: n people and n postings, pair by pair.
Scorer = Callable[[Sequence[UserRecord], Sequence[JobRecord]], Scores]


def in_batches(
    score: Scorer, users: Sequence[UserRecord], jobs: Sequence[JobRecord], size: int = 256
) -> Scores:
    """The same, without holding the inputs of all pairs at once."""
    parts = [score(users[i : i + size], jobs[i : i + size]) for i in range(0, len(users), size)]
    empty = np.zeros(0, np.float64)
    return Scores(
        np.concatenate([empty, *(part.fit for part in parts)]),
        np.concatenate([empty, *(part.interest for part in parts)]),
    )
