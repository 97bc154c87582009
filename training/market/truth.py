"""What is true of a simulated pair: does the seeker really meet what the posting really asks for.

Texts leave skills out and paraphrase them, so no reader sees this; it is the label `fit` is trained on and
judged by. It exists for simulated markets only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.market.posting_text import YEARS_ASKED
from training.market.postings import iter_facts
from training.market.preference import Array, Rows
from training.market.seekers import iter_seekers
from training.market.world import World

#: A nice-to-have counts as this share of a must; the event needs this share of everything.
NICE, ENOUGH = 1 / 3, 2 / 3
#: And this share of the years asked for.
YEARS_ENOUGH = 0.75


@dataclass(frozen=True)
class RequirementTruth:
    """Rows are positions in the market's tables (id - 1)."""

    demand: NDArray[np.float32]  # (postings, skills): 1 must, NICE nice-to-have, else 0
    known: NDArray[np.bool_]  # (seekers, skills)
    asked: Array  # (postings,) years
    years: Array  # (seekers,)

    @classmethod
    def of(cls, world: World) -> RequirementTruth:
        width = len(world.vocabulary.skills)
        postings, seekers = list(iter_facts(world)), list(iter_seekers(world))
        demand = np.zeros((len(postings), width), np.float32)
        for row, posting in enumerate(postings):
            demand[row, list(posting.nice)] = NICE
            demand[row, list(posting.must)] = 1.0
        known = np.zeros((len(seekers), width), np.bool_)
        for row, seeker in enumerate(seekers):
            known[row, list(seeker.skills)] = True
        asked = np.array([YEARS_ASKED[p.level][0] for p in postings], np.float64)
        return cls(demand, known, asked, np.array([s.years for s in seekers], np.float64))

    def share(self, users: Rows, jobs: Rows) -> Array:
        """(n,) in [0, 1]: share of what is asked for that the seeker has."""
        demand = self.demand[jobs]
        met = (demand * self.known[users]).sum(axis=1)
        return np.asarray(met / demand.sum(axis=1), np.float64)

    def meets(self, users: Rows, jobs: Rows) -> NDArray[np.bool_]:
        """(n,) the event of `fit`."""
        enough = self.share(users, jobs) >= ENOUGH - 1e-6
        return np.asarray(enough & (self.years[users] >= YEARS_ENOUGH * self.asked[jobs]))
