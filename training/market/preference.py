"""The latent preference model: what a seeker thinks of a posting. The formula stands in `training.market`."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from training.market.config import MarketConfig
from training.market.draws import Stream
from training.market.postings import PostingTable, iter_facts
from training.market.seekers import SeekerTable, iter_seekers
from training.market.world import World

#: (seeker's wish, posting's mode) -> fit. Rows: on-site, hybrid, remote, unspecified.
REMOTE_FIT = np.array([[0.3, 0.0, -0.8], [-0.4, 0.8, 0.5], [-1.0, 0.3, 1.0], [0.0, 0.1, 0.1]])
#: How much of the distance penalty is left for a posting that is on-site, hybrid, remote.
COMMUTE = np.array([1.0, 0.75, 0.0])
Array = NDArray[np.float64]
Rows = NDArray[np.int64]


class PreferenceModel:
    """Utilities of (seeker, posting) pairs; rows are positions in the two tables, times are days."""

    def __init__(self, world: World, seekers: SeekerTable, postings: PostingTable) -> None:
        self.world, self.seekers, self.postings = world, seekers, postings
        self.weights = world.config.preferences
        self._company_taste = np.array([company.taste for company in world.companies])
        self._reputation = np.array([company.reputation for company in world.companies])

    def utility(self, users: Rows, jobs: Rows, at: Array, views: Array | None = None) -> Array:
        """(n,) expected utility of n pairs at days `at`; `views` adds the social term (recent views)."""
        weights = self.weights
        total = weights.coverage * self.coverage(users, jobs) + weights.occupation * self.occupation(
            users, jobs
        )
        total += self._place(users, jobs) + self._remote(users, jobs, at) + self._salary(users, jobs)
        total -= self._level_gap(users, jobs)
        total -= weights.freshness * np.clip((at - self.postings.posted[jobs]) / 30.0, 0.0, 1.0)
        total += self._company(users, jobs)
        return total if views is None else total + weights.social * np.log1p(views)

    def noise(self, users: Rows, jobs: Rows) -> Array:
        """(n,) what no model can know of a pair: normal, the same each time the pair meets."""
        seed = np.uint64(self.world.config.seed)
        key = self.seekers.user_id[users].astype(np.uint64) << np.uint64(32)
        key ^= self.postings.job_id[jobs].astype(np.uint64)
        first, second = (unit_hash(key, seed * np.uint64(2) + np.uint64(salt)) for salt in (0, 1))
        return np.asarray(self.weights.noise * np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second))

    def coverage(self, users: Rows, jobs: Rows) -> Array:
        """(n,) in [0, 1]: share of the demanded skills the seeker has, related ones counted half."""
        known = self.seekers.known[users[:, None], self.postings.skills[jobs]]
        return np.asarray((known * self.postings.weights[jobs]).sum(axis=1), dtype=np.float64)

    def occupation(self, users: Rows, jobs: Rows) -> Array:
        """(n,) in [0, 1]: closeness to the occupation wanted (4/5) and to the one so far (1/5)."""
        proximity, occupation = self.world.proximity, self.postings.occupation[jobs]
        wanted = proximity[self.seekers.wanted[users], occupation]
        return np.asarray(0.8 * wanted + 0.2 * proximity[self.seekers.past[users], occupation])

    def _place(self, users: Rows, jobs: Rows) -> Array:
        home, work = self.seekers.city[users], self.postings.city[jobs]
        far = 1.0 - np.exp(-self.world.distance_km[home, work] / self.weights.distance_km)
        commute = COMMUTE[self.postings.mode[jobs]] * (1.0 - self.seekers.mobility[users])
        abroad = self.world.abroad[home, work]
        return np.asarray(-self.weights.distance * commute * far - self.weights.abroad * abroad)

    def _remote(self, users: Rows, jobs: Rows, at: Array) -> Array:
        drift = 1.0 + self.weights.remote_drift * np.clip(at / self.world.config.days, 0.0, 1.0)
        fit = REMOTE_FIT[self.seekers.remote[users], self.postings.mode[jobs]]
        return np.asarray(self.weights.remote * drift * fit)

    def _salary(self, users: Rows, jobs: Rows) -> Array:
        pay = self.postings.salary_usd[jobs]
        gain = np.clip(np.log(pay / self.seekers.expectation_usd[users]), -0.5, 0.35) / 0.35
        return np.asarray(np.where(np.isnan(pay), -self.weights.salary_hidden, self.weights.salary * gain))

    def _level_gap(self, users: Rows, jobs: Rows) -> Array:
        gap = (self.postings.level[jobs] - self.seekers.level[users]).astype(np.float64)
        return np.where(gap > 0, self.weights.level_above * gap, -self.weights.level_below * gap)

    def _company(self, users: Rows, jobs: Rows) -> Array:
        company = self.postings.company[jobs]
        taste = (self.seekers.taste[users] * self._company_taste[company]).sum(axis=1)
        return np.asarray(self.weights.taste * taste + self.weights.reputation * self._reputation[company])


def unit_hash(key: NDArray[np.uint64], salt: np.uint64) -> Array:
    """(n,) floats in (0, 1) from 64-bit keys (the finaliser of SplitMix64, Steele et al. 2014)."""
    return np.asarray((mix64(key, salt) >> np.uint64(11)).astype(np.float64) / 2**53 + 2**-54)


def mix64(key: NDArray[np.uint64], salt: np.uint64) -> NDArray[np.uint64]:
    """(n,) well mixed 64-bit values; equal keys and salts give equal values."""
    with np.errstate(over="ignore"):
        value = key + (salt + np.uint64(int(Stream.DAY))) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
        return np.asarray(value ^ (value >> np.uint64(31)))


class Oracle:
    """Expected utility by id, rebuilt from the config alone. For analysis: no model may train on it."""

    def __init__(self, config: MarketConfig) -> None:
        self.config = config
        world = World(config)
        seekers = SeekerTable.collect(world, iter_seekers(world))
        self.model = PreferenceModel(world, seekers, PostingTable.collect(world, iter_facts(world)))

    def utility(self, user_ids: Rows, job_ids: Rows, at: datetime, *, noise: bool = False) -> Array:
        """(n,) utilities of n pairs at one moment. Raises IndexError for an id outside the market."""
        users, jobs = np.asarray(user_ids) - 1, np.asarray(job_ids) - 1
        if users.min(initial=0) < 0 or jobs.min(initial=0) < 0:
            raise IndexError("ids of a simulated market start at 1")
        days = (at - self.config.start).total_seconds() / 86_400
        total = self.model.utility(users, jobs, np.full(len(users), days))
        return total + self.model.noise(users, jobs) if noise else total


def true_utility(config: MarketConfig, user_ids: Rows, job_ids: Rows, at: datetime) -> Array:
    """(n,) expected utility of n (user, job) pairs; `Oracle` is cheaper when asked more than once."""
    return Oracle(config).utility(user_ids, job_ids, at)
