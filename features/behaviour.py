"""What a user has done so far, as one bounded value that is folded event by event.

The same fold makes the training rows and the online row, so they agree by construction. The rules:

- A state keeps the newest `POSITIVES` interactions that show interest and the newest `DISMISSALS`
  dismissals, both ordered by (at, job_id, kind); impressions leave it unchanged.
- Folding the same event again changes nothing. Late events are put in their place, so the order of
  arrival does not matter. An event older than everything in a full window comes too late: it is
  neither kept nor counted, because it could not be told from a repetition.
- A dismissal cancels the interest shown in that job up to and including its own moment: the job leaves
  `history` and is listed in `dismissed`. Interest shown later counts again and lifts the dismissal.
- A moment sees only what happened strictly before it: two events at the same microsecond do not see
  each other. All times are aware and kept in UTC.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from features.records import POSITIVE_KINDS, InteractionRecord

POSITIVES = 50
DISMISSALS = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Window = tuple[InteractionRecord, ...]


class BehaviourError(ValueError):
    """An event that cannot be folded: a naive time, another user's event, or a stream out of order."""


@dataclass(frozen=True, slots=True)
class BehaviourState:
    """One user's past. `positives` and `dismissals` are oldest first; counts are since the beginning."""

    user_id: int
    positives: Window = ()
    dismissals: Window = ()
    views: int = 0
    saves: int = 0
    applies: int = 0
    dismisses: int = 0
    last_active: datetime | None = None

    @property
    def history(self) -> Window:
        """Interest that no dismissal cancelled, oldest first: what `UserRecord.history` takes."""
        last = {d.job_id: d.at for d in self.dismissals}
        return tuple(e for e in self.positives if e.job_id not in last or last[e.job_id] < e.at)

    @property
    def dismissed(self) -> frozenset[int]:
        """Jobs not to recommend: dismissed, and no interest shown since."""
        last = {d.job_id: d.at for d in self.dismissals}
        lifted = {e.job_id for e in self.positives if e.job_id in last and e.at > last[e.job_id]}
        return frozenset(last.keys() - lifted)

    def recent(self, at: datetime, days: int = 30) -> dict[str, int]:
        """Interactions per kind in the `days` before `at`; a lower bound once a window is full."""
        since = utc(at) - timedelta(days=days)
        counts = {"view": 0, "save": 0, "apply": 0, "dismiss": 0}
        for event in (*self.positives, *self.dismissals):
            if since <= event.at < at:
                counts[event.kind] += 1
        return counts


class PointInTime(NamedTuple):
    """What was known about `user_id` strictly before `at`."""

    user_id: int
    at: datetime
    state: BehaviourState


