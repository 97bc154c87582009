"""Rows of the vector index: which id lives where, which rows are alive, and how that changes safely.

Readers never lock. Everything a search needs is one immutable `Rows` snapshot behind one reference;
a writer prepares the next snapshot under the write lock and swaps the reference, so a search sees a
replace, a batch or a compaction entirely or not at all. Arrays shared between snapshots only grow past
the end that older snapshots know (append) or are copied first (death of a row).

Vectors stay where they were first written: a row points to a *slot* of one large float32 matrix.
Compaction re-lays rows without copying a vector, and slots of dropped rows are reused only after the
last search that could still read them has let go of the old layout. So a rebuild does not double memory.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import deque
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from models.index_errors import IndexInputError, StaleMaskError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Scan = TypeVar("Scan")
Item = TypeVar("Item", bound=np.generic)

MIN_SPARE = 4096
UNIT_TOLERANCE = 1e-3
#: Process-wide, so that a mask made for one index (or before a hot swap) never fits another by accident.
_generations = itertools.count(1)


class Lease:
    """Held by every layout of a generation: while one lives, slots of the generation's rows stay theirs."""


@dataclass(frozen=True, eq=False)
class Layout(Generic[Scan]):
    """What one compaction fixed. The first `n_base` rows are covered by `scan` and the sorted id map.

    A fold (see `RowTable.fold`) makes a new layout of the same generation: row numbers stay.
    """

    generation: int
    n_base: int
    sorted_ids: Ints  # ascending, distinct
    sorted_rows: Ints  # newest base row of sorted_ids[i]
    lease: Lease
    scan: Scan | None = None
    previous_generation: int = 0
    previous_rows: Ints | None = None  # (rows at the swap,) row number in the previous generation


@dataclass(frozen=True, eq=False)
class Rows(Generic[Scan]):
    """An immutable snapshot; arrays may be longer than `n_rows`, the excess is not part of it."""

    layout: Layout[Scan]
    vectors: Floats  # (slots, dim)
    slots: Ints  # row -> slot
    ids: Ints  # row -> id
    alive: Bools  # row -> searchable
    base_bits: npt.NDArray[np.uint8]  # alive[:n_base], packed little-endian
    n_rows: int
    n_alive: int
    base_dead: int

    @property
    def n_delta(self) -> int:
        return self.n_rows - self.layout.n_base

    def row_mask(self, allowed: Bools | None, generation: int | None) -> Bools | None:
        """`allowed` as a mask of this snapshot's rows; rows past its end are not allowed.

        A mask of the generation before is translated, so a compaction between making a mask and using it
        costs the caller nothing. Raises StaleMaskError for any other generation or an overlong mask.
        """
        if allowed is None:
            return None
        if allowed.ndim != 1 or allowed.dtype != np.bool_:
            raise IndexInputError(f"allowed must be a 1-d boolean mask, got {allowed.dtype} {allowed.shape}")
        mask = np.zeros(self.n_rows, dtype=np.bool_)
        if generation is None or generation == self.layout.generation:
            if len(allowed) > self.n_rows:
                raise StaleMaskError(f"mask of {len(allowed)} rows, the index has {self.n_rows}")
            mask[: len(allowed)] = allowed
            return mask
        old = self.layout.previous_rows
        if old is None or generation != self.layout.previous_generation:
            raise StaleMaskError(f"mask of layout {generation}, the index has {self.layout.generation}")
        known = int(np.searchsorted(old, len(allowed)))  # previous_rows ascend
        mask[:known] = allowed[old[:known]]
        return mask


