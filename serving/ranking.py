"""The second stage: the candidates in the order of predicted interest, fresher ones first if asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.cross import CROSS_FEATURE_ORDER
from serving.engine import Engine
from serving.pairs import Pairs, pairs
from serving.person import Person
from serving.policy import POOL_PAGES
from serving.retrieval import Candidates

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
#: Candidates that the second stage looks at. More cost time and were never shown (training/ranking.py).
POOL = 200
_AGE = CROSS_FEATURE_ORDER.index("freshness/age_months")


@dataclass(frozen=True)
class Ranked:
    """Candidates best first (n,); `scores` are probabilities of interest, `order` what they were sorted by.

    `pairs` is None where the release has no second stage.
    """

    ids: I64
    slots: I64
    similarities: F32
    scores: F64
    order: F64
    pairs: Pairs | None

    def take(self, chosen: list[int]) -> Ranked:
        rows = np.array(chosen, np.int64)
        return Ranked(
            self.ids[rows],
            self.slots[rows],
            self.similarities[rows],
            self.scores[rows],
            self.order[rows],
            None if self.pairs is None else self.pairs.take(rows),
        )


def pool_size(engine: Engine, limit: int) -> int:
    """How many candidates to retrieve for a page."""
    pages = POOL_PAGES * limit
    return pages if engine.bundle.match is None else max(POOL, pages)


def rank(engine: Engine, person: Person, found: Candidates, freshness: float, now: datetime) -> Ranked:
    """`freshness` is how many logits a posting loses by the end of its first month (0: none)."""
    model = engine.bundle.match
    if model is None:
        scores = engine.bundle.calibration.probability(found.similarities).astype(np.float64)
        order = found.similarities.astype(np.float64)
        return Ranked(found.ids, found.slots, found.similarities, scores, order, None)
    columns = engine.catalog.columns(found.slots)
    compared = pairs(person, columns, engine.index.vectors(found.ids)[1], now)
    numbers = model.interests(compared.x)
    order = numbers.logit - freshness * np.minimum(compared.x[:, _AGE].astype(np.float64), 1.0)
    whole = Ranked(found.ids, found.slots, found.similarities, numbers.value, order, compared)
    return whole.take(np.argsort(-order, kind="stable").tolist())
