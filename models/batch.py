"""`Inputs` -> tensors. The training collator and the serving recommender both call this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from features.inputs import Inputs


@dataclass
class TensorBag:
    ids: torch.Tensor  # (m,) int64
    offsets: torch.Tensor  # (n,) int64, start of each row
    weights: torch.Tensor  # (m,) float32


@dataclass
class HistoryBatch:
    vectors_of: torch.Tensor  # (n, H) int64, row of each past job in a vector table; 0 where masked
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


def to_batch(inputs: Inputs, history_rows: dict[int, int] | None = None) -> Batch:
    """`history_rows` maps a past job's id to its row in the table of job vectors given to the user tower;
    past jobs missing from it are masked out."""
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
    return Batch(len(inputs), dense, bags, _history(inputs, history_rows))


def _history(inputs: Inputs, rows: dict[int, int] | None) -> HistoryBatch | None:
    if inputs.history is None:
        return None
    ids = inputs.history.job_ids
    at = np.full(ids.shape, -1, np.int64)
    if rows:
        known, inverse = np.unique(ids, return_inverse=True)
        looked_up = np.array([rows.get(int(j), -1) for j in known], np.int64)
        at = looked_up[inverse].reshape(ids.shape)
    mask = torch.from_numpy(at >= 0)
    return HistoryBatch(
        torch.from_numpy(np.maximum(at, 0)),
        mask,
        torch.from_numpy(np.array(inputs.history.kinds)),
        torch.from_numpy(np.array(inputs.history.age_days)),
    )