class RowTable(Generic[Scan]):
    """The writers' side: append, kill, re-lay and fold. All methods are safe from any thread."""

    def __init__(self, rows: Rows[Scan]) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        base = rows.layout.n_base
        self._delta = _row_of(rows.ids[base : rows.n_rows], base)
        self._used = rows.n_rows
        self._free: deque[Ints] = deque()

    @property
    def rows(self) -> Rows[Scan]:
        return self._rows

    def append(self, ids: Ints, vectors: Floats) -> None:
        """Insert or replace (batch, dim) unit vectors; of an id given twice the last one counts."""
        ids, vectors = _last_of_each(ids, vectors)
        with self._lock:
            slots = self._take_slots(len(ids))
            now = self._rows
            now.vectors[slots] = vectors
            start, end = now.n_rows, now.n_rows + len(ids)
            grown = replace(
                now,
                slots=_extended(now.slots, start, slots),
                ids=_extended(now.ids, start, ids),
                alive=_extended(now.alive, start, np.ones(len(ids), dtype=np.bool_)),
                n_rows=end,
                n_alive=now.n_alive + len(ids),
            )
            replaced = self._find(ids)
            self._delta.update(zip(ids.tolist(), range(start, end), strict=True))
            self._rows = _without(grown, replaced)[0]

    def kill(self, ids: Ints) -> int:
        """Make ids unsearchable; returns how many were alive."""
        with self._lock:
            self._rows, killed = _without(self._rows, self._find(np.unique(ids)))
            return killed

    def locate(self, ids: Ints) -> tuple[Rows[Scan], Ints]:
        """A snapshot and the newest row of each id in it (dead ones too), -1 where unknown."""
        with self._lock:
            return self._rows, self._find(ids)

    def relay(self, before: Rows[Scan], kept: Ints, scan: Scan | None) -> None:
        """Swap in a layout made of `kept` (rows of `before`) plus what was appended since.

        Rows of `kept` that died since are dead in the new layout: no update is lost.
        """
        sorted_ids, sorted_rows = sorted_map(before.ids[kept])
        with self._lock:
            now = self._rows
            late = before.n_rows + np.flatnonzero(now.alive[before.n_rows : now.n_rows])
            order = np.concatenate([kept, late])
            layout = Layout(
                generation=next(_generations),
                n_base=len(kept),
                sorted_ids=sorted_ids,
                sorted_rows=sorted_rows,
                lease=Lease(),
                scan=scan,
                previous_generation=now.layout.generation,
                previous_rows=order,
            )
            self._rows = snapshot(layout, now.vectors, now.slots[order], now.ids[order], now.alive[order])
            self._delta = _row_of(now.ids[late], len(kept))
            dropped = np.ones(now.n_rows, dtype=np.bool_)
            dropped[order] = False
            # deque.append is atomic: the finalizer may run in any thread, even inside this lock.
            dropped_slots = now.slots[: now.n_rows][dropped]
            weakref.finalize(now.layout.lease, self._free.append, dropped_slots).atexit = False

    def fold(self, before: Rows[Scan], scan: Scan) -> None:
        """Swap in a scan that covers all rows of `before`, dead ones too; row numbers do not change."""
        sorted_ids, sorted_rows = sorted_map(before.ids[: before.n_rows])
        with self._lock:
            now = self._rows
            layout = replace(
                now.layout, n_base=before.n_rows, sorted_ids=sorted_ids, sorted_rows=sorted_rows, scan=scan
            )
            base = now.alive[: layout.n_base]
            self._rows = replace(
                now,
                layout=layout,
                base_bits=np.packbits(base, bitorder="little"),
                base_dead=len(base) - int(np.count_nonzero(base)),
            )
            self._delta = _row_of(now.ids[layout.n_base : now.n_rows], layout.n_base)

    def _find(self, ids: Ints) -> Ints:
        layout = self._rows.layout
        found = np.full(len(ids), -1, dtype=np.int64)
        if len(layout.sorted_ids):
            at = np.minimum(np.searchsorted(layout.sorted_ids, ids), len(layout.sorted_ids) - 1)
            found = np.where(layout.sorted_ids[at] == ids, layout.sorted_rows[at], found)
        if self._delta:
            newer = np.array([self._delta.get(i, -1) for i in ids.tolist()], dtype=np.int64)
            found = np.where(newer >= 0, newer, found)
        return found

    def _take_slots(self, wanted: int) -> Ints:
        parts: list[Ints] = []
        while wanted and self._free:
            part = self._free.popleft()
            parts.append(part[:wanted])
            if len(part) > wanted:
                self._free.appendleft(part[wanted:])
            wanted -= len(parts[-1])
        if self._used + wanted > len(self._rows.vectors):
            self._grow(self._used + wanted)
        parts.append(np.arange(self._used, self._used + wanted))
        self._used += wanted
        return np.concatenate(parts)

    def _grow(self, needed: int) -> None:
        """Move to a larger matrix. Rare: `reserve` asks for spare address space, which costs no memory."""
        larger = reserve(needed, self._rows.vectors.shape[1])
        larger[: self._used] = self._rows.vectors[: self._used]
        self._rows = replace(self._rows, vectors=larger)


def reserve(rows: int, dim: int) -> Floats:
    """A (≥ 2 x rows, dim) float32 matrix; the operating system gives memory only to slots once written."""
    return np.empty((2 * rows + MIN_SPARE, dim), dtype=np.float32)


