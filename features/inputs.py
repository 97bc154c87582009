"""`Inputs`: what a tower reads, as plain arrays. The same type travels from the transform to the training
files and to the serving request, so a row can be taken, saved, memory-mapped or batched in one way only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bag:
    """Weighted ids per row in CSR form: row i owns `ids[offsets[i]:offsets[i + 1]]`; offsets is (n + 1,)."""

    ids: I64
    offsets: I64
    weights: F32

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: I64) -> Bag:
        starts, ends = self.offsets[rows], self.offsets[rows + 1]
        lengths = ends - starts
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        # positions of every element: each row's start, repeated, plus a running index inside the row
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        flat = np.repeat(starts, lengths) + within
        return Bag(np.asarray(self.ids[flat]), offsets, np.asarray(self.weights[flat]))

    @classmethod
    def from_rows(cls, rows: Iterable[dict[int, float]]) -> Bag:
        ids: list[int] = []
        weights: list[float] = []
        offsets = [0]
        for row in rows:
            ids.extend(row.keys())
            weights.extend(row.values())
            offsets.append(len(ids))
        return cls(np.array(ids, np.int64), np.array(offsets, np.int64), np.array(weights, np.float32))

    @classmethod
    def concat(cls, bags: Sequence[Bag]) -> Bag:
        ends = np.cumsum([0] + [len(b.ids) for b in bags])
        offsets = [bags[0].offsets[:1]] + [b.offsets[1:] + e for b, e in zip(bags, ends, strict=False)]
        return cls(
            np.concatenate([b.ids for b in bags]),
            np.concatenate(offsets),
            np.concatenate([b.weights for b in bags]),
        )


@dataclass(frozen=True, slots=True)
class History:
    """Past interactions per row, newest last, padded on the left with job id -1.

    job_ids (n, H) int64; kinds (n, H) int64, an index into `POSITIVE_KINDS`; age_days (n, H) float32,
    days between the interaction and the moment the row describes (never negative).
    """

    job_ids: I64
    kinds: I64
    age_days: F32

    def __len__(self) -> int:
        return len(self.job_ids)

    def take(self, rows: I64) -> History:
        return History(
            np.asarray(self.job_ids[rows]), np.asarray(self.kinds[rows]), np.asarray(self.age_days[rows])
        )


@dataclass(frozen=True, slots=True)
class Inputs:
    """Rows of one side (jobs or users): dense fields (n, d) float32, bag fields, and for users a history."""

    dense: dict[str, F32] = field(default_factory=dict)
    bags: dict[str, Bag] = field(default_factory=dict)
    history: History | None = None

    def __len__(self) -> int:
        for part in (*self.dense.values(), *self.bags.values(), self.history):
            if part is not None:
                return len(part)
        return 0

    def take(self, rows: I64) -> Inputs:
        return Inputs(
            {name: np.asarray(a[rows]) for name, a in self.dense.items()},
            {name: b.take(rows) for name, b in self.bags.items()},
            None if self.history is None else self.history.take(rows),
        )

    def with_history(self, history: History) -> Inputs:
        return Inputs(self.dense, self.bags, history)

    @classmethod
    def concat(cls, parts: Sequence[Inputs]) -> Inputs:
        """Stacks parts that share the same fields; histories are not concatenated."""
        first = parts[0]
        return cls(
            {name: np.concatenate([p.dense[name] for p in parts]) for name in first.dense},
            {name: Bag.concat([p.bags[name] for p in parts]) for name in first.bags},
        )


class InputsWriter:
    """Appends parts to a folder of raw files, so that a corpus larger than memory can be prepared.

    One little-endian file per array; `inputs.json`, written last, makes the folder readable by `open_inputs`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "inputs.json").unlink(missing_ok=True)
        for stale in folder.glob("*.bin"):
            stale.unlink()
        self._rows = 0
        self._widths: dict[str, int] = {}
        self._ends: dict[str, int] = {}

    def append(self, part: Inputs) -> None:
        for name, array in part.dense.items():
            self._widths[name] = array.shape[1]
            self._extend(f"{name}.dense", array.astype("<f4"))
        for name, bag in part.bags.items():
            base = self._ends.get(name, 0)
            self._extend(f"{name}.ids", bag.ids.astype("<i8"))
            self._extend(f"{name}.weights", bag.weights.astype("<f4"))
            self._extend(f"{name}.ends", (bag.offsets[1:] + base).astype("<i8"))
            self._ends[name] = base + len(bag.ids)
        self._rows += len(part)

    def _extend(self, name: str, array: npt.NDArray[np.generic]) -> None:
        with (self.folder / f"{name}.bin").open("ab") as f:
            f.write(array.tobytes())

    def close(self) -> None:
        meta = {"rows": self._rows, "dense": self._widths, "bags": sorted(self._ends)}
        (self.folder / "inputs.json").write_text(json.dumps(meta, indent=1, sort_keys=True))


def open_inputs(folder: Path) -> Inputs:
    """Memory-maps what an `InputsWriter` wrote; nothing is read until rows are taken.

    Raises FileNotFoundError if the folder was never completed.
    """
    meta = json.loads((folder / "inputs.json").read_text())
    rows = int(meta["rows"])
    dense: dict[str, F32] = {}
    for name, width in meta["dense"].items():
        dense[name] = np.memmap(folder / f"{name}.dense.bin", "<f4", "r", shape=(rows, width))
    return Inputs(dense, {name: _open_bag(folder, name, rows) for name in meta["bags"]})


def _open_bag(folder: Path, name: str, rows: int) -> Bag:
    offsets = np.zeros(rows + 1, np.int64)  # 8 bytes a row: the only part that is held in memory
    offsets[1:] = np.fromfile(folder / f"{name}.ends.bin", "<i8")
    if offsets[-1] == 0:  # a file of length zero cannot be mapped
        return Bag(np.zeros(0, np.int64), offsets, np.zeros(0, np.float32))
    ids: I64 = np.memmap(folder / f"{name}.ids.bin", "<i8", "r")
    weights: F32 = np.memmap(folder / f"{name}.weights.bin", "<f4", "r")
    return Bag(ids, offsets, weights)
