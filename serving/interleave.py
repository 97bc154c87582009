"""Team-draft interleaving (Radlinski, Kurup and Joachims 2008): two rankings shown as one list.

In every round both teams pick their best posting not yet picked, in an order drawn anew. A posting is
credited to the team that picked it, so two equal rankings are credited alike on average, wherever people
look first.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

Team = Literal["A", "B"]


class Pick(NamedTuple):
    """A posting of the list shown, and the team that put it there."""

    job_id: int
    team: Team


def team_draft(a: Sequence[int], b: Sequence[int], length: int, random: Random) -> list[Pick]:
    """The first `length` postings of the interleaved list, best first; shorter when both rankings end.

    The same random state gives the same list. A ranking that ends leaves the rest to the other, without
    credit beyond its own picks. Raises ValueError when a ranking names a posting twice.
    """
    left: dict[Team, list[int]] = {"A": list(a), "B": list(b)}
    for team, ranking in left.items():
        if len(set(ranking)) != len(ranking):
            raise ValueError(f"ranking {team} names a posting twice")
    picks: list[Pick] = []
    taken: set[int] = set()
    ends: dict[Team, int] = {"A": 0, "B": 0}
    while len(picks) < length:
        before = len(picks)
        for team in _order(random):
            ends[team] = _next(left[team], taken, ends[team])
            if ends[team] < len(left[team]) and len(picks) < length:
                job = left[team][ends[team]]
                picks.append(Pick(job, team))
                taken.add(job)
        if len(picks) == before:
            break
    return picks


def _order(random: Random) -> tuple[Team, Team]:
    return ("A", "B") if random.random() < 0.5 else ("B", "A")


def _next(ranking: Sequence[int], taken: set[int], start: int) -> int:
    """Place of the first posting from `start` on that nobody picked; the length when there is none."""
    while start < len(ranking) and ranking[start] in taken:
        start += 1
    return start