def utc(moment: datetime) -> datetime:
    """`moment` in UTC. Raises BehaviourError for a naive datetime, whose instant is a guess."""
    if moment.tzinfo is None:
        raise BehaviourError(f"{moment.isoformat()} has no time zone; times must be aware")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly (a float timestamp is not)."""
    return (utc(moment) - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def fold(state: BehaviourState, event: InteractionRecord) -> BehaviourState:
    """The state after `event`; `state` itself when the event is a repetition, too late, or an impression."""
    if event.user_id != state.user_id:
        raise BehaviourError(f"an event of user {event.user_id} in the behaviour of user {state.user_id}")
    if event.kind == "impression":
        return state
    event = _plain(event)
    positive = event.kind in POSITIVE_KINDS
    old = state.positives if positive else state.dismissals
    window = _insert(old, event, POSITIVES if positive else DISMISSALS)
    if window is old:
        return state
    return BehaviourState(
        state.user_id,
        window if positive else state.positives,
        state.dismissals if positive else window,
        state.views + (event.kind == "view"),
        state.saves + (event.kind == "save"),
        state.applies + (event.kind == "apply"),
        state.dismisses + (event.kind == "dismiss"),
        event.at if state.last_active is None else max(state.last_active, event.at),
    )


def merge(a: BehaviourState, b: BehaviourState) -> BehaviourState:
    """What two partial views of the same user know together. Commutative, and merge(a, a) == a.

    Neither side overcounts, so the larger count is the better one; events that only `b` holds are counted.
    """
    if a.user_id != b.user_id:
        raise BehaviourError(f"the behaviours of users {a.user_id} and {b.user_id} cannot be merged")
    both, other = a, b
    for event in (*b.positives, *b.dismissals):
        both = fold(both, event)
    for event in (*a.positives, *a.dismissals):
        other = fold(other, event)
    active = [m for m in (both.last_active, other.last_active) if m is not None]
    return replace(
        both,
        views=max(both.views, other.views),
        saves=max(both.saves, other.saves),
        applies=max(both.applies, other.applies),
        dismisses=max(both.dismisses, other.dismisses),
        last_active=max(active, default=None),
    )


def histories(events: Iterable[InteractionRecord]) -> Iterator[PointInTime]:
    """For every event, in the order given, what was known about its user strictly before it.

    Events must be ordered by time within each user (all by `at`, or user by user); memory is one state per
    user. Raises BehaviourError where a user's events go back in time.
    """
    states: dict[int, BehaviourState] = {}
    waiting: dict[int, list[InteractionRecord]] = {}
    for event in events:
        user = event.user_id
        state = states.get(user) or BehaviourState(user)
        pending = waiting.setdefault(user, [])
        if pending and pending[-1].at != event.at:
            if pending[-1].at > event.at:
                raise BehaviourError(f"events of user {user} are not in order of time at {event.at}")
            for known in pending:
                state = fold(state, known)
            pending.clear()
        states[user] = state
        pending.append(event)
        yield PointInTime(user, utc(event.at), state)


def states_at(
    events: Iterable[InteractionRecord], moments: Iterable[tuple[int, datetime]]
) -> Iterator[PointInTime]:
    """For every (user_id, at), in the order given, what was known strictly before it.

    Both must be ordered by time overall. Raises BehaviourError where either goes back in time.
    """
    states: dict[int, BehaviourState] = {}
    stream = iter(events)
    ahead = next(stream, None)
    before: datetime | None = None
    for user, at in moments:
        if before is not None and at < before:
            raise BehaviourError(f"moments are not in order of time at {at}")
        before = at
        while ahead is not None and ahead.at < at:
            states[ahead.user_id] = fold(states.get(ahead.user_id) or BehaviourState(ahead.user_id), ahead)
            behind, ahead = ahead, next(stream, None)
            if ahead is not None and ahead.at < behind.at:
                raise BehaviourError(f"events are not in order of time at {ahead.at}")
        yield PointInTime(user, utc(at), states.get(user) or BehaviourState(user))


def changes(events: Iterable[InteractionRecord]) -> Iterator[PointInTime]:
    """Every state that lasted: for each user and moment with events, the state after all of them.

    `at` is the first microsecond that may see it, one after the events', so "newest row at or before t" is
    what was known strictly before t. Events user by user, in order of time within each.
    """
    for user, own in groupby(events, key=lambda e: e.user_id):
        state = BehaviourState(user)
        for at, simultaneous in groupby(own, key=lambda e: e.at):
            before = state
            for event in simultaneous:
                state = fold(state, event)
            if state is not before:
                yield PointInTime(user, utc(at) + _MICROSECOND, state)


def _key(event: InteractionRecord) -> tuple[datetime, int, str]:
    return event.at, event.job_id, event.kind


def _plain(event: InteractionRecord) -> InteractionRecord:
    """Only what identifies the event: how a posting was shown is no part of what the user did."""
    shown = (event.rank, event.score, event.propensity, event.release_id)
    if event.at.tzinfo is UTC and shown == (None, None, None, None):
        return event
    return InteractionRecord(event.user_id, event.job_id, event.kind, utc(event.at))


def _insert(window: Window, event: InteractionRecord, size: int) -> Window:
    """`window` with the event in its place; `window` itself if it is there already or comes too late."""
    key = _key(event)
    if not window or _key(window[-1]) < key:
        return (*window[-(size - 1) :], event)
    place = bisect_left(window, key, key=_key)
    if _key(window[place]) == key or (place == 0 and len(window) == size):
        return window
    grown = (*window[:place], event, *window[place:])
    return grown[-size:]
