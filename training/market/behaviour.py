"""Sessions over the logged period: what was shown, looked at, saved, applied for and dismissed.

One pass over the days. A seeker has at most one session a day. What happened on earlier days (recent
views of a posting, postings a seeker is done with) shapes the day; nothing later does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.records import EventKind
from training.market.draws import Stream, generator
from training.market.policy import SESSION_DAYS, LoggedPolicy, Shown
from training.market.postings import PostingTable
from training.market.preference import Array, PreferenceModel, Rows
from training.market.seekers import SeekerTable
from training.market.world import World

KINDS: tuple[EventKind, ...] = ("impression", "view", "save", "apply", "dismiss")
IMPRESSION, VIEW, SAVE, APPLY, DISMISS = range(5)
_OPENING, _CLOSING = 6.0 / 24.0, 21.5 / 24.0
#: Recent views fade by this factor a day.
_VIEW_MEMORY = 0.9
_WEEKEND = 0.5
_BATCH = 256
#: Seconds from reaching a posting to each of KINDS; no two kinds of one pair share a moment.
_DELAY = np.array([0.0, 0.0, 12.0, 25.0, 1.0])


@dataclass(frozen=True, slots=True)
class Events:
    """Events of one day in order of time, as arrays."""

    session: Rows  # running number over the whole log
    user: Rows  # position in the seeker table
    job: Rows  # position in the posting table
    kind: NDArray[np.int8]  # position in KINDS
    at: Array  # days after the start of the log
    rank: Rows
    score: Array
    propensity: Array


class Behaviour:
    """Runs the market day by day."""

    def __init__(self, world: World, seekers: SeekerTable, postings: PostingTable) -> None:
        self.world, self.seekers, self.postings = world, seekers, postings
        self.preference = PreferenceModel(world, seekers, postings)
        self.policy = LoggedPolicy(world, seekers, postings)
        self.recent_views = np.zeros(len(postings))
        self.done: dict[int, list[int]] = defaultdict(list)  # seeker -> postings applied for or dismissed
        self.sessions = 0

    def days(self) -> Iterator[Events]:
        """The events of every day in turn (some days may have none)."""
        for day in range(self.world.config.days):
            yield self._day(day)

    def _day(self, day: int) -> Events:
        random = generator(self.world.config.seed, Stream.DAY, day)
        users = self._visitors(random, day)
        at = day + _OPENING + random.random(len(users)) * (_CLOSING - _OPENING)
        present = self.seekers.created[users] < at
        users, at = users[present], at[present]
        open_jobs = self._open(day)
        batches = [
            self._batch(random, users[first : first + _BATCH], at[first : first + _BATCH], open_jobs)
            for first in range(0, len(users) if len(open_jobs) else 0, _BATCH)
        ]
        events = _ordered(batches)
        self._remember(events)
        return events

    def _visitors(self, random: np.random.Generator, day: int) -> Rows:
        config = self.world.config
        weekend = (config.start.weekday() + day) % 7 >= 5
        rate = config.sessions / config.days * (_WEEKEND if weekend else (7 - 2 * _WEEKEND) / 5)
        chance = 1.0 - np.exp(-rate * self.seekers.activity)
        return np.asarray(np.flatnonzero(random.random(len(self.seekers)) < chance), dtype=np.int64)

    def _open(self, day: int) -> Rows:
        postings = self.postings
        some_time = (postings.posted < day + _CLOSING) & (postings.closed > day + _OPENING + SESSION_DAYS)
        return np.asarray(np.flatnonzero(some_time), dtype=np.int64)

    def _batch(self, random: np.random.Generator, users: Rows, at: Array, open_jobs: Rows) -> Events:
        size = min(self.world.config.policy.candidate_pool, len(open_jobs))
        pool = open_jobs if size == len(open_jobs) else np.sort(random.choice(open_jobs, size, replace=False))
        blocked = self._blocked(users, pool)
        shown = self.policy.propose(random, users, at, pool, self.recent_views[pool], blocked)
        kinds, seconds = self._react(random, users, at, shown)
        events = self._events(users, at, shown, size / len(open_jobs), kinds, seconds)
        self.sessions += len(users)
        return events

    def _blocked(self, users: Rows, pool: Rows) -> NDArray[np.bool_]:
        blocked = np.zeros((len(users), len(pool)), dtype=bool)
        for row, user in enumerate(users.tolist()):
            if user in self.done:
                blocked[row] = np.isin(pool, self.done[user])
        return blocked

    def _react(
        self, random: np.random.Generator, users: Rows, at: Array, shown: Shown
    ) -> tuple[list[NDArray[np.bool_]], Array]:
        """Per kind which impressions lead to it, and seconds from the session's start to the view."""
        weights, who, when = self.world.config.preferences, users[shown.session], at[shown.session]
        utility = self.preference.utility(who, shown.job, when, self.recent_views[shown.job])
        utility += self.preference.noise(who, shown.job)
        draws = random.random((5, len(utility)))
        examined = draws[0] < examination(shown.rank, weights.examination_power)
        viewed = examined & (draws[1] < self._probability(utility, weights.view_threshold))
        saved = viewed & (draws[2] < self._probability(utility, weights.save_threshold))
        applied = viewed & (draws[3] < self._probability(utility, weights.apply_threshold))
        disliked = weights.dismiss_rate * (1.0 - self._probability(utility, weights.view_threshold))
        dismissed = examined & ~viewed & (draws[4] < disliked)
        dwell = np.where(
            viewed, np.minimum(np.exp(3.4 + 0.6 * random.standard_normal(len(utility))), 180.0), 2.0
        )
        return [np.ones_like(viewed), viewed, saved, applied, dismissed], _running(dwell, shown)

    def _probability(self, utility: Array, threshold: float) -> Array:
        slope = self.world.config.preferences.view_slope
        return np.asarray(1.0 / (1.0 + np.exp(-slope * (utility - threshold))))

    def _events(
        self,
        users: Rows,
        at: Array,
        shown: Shown,
        inclusion: float,
        kinds: list[NDArray[np.bool_]],
        seconds: Array,
    ) -> Events:
        chosen = [np.flatnonzero(mask) for mask in kinds]
        rows = np.concatenate(chosen)
        kind = np.repeat(np.arange(5, dtype=np.int8), [len(part) for part in chosen])
        # The page comes at once; the other kinds follow the moment the posting is reached.
        after = np.where(kind == IMPRESSION, 0.0, seconds[rows] + _DELAY[kind])
        session = shown.session[rows]
        return Events(
            session=self.sessions + session,
            user=users[session],
            job=shown.job[rows],
            kind=kind,
            at=at[session] + after / 86_400.0,
            rank=shown.rank[rows],
            score=shown.score[rows],
            propensity=shown.propensity[rows] * inclusion,
        )

    def _remember(self, events: Events) -> None:
        views = np.bincount(events.job[events.kind == VIEW], minlength=len(self.postings))
        self.recent_views = self.recent_views * _VIEW_MEMORY + views
        over = np.isin(events.kind, (APPLY, DISMISS))
        for user, job in zip(events.user[over].tolist(), events.job[over].tolist(), strict=True):
            self.done[user].append(job)


