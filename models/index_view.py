"""The read side of a vector index that is not search: rows, ids and stored vectors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.index_errors import StaleMaskError
from models.index_rows import Bools, Floats, Ints, RowTable, checked_ids


class RowLayout(NamedTuple):
    """One consistent reading of the rows: ids[row], dead rows included, and the generation they belong to."""

    generation: int
    ids: Ints


class IndexView:
    """What an index holds; every answer is of one moment."""

    _table: RowTable[Any]

    @property
    def dim(self) -> int:
        return int(self._table.rows.vectors.shape[1])

    @property
    def generation(self) -> int:
        """Number of the present row layout, unique in the process."""
        return self._table.rows.layout.generation

    def __len__(self) -> int:
        return self._table.rows.n_alive

    def layout(self) -> RowLayout:
        rows = self._table.rows
        return RowLayout(rows.layout.generation, _read_only(rows.ids[: rows.n_rows]))

    def row_ids(self) -> Ints:
        """(rows,) the id of every row, dead ones included; see `layout` for a reading that cannot race."""
        return self.layout().ids

    def ids(self) -> Ints:
        """(alive,) ids in row order."""
        rows = self._table.rows
        return rows.ids[: rows.n_rows][rows.alive[: rows.n_rows]]

    def rows_of(self, ids: npt.ArrayLike, *, generation: int | None = None) -> Ints:
        """(n,) the newest row of each id, -1 where it is unknown or removed.

        With `generation`, StaleMaskError if that is no longer the layout the rows would be numbers of.
        """
        rows, found = self._table.locate(checked_ids(ids))
        if generation is not None and generation != rows.layout.generation:
            raise StaleMaskError(f"rows of layout {generation}, the index has {rows.layout.generation}")
        return np.where((found >= 0) & rows.alive[found], found, -1)

    def vectors(self, ids: npt.ArrayLike) -> tuple[Bools, Floats]:
        """(n,) found and (n, dim) stored vectors, zero where not found; removed ids until compaction."""
        rows, found = self._table.locate(checked_ids(ids))
        known = found >= 0
        out = np.zeros((len(found), rows.vectors.shape[1]), dtype=np.float32)
        out[known] = rows.vectors[rows.slots[found[known]]]
        return known, out


def _read_only(array: Ints) -> Ints:
    view = array.view()
    view.flags.writeable = False
    return view
