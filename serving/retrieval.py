"""The first stage: which postings may be shown, nearest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.index import StaleMaskError
from serving.catalog import Conditions
from serving.engine import Engine

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
_TRIES = 5


@dataclass(frozen=True)
class Candidates:
    """Postings best first: ids, slots in the catalogue and similarities, all (n,)."""

    ids: I64
    slots: I64
    similarities: F32


def search(
    engine: Engine, vector: F32, k: int, conditions: Conditions, without: frozenset[int]
) -> Candidates:
    """A mask outdated by two compactions since it was made is made again; that it happens twice is rare."""
    for attempt in range(_TRIES):
        try:
            scores, ids = _search_once(engine, vector, k, conditions, without)
            break
        except StaleMaskError:
            if attempt == _TRIES - 1:
                raise
    found = ids >= 0
    return Candidates(ids[found], engine.catalog.slots(ids[found]), scores[found])


def _search_once(
    engine: Engine, vector: F32, k: int, conditions: Conditions, without: frozenset[int]
) -> tuple[F32, I64]:
    allowed, generation = None, None
    if conditions or without:
        allowed, generation = engine.catalog.mask(conditions, engine.index)
        rows = engine.index.rows_of(np.fromiter(without, np.int64, len(without)), generation=generation)
        allowed[rows[(rows >= 0) & (rows < len(allowed))]] = False
    scores, ids = engine.index.search(
        vector[None], k, encoder_version=engine.encoder_version, allowed=allowed, generation=generation
    )
    return scores[0], ids[0]
