"""Recall of a JobIndex against exact search, filtered and not: the figure that gates a release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.index_errors import IndexInputError, RecallTooLowError
from models.index_rows import Bools, Floats, Ints, Rows

QUERY_BLOCK = 16
ROW_BLOCK = 32_768
#: Two ways of summing 256 products differ by about this much; equal vectors must count as equal.
SCORE_TOLERANCE = 2e-6

SearchRows = Callable[[Floats, int, Bools], Ints]


@dataclass(frozen=True, slots=True)
class RecallCell:
    """Recall@k under one filter. `passing` counts alive rows it lets through; `worst` is the worst query."""

    filter: str
    passing: int
    recall: float
    worst: float


@dataclass(frozen=True, slots=True)
class RecallReport:
    k: int
    queries: int
    cells: tuple[RecallCell, ...]

    @property
    def lowest(self) -> RecallCell:
        return min(self.cells, key=lambda cell: cell.recall)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def require_recall(report: RecallReport, floor: float = 0.99) -> None:
    """Raise RecallTooLowError, naming every cell below `floor`, unless all reach it."""
    low = [cell for cell in report.cells if not cell.recall >= floor]
    if low or not report.cells:
        cells = ", ".join(f"{cell.filter}: {cell.recall:.4f}" for cell in low) or "nothing measured"
        raise RecallTooLowError(f"recall@{report.k} below {floor}: {cells}")


def measure_recall(
    rows: Rows[Any], queries: Floats, k: int, filters: tuple[float, ...], search: SearchRows, seed: int = 0
) -> RecallReport:
    """Recall@k of `search(queries, k, mask) -> row numbers` on one snapshot.

    Each filter fraction is tried with a random mask; the widest of at most 10 % also with a correlated one
    that keeps the rows farthest from the queries, the case in which graph and cell searches lose most.
    A returned row counts when its exact score reaches the k-th best exact score, so ties do not matter.
    """
    if k < 1 or not len(queries) or any(not 0 < fraction <= 1 for fraction in filters):
        raise IndexInputError("recall needs k ≥ 1, queries and filter fractions in (0, 1]")
    masks = dict(_masks(rows, queries, filters, seed))
    hits: dict[str, list[float]] = {name: [] for name in masks}
    found = {name: search(queries, k, mask) for name, mask in masks.items()}
    for start in range(0, len(queries), QUERY_BLOCK):
        scores = _all_scores(rows, queries[start : start + QUERY_BLOCK])
        for name, mask in masks.items():
            hits[name] += _recalls(scores, mask, found[name][start : start + QUERY_BLOCK], k)
    cells = (
        RecallCell(name, int(np.count_nonzero(mask)), float(np.mean(hits[name])), float(np.min(hits[name])))
        for name, mask in masks.items()
    )
    return RecallReport(k, len(queries), tuple(cells))


def _masks(
    rows: Rows[Any], queries: Floats, filters: tuple[float, ...], seed: int
) -> Iterator[tuple[str, Bools]]:
    rng = np.random.default_rng(seed)
    alive = rows.alive[: rows.n_rows]
    for fraction in filters:
        yield f"{fraction:g}", alive & (rng.random(rows.n_rows) < fraction)
    narrow = [fraction for fraction in filters if fraction <= 0.1]
    if narrow and alive.any():
        affinity = _all_scores(rows, queries.mean(axis=0, keepdims=True))[0]
        limit = np.quantile(affinity[alive], max(narrow))
        yield f"{max(narrow):g} correlated", alive & (affinity <= limit)


def _all_scores(rows: Rows[Any], queries: Floats) -> npt.NDArray[np.float32]:
    """(queries, n_rows) exact scores."""
    scores = np.empty((len(queries), rows.n_rows), dtype=np.float32)
    for start in range(0, rows.n_rows, ROW_BLOCK):
        slots = rows.slots[start : min(start + ROW_BLOCK, rows.n_rows)]
        scores[:, start : start + len(slots)] = queries @ rows.vectors[slots].T
    return scores


def _recalls(scores: npt.NDArray[np.float32], mask: Bools, found: Ints, k: int) -> list[float]:
    possible = min(k, int(np.count_nonzero(mask)))
    if not possible:
        return [1.0] * len(scores)
    passing = scores[:, mask]
    floor = np.partition(passing, -possible, axis=1)[:, -possible] - SCORE_TOLERANCE
    recalls = []
    for row_scores, row_found, limit in zip(scores, found, floor, strict=True):
        valid = np.unique(row_found[row_found >= 0])
        reached = np.count_nonzero(row_scores[valid[mask[valid]]] >= limit)
        recalls.append(min(1.0, int(reached) / possible))
    return recalls