def snapshot(layout: Layout[Scan], vectors: Floats, slots: Ints, ids: Ints, alive: Bools) -> Rows[Scan]:
    """Rows of exactly these (rows,) arrays, with the counts derived from them."""
    base = alive[: layout.n_base]
    n_rows, n_alive = len(ids), int(np.count_nonzero(alive))
    return Rows(
        layout=layout,
        vectors=vectors,
        slots=_with_room(slots),
        ids=_with_room(ids),
        alive=_with_room(alive),
        base_bits=np.packbits(base, bitorder="little"),
        n_rows=n_rows,
        n_alive=n_alive,
        base_dead=layout.n_base - int(np.count_nonzero(base)),
    )


def first_layout(ids: Ints, n_base: int, scan: Scan | None) -> Layout[Scan]:
    """The layout of a fresh or loaded index whose first `n_base` rows are compacted."""
    sorted_ids, sorted_rows = sorted_map(ids[:n_base])
    return Layout(next(_generations), n_base, sorted_ids, sorted_rows, Lease(), scan)


def sorted_map(ids: Ints) -> tuple[Ints, Ints]:
    """Distinct ids ascending and the last row of each."""
    order = np.argsort(ids, kind="stable")
    ascending = ids[order]
    last = np.ones(len(ids), dtype=np.bool_)
    last[:-1] = ascending[1:] != ascending[:-1]
    return ascending[last], order[last]


def checked_ids(ids: npt.ArrayLike) -> Ints:
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise IndexInputError(f"ids must be a 1-d integer array, got {array.dtype} {array.shape}")
    array = array.astype(np.int64)
    if array.size and array.min() < 0:
        raise IndexInputError("ids must not be negative (-1 marks an empty place in results)")
    return array


def checked_vectors(vectors: npt.ArrayLike, count: int | None, dim: int | None) -> Floats:
    """(count, dim) contiguous float32 unit rows, or IndexInputError saying which row is wrong."""
    array = np.ascontiguousarray(vectors, dtype=np.float32)
    if array.ndim != 2 or array.shape[1] == 0 or (dim is not None and array.shape[1] != dim):
        raise IndexInputError(f"vectors must have shape (n, {dim or 'dim'}), got {array.shape}")
    if count is not None and len(array) != count:
        raise IndexInputError(f"{count} ids for {len(array)} vectors")
    squared = np.einsum("ij,ij->i", array, array)
    wrong = np.flatnonzero(~(np.abs(squared - 1) <= 2 * UNIT_TOLERANCE))  # also true for NaN
    if wrong.size:
        raise IndexInputError(f"vector {wrong[0]} is not finite and of length 1 (|v|² = {squared[wrong[0]]})")
    return array


def _without(rows: Rows[Scan], doomed: Ints) -> tuple[Rows[Scan], int]:
    """A snapshot in which rows `doomed` (-1 = none) are dead, and how many of them were alive."""
    doomed = doomed[doomed >= 0]
    doomed = doomed[rows.alive[doomed]]
    if not doomed.size:
        return rows, 0
    alive = rows.alive.copy()
    alive[doomed] = False
    base = doomed[doomed < rows.layout.n_base]
    bits = rows.base_bits
    if base.size:
        bits = bits.copy()
        np.bitwise_and.at(bits, base >> 3, ~(np.uint8(1) << (base & 7).astype(np.uint8)))
    died = len(doomed)
    left, base_dead = rows.n_alive - died, rows.base_dead + len(base)
    return replace(rows, alive=alive, base_bits=bits, n_alive=left, base_dead=base_dead), died


def _extended(array: npt.NDArray[Item], used: int, more: npt.NDArray[Item]) -> npt.NDArray[Item]:
    """`array` with `more` after its first `used` items, in place while its spare room lasts.

    In place is safe: snapshots sharing the array end at or before `used`.
    """
    end = used + len(more)
    if end > len(array):
        array = _with_room(array[:used], end)
    array[used:end] = more
    return array


def _with_room(array: npt.NDArray[Item], size: int = 0) -> npt.NDArray[Item]:
    """A copy with spare places (never none: row -1 may then be read, if not used, in an empty index)."""
    size = max(size, len(array))
    larger = np.zeros(size + size // 8 + MIN_SPARE, dtype=array.dtype)
    larger[: len(array)] = array
    return larger


def _row_of(ids: Ints, first_row: int) -> dict[int, int]:
    return dict(zip(ids.tolist(), range(first_row, first_row + len(ids)), strict=True))


def _last_of_each(ids: Ints, vectors: Floats) -> tuple[Ints, Floats]:
    _, from_end = np.unique(ids[::-1], return_index=True)
    if len(from_end) == len(ids):
        return ids, vectors
    keep = np.sort(len(ids) - 1 - from_end)
    return ids[keep], vectors[keep]
