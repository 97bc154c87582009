"""Which of the ranked postings are shown, where, and with what probability.

The policy is greedy with one exploring position: with probability epsilon a response gives one of its
positions 3..n, drawn evenly, to a posting drawn evenly from those just below the page. The chance that the
policy put a posting at its position is therefore known exactly and logged, which is what off-policy
evaluation needs (Horvitz & Thompson 1952; Bottou et al. 2013, "Counterfactual reasoning").
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: The first two positions are never used to explore: most people look at nothing else.
FIRST_EXPLORING_POSITION = 3
#: How far below the page an exploring posting may come from, in pages.
POOL_PAGES = 4
#: Postings of one company on a page of twenty; other page sizes in proportion, never fewer than this.
MAX_PER_COMPANY = 3
#: Cosine from which two postings count as one.
REPOST = 0.98
_PAGE = 20


@dataclass(frozen=True, slots=True)
class Placed:
    """`candidate` is an index into the ranked candidates; `propensity` in (0, 1]."""

    candidate: int
    propensity: float


def reposts(vectors: npt.NDArray[np.float32]) -> list[bool]:
    """Candidates (n, 256), best first -> True where a better one is the same posting published again.

    Unit vectors whose cosine reaches REPOST say the same of the same job in the same place; on real postings
    repeats lie above .99, and other roles of one company below .9.
    """
    same = np.tril(vectors @ vectors.T, -1) >= REPOST
    again: list[bool] = np.any(same, axis=1).tolist()
    return again


def diversify(
    companies: Sequence[int], limit: int, again: Sequence[bool] = (), *, strength: float = 0.5
) -> list[int]:
    """Candidate order in which a page holds no repost (`again`) and only so many postings of a company
    (-1: unknown, no limit).

    `strength` in [0, 1]: at 0 companies do not matter, at 1 one posting of a company stands on a page of
    twenty, at .5 MAX_PER_COMPANY do. What is left out keeps its order and comes after the rest: it is shown
    only if nothing else is left.
    """
    page = round(MAX_PER_COMPANY ** (2 - 2 * strength))
    most = max(page, page * limit // _PAGE) if strength > 0 else len(companies)
    seen: Counter[int] = Counter()
    kept: list[int] = []
    over: list[int] = []
    for candidate, company in enumerate(companies):
        repeated = candidate < len(again) and again[candidate]
        if repeated or (company >= 0 and seen[company] >= most):
            over.append(candidate)
        else:
            seen[company] += 1
            kept.append(candidate)
    return kept + over


def place(order: Sequence[int], limit: int, epsilon: float, draw: random.Random) -> list[Placed]:
    """The page: at most `limit` of `order` (candidates, best first) with their propensities."""
    page = list(order[:limit])
    pool = order[limit : POOL_PAGES * limit]
    slots = len(page) - FIRST_EXPLORING_POSITION + 1
    if not pool or slots < 1 or epsilon <= 0:
        return [Placed(c, 1.0) for c in page]
    stays = 1.0 - epsilon / slots
    placed = [Placed(c, 1.0 if i < FIRST_EXPLORING_POSITION - 1 else stays) for i, c in enumerate(page)]
    if draw.random() < epsilon:
        position = FIRST_EXPLORING_POSITION - 1 + draw.randrange(slots)
        placed[position] = Placed(pool[draw.randrange(len(pool))], epsilon / slots / len(pool))
    return placed
