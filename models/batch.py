"""`Inputs` -> tensors. The training collator and the serving recommender both call this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from features.inputs import History, Inputs


@dataclass
class TensorBag:
    ids: torch.Tensor  # (m,) int64
    offsets: torch.Tensor  # (n,) int64, start of each row
    weights: torch.Tensor  # (m,) float32


@dataclass
class HistoryBatch:
    vectors_of: torch.Tensor  # (n, H) int64, row of each past job in a vector table; arbitrary where masked
    mask: torch.Tensor  # (n, H) bool, True where there is an interaction with a known vector
    kinds: torch.Tensor  # (n, H) int64
    age_days: torch.Tensor  # (n, H) float32


@dataclass
class Batch:
    """One side of a batch. `history` is filled for users only."""

    size: int
    dense: dict[str, torch.Tensor] = field(default_factory=dict)
    bags: dict[str, TensorBag] = field(default_factory=dict)
    history: HistoryBatch | None = None

    def to(self, device: torch.device) -> Batch:
        if device.type == "cpu":
            return self
        dense = {k: v.to(device, non_blocking=True) for k, v in self.dense.items()}
        bags = {
            k: TensorBag(b.ids.to(device), b.offsets.to(device), b.weights.to(device))
            for k, b in self.bags.items()
        }
        h = self.history
        moved = h and HistoryBatch(
            h.vectors_of.to(device), h.mask.to(device), h.kinds.to(device), h.age_days.to(device)
        )
        return Batch(self.size, dense, bags, moved)


def to_batch(inputs: Inputs, known_jobs: npt.NDArray[np.int64] | None = None) -> Batch:
    """`known_jobs` are the ids, ascending, of the jobs in the vector table given to the user tower, row by
    row; past jobs missing from it are masked out."""
    # copies: memory-mapped arrays are read-only, and torch insists on writable ones
    dense = {k: torch.from_numpy(np.array(v, np.float32)) for k, v in inputs.dense.items()}
    bags = {
        k: TensorBag(
            torch.from_numpy(np.array(b.ids, np.int64)),
            torch.from_numpy(np.array(b.offsets[:-1], np.int64)),
            torch.from_numpy(np.array(b.weights, np.float32)),
        )
        for k, b in inputs.bags.items()
    }
    return Batch(len(inputs), dense, bags, _history(inputs.history, known_jobs))


def _history(history: History | None, known: npt.NDArray[np.int64] | None) -> HistoryBatch | None:
    if history is None:
        return None
    if known is None or len(known) == 0:
        known = np.full(1, -2, np.int64)  # matches no id, not even the padding
    at = np.minimum(np.searchsorted(known, history.job_ids), len(known) - 1)
    return HistoryBatch(
        torch.from_numpy(at),
        torch.from_numpy(known[at] == history.job_ids),
        torch.from_numpy(np.array(history.kinds)),
        torch.from_numpy(np.array(history.age_days)),
    )
