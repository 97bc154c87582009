"""Fits the intervals of a probability on held-out people, and counts how often they hold on others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.intervals import FEWEST, LEVEL, POSTINGS, Intervals
from training.metrics import Estimate, estimate

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
#: Bands start from these edges; one with fewer groups than MIN_GROUPS joins its neighbour. The first is wide:
#: twenty postings cannot show a share finer than .05, and an interval that must hold 0 holds too often.
EDGES = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
MIN_GROUPS = 50


@dataclass(frozen=True)
class Groups:
    """Up to POSTINGS rows of one person whose probabilities lie in one band: what was promised on average,
    the share in which the event happened, how many rows, which band (g,)."""

    promised: F64
    share: F64
    size: I64
    band: I64

    def __len__(self) -> int:
        return len(self.promised)


@dataclass(frozen=True)
class Coverage:
    """How many of the groups lie inside their interval; the mean width; and both per band."""

    inside: Estimate
    width: float
    by_band: dict[str, Estimate]


def fit_intervals(probability: F64, label: I64, person: I64) -> Intervals:
    """Split conformal per band over (n,) rows that no part of the model was fitted to, in order of time.

    `probability` is that of the label as it was observed: for a click in a list, examination(rank) times the
    probability at the first place. Raises ValueError if there are fewer than MIN_GROUPS groups.
    """
    edges = _edges(probability, person)
    groups = group(probability, label, person, edges)
    if len(groups) < MIN_GROUPS:
        raise ValueError(f"{len(groups)} groups of one person are too few: {MIN_GROUPS} are needed")
    centre, low, high = [], [], []
    for band in range(len(edges) - 1):
        mine = groups.band == band
        middle = float(groups.promised[mine].mean())
        below, above = _distances(groups.promised[mine], groups.share[mine])
        centre.append(middle)
        low.append(min(middle + below, middle))
        high.append(max(middle + above, middle))
    middles = np.array(centre)  # a higher probability never has a lower end that is lower, or an upper one
    below_all = np.minimum(np.maximum.accumulate(low) - middles, 0.0)
    above_all = np.maximum(np.maximum.accumulate(high) - middles, 0.0)
    return Intervals(edges, tuple(centre), tuple(below_all.tolist()), tuple(above_all.tolist()))


def coverage(intervals: Intervals, probability: F64, label: I64, person: I64) -> Coverage:
    """On (n,) rows of other moments or people. Raises ValueError if they form no group."""
    groups = group(probability, label, person, intervals.edges)
    if not len(groups):
        raise ValueError(f"nobody has {FEWEST} rows in one band: there is nothing to check intervals on")
    low, high = intervals.of(groups.promised)
    inside = (groups.share >= low - 1e-9) & (groups.share <= high + 1e-9)
    names = [f"{a:g}-{b:g}" for a, b in zip(intervals.edges, intervals.edges[1:], strict=False)]
    by_band = {
        name: estimate(inside[groups.band == b].astype(np.float64))
        for b, name in enumerate(names)
        if (groups.band == b).any()
    }
    return Coverage(estimate(inside.astype(np.float64)), float((high - low).mean()), by_band)


def group(probability: F64, label: I64, person: I64, edges: tuple[float, ...]) -> Groups:
    """Rows of one person and band in the order given, POSTINGS at a time; rests below FEWEST are dropped."""
    band = np.searchsorted(np.array(edges[1:-1]), probability, side="right")
    order = np.lexsort((np.arange(len(person)), band, person))
    key = person[order] * len(edges) + band[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
    length = np.diff(np.r_[first, len(key)])
    place = np.arange(len(key)) - np.repeat(first, length)
    starts = np.flatnonzero(place % POSTINGS == 0)
    size = np.diff(np.r_[starts, len(key)])
    kept = np.flatnonzero(size >= FEWEST)
    if not len(kept):
        nothing = np.zeros(0)
        return Groups(nothing, nothing, np.zeros(0, np.int64), np.zeros(0, np.int64))
    promised = np.add.reduceat(probability[order], starts)[kept] / size[kept]
    share = np.add.reduceat(label[order].astype(np.float64), starts)[kept] / size[kept]
    return Groups(promised, share, size[kept], band[order][starts][kept].astype(np.int64))


def _edges(probability: F64, person: I64) -> tuple[float, ...]:
    """EDGES without those that would leave a band with too few groups, from the thinnest band on."""
    edges = list(EDGES)
    nothing = np.zeros(len(probability), np.int64)
    while len(edges) > 2:
        groups = group(probability, nothing, person, tuple(edges))
        counts = np.bincount(groups.band, minlength=len(edges) - 1)
        thin = int(counts.argmin())
        if counts[thin] >= MIN_GROUPS:
            break
        left = counts[thin - 1] if thin else np.inf
        right = counts[thin + 1] if thin + 1 < len(counts) else np.inf
        del edges[thin if left <= right else thin + 1]
    return tuple(edges)


def _distances(promised: F64, share: F64) -> tuple[float, float]:
    """Quantiles of share - promised with the correction for a finite sample.

    Where more than the tail's part of the shares is 0 (or 1), that end is 0 (or 1) itself and costs nothing:
    the other end gets the whole of what may lie outside.
    """
    strays, n = np.sort(share - promised), len(share)
    outside = 1.0 - LEVEL
    empty, full = (float((share == end).mean()) >= outside / 2 for end in (0.0, 1.0))
    lower = outside if full else outside / 2
    upper = outside if empty else outside / 2
    k_low = int(np.floor(lower * (n + 1)))
    k_high = int(np.ceil((1.0 - upper) * (n + 1)))
    below = -float(promised.mean()) if empty else (float(strays[k_low - 1]) if k_low >= 1 else -1.0)
    above = 1.0 - float(promised.mean()) if full else (float(strays[k_high - 1]) if k_high <= n else 1.0)
    return below, above
