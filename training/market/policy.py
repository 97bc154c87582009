"""The logged policy: which postings a session shows, in which order, and with what probability.

Each slot first draws one of three rankers (popularity, content, uniform) by the weights of `Policy`, then
a posting from that ranker's distribution over what is eligible and not yet shown. The logged propensity is
the exact probability of this posting at this rank given what stands above it and, where there are more
open postings than `candidate_pool`, times the chance of having been in the drawn pool. So
E[1 / propensity] counts the postings that could have stood in the slot, which the tests check.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from training.market.postings import MAX_SKILLS, REMOTE, PostingTable
from training.market.preference import Array, Rows
from training.market.seekers import SeekerTable
from training.market.world import World

#: A posting is shown only while at least this long is left, so that the session ends before it closes.
SESSION_DAYS = 2.0 / 24.0
#: After so many rejected draws in a row the slot is drawn from the renormalised weights directly.
_MAX_REJECTIONS = 16


@dataclass(frozen=True, slots=True)
class Shown:
    """Impressions, one row each; `session` is the row of the session in the batch, `rank` starts at 1."""

    session: Rows
    rank: Rows
    job: Rows  # position in the posting table
    propensity: Array
    score: Array


class LoggedPolicy:
    """Draws the slates of a batch of sessions."""

    def __init__(self, world: World, seekers: SeekerTable, postings: PostingTable) -> None:
        self.world, self.seekers, self.postings = world, seekers, postings
        self.policy = world.config.policy
        self._max_logit = (
            self.policy.content_occupation + self.policy.content_skills + self.policy.content_place
        )

    def propose(
        self,
        random: np.random.Generator,
        users: Rows,
        at: Array,
        pool: Rows,
        views: Array,
        blocked: NDArray[np.bool_],
    ) -> Shown:
        """Slates for sessions of `users` (a,) at days `at` (a,) over postings `pool` (m,).

        views (m,) are recent views of the pool; blocked (a, m) marks what must not be shown.
        A session with few eligible postings gets a shorter slate, none at all when there are none.
        """
        logits = self._content_logits(users, pool)
        eligible = self.eligible(at, pool) & ~blocked
        urn = _Urn(self._weights(logits, eligible, at, pool, views), self._mixture())
        slots = self._slots(random, eligible)
        none = np.zeros(0, dtype=np.int64)
        drawn = [(none, none, none, np.zeros(0))]
        for rank in range(1, int(slots.max(initial=0)) + 1):
            rows = np.flatnonzero(slots >= rank)
            drawn.append((rows, np.full(len(rows), rank), *urn.draw(random, rows)))
        session, ranks, column, propensity = (np.concatenate(part) for part in zip(*drawn, strict=True))
        score = logits[session, column].astype(np.float64) / self._max_logit
        return Shown(session, ranks, pool[column], propensity, score)

    def eligible(self, at: Array, pool: Rows) -> NDArray[np.bool_]:
        """(a, m) True where the posting is open from the session's start to its end."""
        posted, closed = self.postings.posted[pool], self.postings.closed[pool]
        return np.asarray((posted < at[:, None]) & (closed > at[:, None] + SESSION_DAYS))

    def _slots(self, random: np.random.Generator, eligible: NDArray[np.bool_]) -> Rows:
        pages = 1 + (random.random(len(eligible)) < self.policy.second_page)
        # Never more than half of what is eligible: the last of many would have a forced rank.
        return np.asarray(
            np.minimum(self.policy.slots * pages, (eligible.sum(axis=1) + 1) // 2), dtype=np.int64
        )

    def _mixture(self) -> Array:
        return np.array([self.policy.popularity, self.policy.content, self.policy.uniform])

    def _weights(
        self, logits: NDArray[np.float32], eligible: NDArray[np.bool_], at: Array, pool: Rows, views: Array
    ) -> Array:
        age = np.clip(at[:, None] - self.postings.posted[pool], 0.0, None)
        popular = (1.0 + views) ** self.policy.popularity_views * np.exp(
            -age / self.policy.popularity_age_days
        )
        content = np.exp(logits.astype(np.float64) - self._max_logit)
        return np.stack([popular, content, np.ones_like(popular)]) * eligible

    def _content_logits(self, users: Rows, pool: Rows) -> NDArray[np.float32]:
        """(a, m) what a plain content ranker makes of the stated facts alone."""
        postings, seekers = self.postings, self.seekers
        # Sparse: a posting names a dozen skills of five hundred (and no BLAS, whose sums vary with threads).
        rows = np.repeat(np.arange(len(pool)), MAX_SKILLS)
        entries = (postings.listed[pool].ravel(), (rows, postings.skills[pool].ravel()))
        demand = csr_array(entries, shape=(len(pool), len(self.world.vocabulary.skills)))
        skills = (demand @ seekers.stated[users].T).T
        occupation = self.world.proximity[seekers.wanted[users]][:, postings.occupation[pool]]
        near = np.exp(-self.world.distance_km / 50.0)[seekers.city[users]][:, postings.city[pool]]
        place = np.maximum(near, 0.6 * (postings.mode[pool] == REMOTE))
        policy = self.policy
        logits = policy.content_occupation * occupation + policy.content_skills * skills
        return np.asarray(logits + policy.content_place * place, dtype=np.float32)


class _Urn:
    """Draws without replacement from a mixture of row-wise distributions, with exact probabilities."""

    def __init__(self, weights: Array, mixture: Array) -> None:
        """weights: (components, a, m), at least zero; mixture: (components,) summing to one."""
        self.weights, self.mixture = weights, mixture
        self.components, self.sessions, self.columns = weights.shape
        self.left = weights.sum(axis=2)  # (components, a) mass not yet shown
        self.seen = np.zeros((self.sessions, self.columns), dtype=bool)
        total = np.maximum(self.left, np.finfo(float).tiny)
        offset = np.arange(self.components * self.sessions).reshape(self.components, self.sessions)
        # One ascending array: row r of all rows covers [r, r + 1], so one binary search serves every row.
        self._cumulative = (np.cumsum(weights, axis=2) / total[:, :, None] + offset[:, :, None]).ravel()

    def draw(self, random: np.random.Generator, rows: Rows) -> tuple[Rows, Array]:
        """Column and exact probability of one more draw for each of `rows`."""
        component = np.searchsorted(np.cumsum(self.mixture)[:-1], random.random(len(rows)), side="right")
        column = self._inverse(random, component, rows)
        for _ in range(_MAX_REJECTIONS):
            again = np.flatnonzero(self._invalid(component, rows, column))
            if not len(again):
                break
            column[again] = self._inverse(random, component[again], rows[again])
        for position in np.flatnonzero(self._invalid(component, rows, column)):
            column[position] = self._exact(random, component[position], rows[position])
        probability = self._probability(rows, column)
        self.seen[rows, column] = True
        self.left[:, rows] -= self.weights[:, rows, column]
        return column, probability

    def _inverse(self, random: np.random.Generator, component: Rows, rows: Rows) -> Rows:
        row = component * self.sessions + rows
        found = np.searchsorted(self._cumulative, row + random.random(len(row)), side="right")
        return np.asarray(np.clip(found - row * self.columns, 0, self.columns - 1))

    def _invalid(self, component: Rows, rows: Rows, column: Rows) -> NDArray[np.bool_]:
        return np.asarray(self.seen[rows, column] | (self.weights[component, rows, column] <= 0))

    def _exact(self, random: np.random.Generator, component: np.int64, row: np.int64) -> int:
        weights = self.weights[component, row] * ~self.seen[row]
        return int(random.choice(self.columns, p=weights / weights.sum()))

    def _probability(self, rows: Rows, column: Rows) -> Array:
        share = self.weights[:, rows, column] / self.left[:, rows]
        return np.asarray(np.clip(self.mixture @ share, 0.0, 1.0))
