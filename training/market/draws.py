"""Random draws for one entity of the simulated market.

Every entity (posting 17, seeker 3, company 5) owns a stream keyed by (seed, kind, index), so it comes
out the same however many others are generated beside it and in whatever order. A block of uniforms is
drawn at once: calling numpy for every single choice costs more than the rest of the text together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from enum import IntEnum
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
_BLOCK = 96
_NORMAL = NormalDist()


class Stream(IntEnum):
    """The kinds of random streams; the number is part of the key and must never be reused."""

    WORLD = 1
    COMPANY = 2
    POSTING = 3
    POSTING_TEXT = 4
    SEEKER = 5
    SEEKER_TEXT = 6
    DAY = 7


def generator(seed: int, stream: Stream, index: int = 0) -> np.random.Generator:
    """The numpy generator of one entity."""
    return np.random.default_rng((seed, int(stream), index))


class Draws:
    """Scalar draws in plain Python from one entity's stream."""

    def __init__(self, seed: int, stream: Stream, index: int) -> None:
        self._generator = generator(seed, stream, index)
        self._values: list[float] = []

    def uniform(self) -> float:
        """One float in [0, 1)."""
        if not self._values:
            self._values = self._generator.random(_BLOCK).tolist()
        return self._values.pop()

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.uniform() < probability

    def below(self, bound: int) -> int:
        """An integer in [0, bound)."""
        return int(self.uniform() * bound)

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high], both included."""
        return low + self.below(high - low + 1)

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.uniform() * len(options))]

    def normal(self) -> float:
        """One standard normal."""
        return _NORMAL.inv_cdf(min(max(self.uniform(), 1e-12), 1 - 1e-12))

    def weighted(self, cumulative: Sequence[float] | NDArray[np.float64]) -> int:
        """Position drawn by weight; `cumulative` holds running sums of the weights."""
        total = float(cumulative[-1])
        return min(bisect_right(cumulative, self.uniform() * total), len(cumulative) - 1)

    def sample(self, options: Sequence[T], count: int, weights: Sequence[float] | None = None) -> list[T]:
        """Up to `count` different options in drawn order (Efraimidis and Spirakis 2006 when weighted)."""
        scale = weights or [1.0] * len(options)
        keys = [self.uniform() ** (1.0 / weight) for weight in scale]
        order = sorted(range(len(options)), key=keys.__getitem__, reverse=True)
        return [options[position] for position in order[:count]]
