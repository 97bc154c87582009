"""Who wins an interleaved comparison: credit from events, a sign test and an interval on the preference.

The unit is the user, not the page: pages of one user are no independent votes. A user prefers the team with
more credited acts over all their pages; equal credit is a tie and says nothing about the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from scipy.stats import binomtest

from training.market.behaviour import examination
from training.ope.pages import F64
from training.ope.simulated import SLOTS, SimulatedLog

#: Two rankings, a length and a random state -> (job id, team "A" or "B") from the top.
Draft = Callable[[Sequence[int], Sequence[int], int, Random], Sequence[tuple[int, str]]]


@dataclass(frozen=True)
class Preference:
    """Users who prefer A, B or neither; `share` of A among those who prefer one, with its 95 % interval.

    The interval is Wilson's (1927), the p-value the exact two-sided sign test against one half. Without a
    deciding user the share is one half, the interval [0, 1] and p is 1.
    """

    a: int
    b: int
    ties: int
    share: float
    low: float
    high: float
    p_value: float


def credit(teams: Iterable[tuple[int, str]], acts: Mapping[int, float]) -> tuple[float, float]:
    """(A's, B's) acts on one page, each act by the team that picked its posting.

    teams: (job id, "A" or "B") of the list shown; acts by job id. An act on a posting that nobody picked
    counts for nobody. Raises ValueError for another team.
    """
    totals = {"A": 0.0, "B": 0.0}
    for job, team in teams:
        if team not in totals:
            raise ValueError(f"a posting is credited to A or B, not to {team!r}")
        totals[team] += acts.get(job, 0.0)
    return totals["A"], totals["B"]


def preference(pages: Iterable[tuple[int, float, float]]) -> Preference:
    """pages: (user, A's credit, B's credit), several per user allowed."""
    margins: dict[int, float] = {}
    for user, a, b in pages:
        margins[user] = margins.get(user, 0.0) + a - b
    wins = sum(margin > 0 for margin in margins.values())
    losses = sum(margin < 0 for margin in margins.values())
    ties, decided = len(margins) - wins - losses, wins + losses
    if decided == 0:
        return Preference(0, 0, ties, 0.5, 0.0, 1.0, 1.0)
    test = binomtest(wins, decided)
    interval = test.proportion_ci(method="wilson")
    return Preference(
        wins, losses, ties, wins / decided, float(interval.low), float(interval.high), float(test.pvalue)
    )


def simulated_preference(log: SimulatedLog, a: F64, b: F64, draft: Draft, *, seed: int = 0) -> Preference:
    """What an interleaved experiment on every page of `log` would say of rankers with scores a, b (n, m).

    Who looks at a rank, and what they do then, follows the market's own model: a page's acts are drawn with
    the probability of examination times a third of the expected acts (there are three kinds).
    """
    random, draws = Random(seed), np.random.default_rng(seed)
    power = log.market.world.config.preferences.examination_power
    looked = examination(np.arange(1, SLOTS + 1), power)
    pages = []
    for row in range(len(log.pages)):
        tops = [_top(scores[row]) for scores in (a, b)]
        shown = list(draft(tops[0], tops[1], SLOTS, random))
        columns = [column for column, _ in shown]
        chance = looked[: len(shown)] * log.attraction[row, columns] / 3.0
        acted = draws.random(len(shown)) < chance
        acts = {column: 1.0 for column, act in zip(columns, acted, strict=True) if act}
        pages.append((int(log.pages.user[row]), *credit(shown, acts)))
    return preference(pages)


def _top(scores: F64) -> list[int]:
    """Columns of the best SLOTS candidates, best first; fewer when fewer can be shown."""
    order = np.argsort(-scores, kind="stable")[:SLOTS]
    return [int(column) for column in order if np.isfinite(scores[column])]
