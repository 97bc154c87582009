"""One search of one snapshot of the vector index: which rows are scored exactly, and when that is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.index_rows import Bools, Floats, Ints, Rows

#: A filter that lets less than this share of the base pass is searched exactly. A selector slows the scan
#: the more, the fewer rows pass; measured at 1 M rows, both cost 8 ms at 5.5 %.
EXACT_SHARE = 0.055
#: Candidates per wanted result: scored at once, scored if the bound asks for it, scanned anew if still so.
FIRST_FACTOR, SCAN_FACTOR, LAST_FACTOR = 10, 40, 160
#: The same for small k: at least this many.
FIRST_MIN, SCAN_MIN, LAST_MIN = 128, 512, 2_048
#: Standard deviations; measured on unclustered data, 3.5 leaves recall@100 ≥ .999.
SAFE_DEVIATIONS = 3.5
QUERY_BLOCK = 64
#: From this many queries on, one gather of the rows and a matrix product beats scoring them in place.
GEMM_QUERIES = 4
GEMM_ROWS = 8_192
#: Scores held at once in a batch of exact searches: 64 MB.
MAX_SCORES = 1 << 24

#: (vectors (slots, dim), slots (n,), query (dim,)) -> inner products (n,)
ExactScores = Callable[[Floats, Ints, Floats], Floats]


class Scan(Protocol):
    """Approximate search over the base rows. `errors` (sample, dim): what quantisation lost of some rows."""

    errors: Floats

    def candidates(
        self, queries: Floats, count: int, bits: npt.NDArray[np.uint8] | None
    ) -> tuple[Floats, Ints]:
        """Approximate scores and rows, (q, count) best first; `bits` packs the rows allowed."""
        ...


class Searcher:
    """Search of one snapshot for `k` rows among those alive and, where `mask` (n_rows,) is given, in it.

    The scan is used only when more base rows pass than it could ever return as candidates, so candidate
    lists are full; otherwise every passing row is scored. Rows added since the compaction always are.
    """

    def __init__(
        self, rows: Rows[Scan], k: int, mask: Bools | None, score: ExactScores, exact_rows: int
    ) -> None:
        self.rows, self.k, self.score = rows, k, score
        base = rows.layout.n_base
        alive = rows.alive[: rows.n_rows] if mask is None else rows.alive[: rows.n_rows] & mask
        base_count = base - rows.base_dead if mask is None else int(np.count_nonzero(alive[:base]))
        narrow = max(exact_rows, LAST_FACTOR * k, int(EXACT_SHARE * base))
        self.scan = rows.layout.scan if base_count > narrow else None
        self.bits: npt.NDArray[np.uint8] | None = None
        if self.scan and mask is not None:
            self.bits = np.packbits(alive[:base], bitorder="little")
        elif self.scan and rows.base_dead:
            self.bits = rows.base_bits
        first = base if self.scan else 0
        self.exact_rows: Ints = first + np.flatnonzero(alive[first:])

    def run(self, queries: Floats) -> tuple[Floats, Ints]:
        """(q, k) scores and row numbers, best first, padded with -inf and -1."""
        scores = np.full((len(queries), self.k), -np.inf, dtype=np.float32)
        found = np.full((len(queries), self.k), -1, dtype=np.int64)
        size = min(QUERY_BLOCK, max(GEMM_QUERIES, MAX_SCORES // max(1, len(self.exact_rows))))
        for start in range(0, len(queries), size):
            block = queries[start : start + size]
            for i, (best, rows) in enumerate(self._block(block), start):
                scores[i, : len(rows)], found[i, : len(rows)] = best, rows
        return scores, found

    def _block(self, queries: Floats) -> Iterator[tuple[Floats, Ints]]:
        exact = self._exact(queries)
        if self.scan is None:
            yield from exact
            return
        approximate, rows = self.scan.candidates(queries, max(SCAN_MIN, SCAN_FACTOR * self.k), self.bits)
        errors = queries @ self.scan.errors.T  # (q, sample)
        for i, (scores, delta) in enumerate(exact):
            refined = self._refined(queries[i], approximate[i], rows[i], errors[i])
            yield _best(np.concatenate([scores, refined[0]]), np.concatenate([delta, refined[1]]), self.k)

    def _exact(self, queries: Floats) -> Iterator[tuple[Floats, Ints]]:
        slots = self.rows.slots[self.exact_rows]
        if len(queries) < GEMM_QUERIES or not len(slots):
            for query in queries:
                yield _best(self.score(self.rows.vectors, slots, query), self.exact_rows, self.k)
            return
        scores = np.empty((len(queries), len(slots)), dtype=np.float32)
        for start in range(0, len(slots), GEMM_ROWS):
            part = self.rows.vectors[slots[start : start + GEMM_ROWS]]
            scores[:, start : start + len(part)] = queries @ part.T
        for row in scores:
            yield _best(row, self.exact_rows, self.k)

    def _refined(self, query: Floats, approximate: Floats, rows: Ints, errors: Floats) -> tuple[Floats, Ints]:
        """Exact scores of as many candidates as the bound asks for, and their rows."""
        rows = rows[rows >= 0]
        approximate = approximate[: len(rows)]
        first = max(FIRST_MIN, FIRST_FACTOR * self.k)
        exact = self._scores(rows[:first], query)
        if self._safe(exact, approximate[:first], errors):
            return exact, rows[:first]
        exact = np.concatenate([exact, self._scores(rows[first:], query)])
        if self._safe(exact, approximate, errors) or self.scan is None:
            return exact, rows
        more = self.scan.candidates(query[None], max(LAST_MIN, LAST_FACTOR * self.k), self.bits)[1][0]
        more = more[more >= 0]
        return self._scores(more, query), more

    def _safe(self, exact: Floats, approximate: Floats, errors: Floats) -> bool:
        """Whether a row outside the candidates would need an improbable quantisation error to belong in.

        The error is judged from a sample of all rows and from the candidates; the larger spread counts,
        since rows near the query may be coded worse than the average row.
        """
        if len(exact) < self.k:
            return False
        kth = np.partition(exact, -self.k)[-self.k]
        spread = max(float(errors.std()), float((exact - approximate).std()))
        return bool(kth - approximate[-1] - errors.mean() >= SAFE_DEVIATIONS * spread)

    def _scores(self, rows: Ints, query: Floats) -> Floats:
        return self.score(self.rows.vectors, self.rows.slots[rows], query)


def _best(scores: Floats, rows: Ints, k: int) -> tuple[Floats, Ints]:
    if len(scores) > k:
        top = np.argpartition(scores, -k)[-k:]
        scores, rows = scores[top], rows[top]
    order = np.lexsort((rows, -scores))
    return scores[order], rows[order]
