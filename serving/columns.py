"""Arrays that only grow. Readers take `view()` and keep what they saw; one writer appends.

Capacity doubles, so appending is cheap on average; a view stays valid because old memory is never reused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)
I64 = npt.NDArray[np.int64]


class GrowingArray(Generic[Scalar]):
    def __init__(self, dtype: type[Scalar]) -> None:
        self._data: npt.NDArray[Scalar] = np.empty(0, dtype)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def view(self) -> npt.NDArray[Scalar]:
        return self._data[: self._size]

    def extend(self, values: npt.ArrayLike) -> None:
        added = np.asarray(values, self._data.dtype)
        needed = self._size + len(added)
        if needed > len(self._data):
            # the first block is taken exactly: most catalogues are loaded once and grow little
            larger = np.empty(needed if not self._size else max(needed, 2 * self._size), self._data.dtype)
            larger[: self._size] = self.view()
            self._data = larger
        self._data[self._size : needed] = added
        self._size = needed


class RaggedArray(Generic[Scalar]):
    """Rows of different length; `flat` holds them one after another."""

    def __init__(self, dtype: type[Scalar]) -> None:
        self.flat: GrowingArray[Scalar] = GrowingArray(dtype)
        self._ends: GrowingArray[np.int64] = GrowingArray(np.int64)

    def __len__(self) -> int:
        return len(self._ends)

    def extend(self, lengths: npt.ArrayLike, flat: npt.ArrayLike) -> None:
        base = len(self.flat)
        self.flat.extend(flat)
        self._ends.extend(base + np.cumsum(np.asarray(lengths, np.int64)))

    def offsets(self) -> I64:
        """(rows + 1,) where each row begins and the last ends."""
        return np.concatenate([np.zeros(1, np.int64), self._ends.view()])

    def positions(self, rows: I64) -> tuple[I64, I64]:
        """Offsets of some rows put one after another, and where their entries lie in `flat`."""
        ends = self._ends.view()
        starts = np.where(rows > 0, ends[rows - 1], 0)
        lengths = ends[rows] - starts
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        at = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return offsets, at

    def row(self, i: int) -> npt.NDArray[Scalar]:
        start, end = self.bounds(i)
        return self.flat.view()[start:end]

    def bounds(self, i: int) -> tuple[int, int]:
        ends = self._ends.view()
        return (int(ends[i - 1]) if i else 0), int(ends[i])


class TextArray:
    """UTF-8 strings in one block: a million titles cost their bytes, not a million objects."""

    def __init__(self) -> None:
        self._rows = RaggedArray(np.uint8)

    def extend(self, texts: Sequence[str]) -> None:
        encoded = [t.encode() for t in texts]
        self._rows.extend([len(e) for e in encoded], np.frombuffer(b"".join(encoded), np.uint8))

    def __getitem__(self, i: int) -> str:
        return self._rows.row(i).tobytes().decode()
