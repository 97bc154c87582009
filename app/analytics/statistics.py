"""The arithmetic of the figures: Wilson's interval, calibration error, stability of a distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, sqrt

Z95 = 1.959963984540054


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), which stays within [0, 1] and is honest near both ends."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, Z95 * Z95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def calibration_error(bins: Sequence[tuple[int, int, float]]) -> float:
    """Mean distance of promised and observed over bins of (n, hits, mean score), weighted by n."""
    total = sum(n for n, _, _ in bins)
    return sum(abs(hits - n * score) for n, hits, score in bins) / total if total else 0.0


def stability(first: Mapping[int, int], second: Mapping[int, int], *, bins: int = 10) -> float:
    """Population stability index of two histograms over the same steps, binned at the first one's quantiles.

    sum of (q - p) * ln(q / p) over bins, where an empty bin counts half an observation of the smaller side,
    so that it has a logarithm. Zero for equal shares; neither histogram may be empty.
    """
    edges = _quantiles(first, bins)
    least = 0.5 / min(sum(first.values()), sum(second.values()))
    p, q = _shares(first, edges, least), _shares(second, edges, least)
    return sum((b - a) * log(b / a) for a, b in zip(p, q, strict=True))


def _quantiles(counts: Mapping[int, int], bins: int) -> list[int]:
    """Up to bins - 1 different steps, each the last of its bin; a step with much mass takes several."""
    total, running, edges = sum(counts.values()), 0, list[int]()
    for step in sorted(counts):
        running += counts[step]
        if running * bins >= (len(edges) + 1) * total and len(edges) < bins - 1:
            edges.append(step)
    return edges


def _shares(counts: Mapping[int, int], edges: Sequence[int], least: float) -> list[float]:
    total, out = sum(counts.values()), [0.0] * (len(edges) + 1)
    for step, count in counts.items():
        out[sum(step > edge for edge in edges)] += count / total
    return [max(share, least) for share in out]
