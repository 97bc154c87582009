"""Strict span F1: a span counts if its kind and both ends are those of the gold span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.metrics import Estimate

F64 = npt.NDArray[np.float64]
#: (kind, first word, word after the last)
SpanKey = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """Per sentence (n, 3): spans found and right, spans found, gold spans."""

    values: F64

    def f1(self) -> float:
        return float(_f1(self.values.sum(0)))

    def precision(self) -> float:
        right, found, _ = self.values.sum(0)
        return float(right / found) if found else 0.0

    def recall(self) -> float:
        right, _, gold = self.values.sum(0)
        return float(right / gold) if gold else 0.0

    def interval(self, seed: int = 0, resamples: int = 1000) -> Estimate:
        """Bootstrap over sentences (Efron 1979), 95 % percentile interval of the pooled F1."""
        rng = np.random.default_rng(seed)
        n = len(self.values)
        draws = [_f1(self.values[rng.integers(0, n, n)].sum(0)) for _ in range(resamples)]
        low, high = np.percentile(draws, [2.5, 97.5])
        return Estimate(self.f1(), float(low), float(high), n)


def count(found: Sequence[set[SpanKey]], gold: Sequence[set[SpanKey]], kinds: Sequence[str]) -> Counts:
    """`found` and `gold` per sentence, of any kind; only `kinds` are counted."""
    rows = []
    for f, g in zip(found, gold, strict=True):
        own = {s for s in f if s[0] in kinds}
        right = {s for s in g if s[0] in kinds}
        rows.append((len(own & right), len(own), len(right)))
    return Counts(np.array(rows, np.float64).reshape(-1, 3))


def scores(
    found: Sequence[set[SpanKey]], gold: Sequence[set[SpanKey]], groups: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """F1 by the name of each group of kinds."""
    return {name: count(found, gold, kinds).f1() for name, kinds in groups.items()}


def _f1(totals: F64) -> float:
    right, found, gold = totals
    return float(2 * right / (found + gold)) if found + gold else 0.0
