"""Logs of the simulated market with the true value of any target policy beside them. For proof only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from training.market.behaviour import APPLY, IMPRESSION, SAVE, VIEW, Behaviour, Events, examination
from training.market.config import MarketConfig
from training.market.postings import PostingTable, iter_facts
from training.market.preference import mix64
from training.market.seekers import SeekerTable, iter_seekers
from training.market.world import World
from training.ope.evaluate import Candidates
from training.ope.pages import F64, I64, LoggedPages, Mask
from training.ope.targets import TargetPolicy

SLOTS = 10


@dataclass(frozen=True)
class Context:
    """The pages of one day: users (n,), moments (n,) in days, open postings (m,), who may see what (n, m)."""

    user: I64
    at: F64
    pool: I64
    views: F64
    eligible: Mask


@dataclass(frozen=True)
class SimulatedLog:
    """Every page of one market: the log, its contexts padded to one width, and what is true of them.

    jobs (n, m) positions in the posting table; eligible (n, m); attraction (n, m): expected number of
    positive acts on the posting if it is looked at; views (n, m) recent views at that moment.
    """

    market: Behaviour
    pages: LoggedPages
    at: F64
    jobs: I64
    eligible: Mask
    views: F64
    attraction: F64

    def scores(self, error: float, seed: int) -> F64:
        """(n, m) a challenger's scores: expected utility plus a lasting error of this standard deviation."""
        rows, columns = np.nonzero(self.eligible)
        users, jobs = self.pages.user[rows], self.jobs[rows, columns]
        utility = self.market.preference.utility(users, jobs, self.at[rows])
        out = np.full(self.eligible.shape, -np.inf)
        out[rows, columns] = utility + error * _normal(users, jobs, seed)
        return out

    def candidates(self, scores: F64, rows: I64) -> Candidates:
        """The pages `rows` as a data scientist would see them: a score and how often a posting was viewed."""
        score = scores[rows]
        views = np.log1p(self.views[rows])
        plain = np.where(np.isfinite(score), score, 0.0)
        features = np.stack([plain, plain**2 / 10.0, views], axis=2)
        return Candidates(score.shape[1], lambda r: score[r], lambda r: features[r])

    def true_values(self, policy: TargetPolicy, scores: F64, chunk: int = 256) -> F64:
        """(n,) expected positive acts had the policy filled each page, by the latent model."""
        power = self.market.world.config.preferences.examination_power
        looked = examination(np.arange(1, SLOTS + 1), power)
        parts = []
        for first in range(0, len(self.pages), chunk):
            rows = slice(first, first + chunk)
            chance = policy.marginals(scores[rows], SLOTS)
            per_rank = np.einsum("nkm,nm->nk", chance, self.attraction[rows]) * looked
            parts.append((per_rank * self.pages.shown[rows]).sum(axis=1))
        return np.concatenate(parts)


def simulate(config: MarketConfig) -> SimulatedLog:
    """Runs a market and keeps every page's first ten slots with all that could have stood there."""
    world = World(config)
    seekers = SeekerTable.collect(world, iter_seekers(world))
    market = Behaviour(world, seekers, PostingTable.collect(world, iter_facts(world)))
    days: list[tuple[Context, LoggedPages]] = []
    views: F64 = market.recent_views.copy()
    done: dict[int, list[int]] = {}
    for events in market.days():
        if len(events.session):
            days.append(_day(market, events, views, done))
        views = market.recent_views.copy()
        done = {user: list(jobs) for user, jobs in market.done.items()}
    return _assemble(market, days)


def _day(
    market: Behaviour, events: Events, views: F64, done: dict[int, list[int]]
) -> tuple[Context, LoggedPages]:
    shown = events.kind == IMPRESSION
    sessions, first = np.unique(events.session[shown], return_index=True)
    user, at = events.user[shown][first], events.at[shown][first]
    # On all of the day's moments: what is open at none of them is nobody's candidate.
    everything = np.arange(len(market.postings), dtype=np.int64)
    pool = everything[market.policy.eligible(at, everything).any(axis=0)]
    eligible = market.policy.eligible(at, pool)
    for row, person in enumerate(user.tolist()):
        if person in done:
            eligible[row] &= ~np.isin(pool, done[person])
    return Context(user, at, pool, views[pool], eligible), _pages(events, sessions, user, pool)


def _pages(events: Events, sessions: I64, user: I64, pool: I64) -> LoggedPages:
    """The first ten slots; what a posting brought is the number of positive acts on it."""
    near = events.rank <= SLOTS
    row = np.searchsorted(sessions, events.session)
    shape = (len(sessions), SLOTS)
    column = np.full(shape, -1)
    propensity, reward = np.ones(shape), np.zeros(shape)
    seen = near & (events.kind == IMPRESSION)
    place = (row[seen], events.rank[seen] - 1)
    column[place] = np.searchsorted(pool, events.job[seen])
    propensity[place] = events.propensity[seen]
    acted = near & np.isin(events.kind, (VIEW, SAVE, APPLY))
    np.add.at(reward, (row[acted], events.rank[acted] - 1), 1.0)
    return LoggedPages(user, column, propensity, reward)


def _assemble(market: Behaviour, days: list[tuple[Context, LoggedPages]]) -> SimulatedLog:
    width = max(len(context.pool) for context, _ in days)
    n = sum(len(pages) for _, pages in days)
    jobs, eligible = np.full((n, width), -1), np.zeros((n, width), bool)
    views, first = np.zeros((n, width)), 0
    for context, pages in days:
        rows, columns = slice(first, first + len(pages)), slice(0, len(context.pool))
        jobs[rows, columns], views[rows, columns] = context.pool, context.views
        eligible[rows, columns] = context.eligible
        first += len(pages)
    logged = LoggedPages(
        *(
            np.concatenate([getattr(pages, name) for _, pages in days])
            for name in ("user", "column", "propensity", "reward")
        )
    )
    at = np.concatenate([context.at for context, _ in days])
    attraction = _attraction(market, logged.user, at, jobs, eligible, views)
    return SimulatedLog(market, logged, at, jobs, eligible, views, attraction)


def _attraction(market: Behaviour, user: I64, at: F64, jobs: I64, eligible: Mask, views: F64) -> F64:
    rows, columns = np.nonzero(eligible)
    users, postings = user[rows], jobs[rows, columns]
    utility = market.preference.utility(users, postings, at[rows], views[rows, columns])
    utility += market.preference.noise(users, postings)
    weights = market.world.config.preferences
    view, save, apply = (
        expit(weights.view_slope * (utility - threshold))
        for threshold in (weights.view_threshold, weights.save_threshold, weights.apply_threshold)
    )
    out = np.zeros(eligible.shape)
    out[rows, columns] = view * (1.0 + save + apply)
    return out


def _normal(users: I64, jobs: I64, seed: int) -> F64:
    """(n,) standard normal draws, the same for the same pair and seed (Box and Muller 1958)."""
    key = (users.astype(np.uint64) << np.uint64(32)) ^ jobs.astype(np.uint64)
    first, second = (
        ((mix64(key, np.uint64(9_000 + 2 * seed + half)) >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
        for half in (0, 1)
    )
    return np.asarray(np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second))
