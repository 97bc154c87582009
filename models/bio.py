"""BIO tags (Ramshaw and Marcus 1995): the best consistent sequence, and the spans that it marks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
OUTSIDE, BEGIN, INSIDE = 0, 1, 2
_NEVER = float("-inf")


def decode(log_p: F32, closed: Sequence[bool] = ()) -> list[int]:
    """(words, 3) log-probabilities of O, B, I -> the likeliest tags in which I follows B or I only.

    `closed[i]` forbids I at word i: no span reaches over the gap before it. Viterbi (1967), exact.
    """
    if len(log_p) == 0:
        return []
    rows = log_p.tolist()
    outside, begin, inside = rows[0][0], rows[0][1], _NEVER
    back: list[tuple[int, int]] = []  # for each later word: best tag before O or B, best tag before I
    for at in range(1, len(rows)):
        free, free_from = max((outside, OUTSIDE), (begin, BEGIN), (inside, INSIDE), key=_score)
        held, held_from = (begin, BEGIN) if begin >= inside else (inside, INSIDE)
        o, b, i = rows[at]
        outside, begin = free + o, free + b
        inside = _NEVER if closed and closed[at] else held + i
        back.append((free_from, held_from))
    tag = max((outside, OUTSIDE), (begin, BEGIN), (inside, INSIDE), key=_score)[1]
    tags = [tag]
    for free_from, held_from in reversed(back):
        tag = held_from if tag == INSIDE else free_from
        tags.append(tag)
    return tags[::-1]


def spans(tags: Sequence[int]) -> list[tuple[int, int]]:
    """Half-open word ranges; an I without a B before it opens a span, as conlleval reads it."""
    found: list[tuple[int, int]] = []
    start = -1
    for at, tag in enumerate([*tags, OUTSIDE]):
        if start >= 0 and tag != INSIDE:
            found.append((start, at))
            start = -1
        if tag == BEGIN or (tag == INSIDE and start < 0):
            start = at
    return found


def span_log_p(log_p: F32, start: int, end: int) -> float:
    """Log-probability of exactly this span, words taken as independent: B, then I, then no further I."""
    inside = float(log_p[start + 1 : end, INSIDE].sum())
    ends = 0.0
    if end < len(log_p):
        ends = float(np.log(max(1.0 - np.exp(float(log_p[end, INSIDE])), 1e-6)))
    return float(log_p[start, BEGIN]) + inside + ends


def _score(candidate: tuple[float, int]) -> float:
    return candidate[0]
