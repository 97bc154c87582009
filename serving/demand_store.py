"""What all postings of a catalogue ask for, as columns that grow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.demand_columns import DemandColumns, intern
from serving.columns import GrowingArray, RaggedArray

I64 = npt.NDArray[np.int64]


class Demands:
    """One writer at a time; `extend` appends rows, `take` and `view` read what was complete before."""

    def __init__(self) -> None:
        self._kind: RaggedArray[np.int8] = RaggedArray(np.int8)
        self._need: GrowingArray[np.int8] = GrowingArray(np.int8)
        self._part: GrowingArray[np.int8] = GrowingArray(np.int8)
        self._key: GrowingArray[np.int32] = GrowingArray(np.int32)
        self._start: GrowingArray[np.int32] = GrowingArray(np.int32)
        self._end: GrowingArray[np.int32] = GrowingArray(np.int32)
        self._text: GrowingArray[np.int32] = GrowingArray(np.int32)
        self._names: dict[str, int] = {"": 0}
        self._texts: list[str] = [""]

    def extend(self, rows: pa.ListArray) -> None:
        """`rows` is the demands column of JOBS_SCHEMA."""
        lengths = np.asarray(pc.list_value_length(rows).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        flat = pc.list_flatten(rows)
        for name, column in (
            ("need", self._need),
            ("part", self._part),
            ("key", self._key),
            ("start", self._start),
            ("end", self._end),
        ):
            column.extend(pc.struct_field(flat, name).to_numpy(zero_copy_only=False))
        texts = pc.struct_field(flat, "text").to_pylist()
        self._text.extend([intern(text, self._names, self._texts) for text in texts])
        # last: it tells readers how far all columns reach
        self._kind.extend(lengths, pc.struct_field(flat, "kind").to_numpy(zero_copy_only=False))

    def take(self, slots: I64) -> DemandColumns:
        offsets, at = self._kind.positions(slots)
        return DemandColumns(
            offsets,
            self._kind.flat.view()[at],
            self._need.view()[at],
            self._key.view()[at],
            self._start.view()[at],
            self._end.view()[at],
            self._part.view()[at],
            self._text.view()[at],
            self._names,
            self._texts,
        )

    def view(self, rows: int) -> DemandColumns:
        """Of the first `rows` slots."""
        offsets = self._kind.offsets()[: rows + 1]
        return DemandColumns(
            offsets,
            self._kind.flat.view(),
            self._need.view(),
            self._key.view(),
            self._start.view(),
            self._end.view(),
            self._part.view(),
            self._text.view(),
            self._names,
            self._texts,
        )
