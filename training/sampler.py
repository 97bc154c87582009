"""Which examples and which negatives make a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.dataset import TrainData

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Draw:
    """Rows of one step: examples (b,), shared uniform negatives (m,), own hard negatives (b, h) or -1."""

    examples: I64
    uniform: I64
    hard: I64


class BatchSampler:
    """Shuffles examples once per epoch; deterministic by (seed, epoch)."""

    def __init__(self, data: TrainData, batch_size: int, uniform: int, hard: int, seed: int) -> None:
        self._data, self._batch, self._uniform, self._hard, self._seed = data, batch_size, uniform, hard, seed
        counts = np.bincount(data.examples.job, minlength=len(data.jobs)).astype(np.float64)
        probability = counts / max(counts.sum(), 1)
        # log expected number of times a job stands in a batch, from both sources together
        expected = batch_size * probability + uniform / max(len(data.jobs), 1)
        self.log_q = np.log(np.maximum(expected, 1e-12)).astype(np.float32)

    def __len__(self) -> int:
        return max(1, len(self._data.examples) // self._batch)

    def epoch(self, number: int) -> Iterator[Draw]:
        rng = np.random.default_rng((self._seed, number))
        order = rng.permutation(len(self._data.examples))
        for step in range(len(self)):
            rows = order[step * self._batch : (step + 1) * self._batch]
            uniform = rng.integers(0, len(self._data.jobs), self._uniform)
            hard = np.full((len(rows), 0), -1, np.int64)
            if self._hard and self._data.passed_over is not None:
                users = self._data.examples.user[rows]
                hard = self._data.passed_over.sample(users, self._hard, rng)
            yield Draw(rows, uniform, hard)