def examination(rank: Rows, power: float) -> Array:
    """(n,) chance that the posting at `rank` (from 1) is looked at: rank ** -power (Craswell et al. 2008)."""
    return np.asarray(rank.astype(np.float64) ** -power)


def _running(dwell: Array, shown: Shown) -> Array:
    """(n,) seconds spent in the session before each impression is reached, in order of rank."""
    order = np.lexsort((shown.rank, shown.session))
    total = np.cumsum(dwell[order]) - dwell[order]
    _, first, group = np.unique(shown.session[order], return_index=True, return_inverse=True)
    seconds = np.empty_like(total)
    seconds[order] = total - total[first][group] + 3.0 if len(total) else total
    return seconds


def _ordered(batches: list[Events]) -> Events:
    """One day's batches as one, sorted by time, then session, rank and kind."""
    fields = Events.__slots__
    if not batches:
        empty = np.zeros(0, dtype=np.int64)
        return Events(
            empty, empty, empty, empty.astype(np.int8), np.zeros(0), empty, np.zeros(0), np.zeros(0)
        )
    columns = {name: np.concatenate([getattr(batch, name) for batch in batches]) for name in fields}
    order = np.lexsort((columns["kind"], columns["rank"], columns["session"], columns["at"]))
    return Events(**{name: values[order] for name, values in columns.items()})
