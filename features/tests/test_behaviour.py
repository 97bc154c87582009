"""The fold: bounded, order-free, idempotent; and never a value from the event's own moment or later."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.behaviour import (
    DISMISSALS,
    POSITIVES,
    BehaviourError,
    BehaviourState,
    fold,
    from_us,
    histories,
    merge,
    states_at,
    to_us,
)
from features.past import PastBehaviour
from features.records import POSITIVE_KINDS, EventKind, InteractionRecord

T0 = datetime(2024, 3, 1, tzinfo=UTC)
KINDS: tuple[EventKind, ...] = ("impression", "view", "save", "apply", "dismiss")


def event(minute: int, job: int = 1, kind: EventKind = "view", user: int = 1) -> InteractionRecord:
    return InteractionRecord(user, job, kind, T0 + timedelta(minutes=minute))


# few distinct moments and jobs, so that ties, repeats and dismissals of earlier interest are common
EVENTS = st.builds(event, st.integers(0, 30), st.integers(1, 6), st.sampled_from(KINDS), st.integers(1, 3))
ONE_USER = st.builds(event, st.integers(0, 200), st.integers(1, 40), st.sampled_from(KINDS))


def folded(events: list[InteractionRecord], user: int = 1) -> BehaviourState:
    state = BehaviourState(user)
    for e in events:
        state = fold(state, e)
    return state


def naive_history(
    events: list[InteractionRecord], user: int, at: datetime
) -> list[tuple[int, str, datetime]]:
    """The rule of the module's first lines, written the slow way."""
    past = {(e.at, e.job_id, e.kind) for e in events if e.user_id == user and e.at < at}
    kept = sorted(p for p in past if p[2] in POSITIVE_KINDS)[-POSITIVES:]
    no = [p for p in past if p[2] == "dismiss"]
    return [(job, kind, t) for t, job, kind in kept if not any(d[1] == job and d[0] >= t for d in no)]


@given(st.lists(EVENTS, max_size=80))
def test_no_value_is_newer_than_or_as_new_as_its_moment(events: list[InteractionRecord]) -> None:
    events.sort(key=lambda e: e.at)
    rows = list(histories(events))
    assert [(r.user_id, r.at) for r in rows] == [(e.user_id, e.at) for e in events]
    for row in rows:
        seen = [*row.state.positives, *row.state.dismissals]
        assert all(e.at < row.at for e in seen)
        assert row.state.last_active is None or row.state.last_active < row.at
        found = [(e.job_id, e.kind, e.at) for e in row.state.history]
        assert found == naive_history(events, row.user_id, row.at)


@given(st.lists(EVENTS, max_size=60), st.lists(st.integers(0, 30), max_size=10))
def test_states_at_equals_the_fold_of_what_came_before(
    events: list[InteractionRecord], minutes: list[int]
) -> None:
    events.sort(key=lambda e: e.at)
    moments = [(user, T0 + timedelta(minutes=m)) for m in sorted(minutes) for user in (1, 2)]
    for row in states_at(events, moments):
        mine = [e for e in events if e.user_id == row.user_id and e.at < row.at]
        assert row.state == folded(mine, row.user_id)


@given(st.lists(EVENTS, max_size=60))
def test_histories_may_come_user_by_user(events: list[InteractionRecord]) -> None:
    by_time = sorted(events, key=lambda e: e.at)
    by_user = sorted(events, key=lambda e: (e.user_id, e.at))
    assert {(r.user_id, r.at, r.state) for r in histories(by_time)} == {
        (r.user_id, r.at, r.state) for r in histories(by_user)
    }


@given(st.lists(ONE_USER, max_size=45), st.randoms(use_true_random=False))
def test_arrival_order_and_repetition_do_not_matter(
    events: list[InteractionRecord], rng: random.Random
) -> None:
    expected = folded(sorted(events, key=lambda e: e.at))
    arrived = events + events[: len(events) // 2]
    rng.shuffle(arrived)
    assert folded(arrived) == expected


@settings(max_examples=30)
@given(st.lists(ONE_USER, min_size=60, max_size=150), st.randoms(use_true_random=False))
def test_windows_stay_bounded_and_repetition_never_overcounts(
    events: list[InteractionRecord], rng: random.Random
) -> None:
    arrived = events * 2
    rng.shuffle(arrived)
    state = folded(arrived)
    assert len(state.positives) <= POSITIVES
    assert state.positives == folded(sorted(events, key=lambda e: e.at)).positives
    distinct = {(e.at, e.job_id) for e in events if e.kind == "view"}
    assert state.views <= len(distinct)
    for e in events:
        assert fold(state, e) is state


@given(st.lists(ONE_USER, max_size=40), st.lists(ONE_USER, max_size=40))
def test_merge_is_what_both_sides_saw(a: list[InteractionRecord], b: list[InteractionRecord]) -> None:
    left, right = folded(a), folded(b)
    both = merge(left, right)
    assert both == merge(right, left)
    assert merge(left, left) == left
    assert both.history == folded(a + b).history
    assert both.dismissed == folded(a + b).dismissed
    assert both.views >= max(left.views, right.views)


def test_the_newest_positives_are_kept_and_counts_go_on() -> None:
    state = folded([event(m, job=m) for m in range(POSITIVES + 7)])
    assert [e.job_id for e in state.history] == list(range(7, POSITIVES + 7))
    assert state.views == POSITIVES + 7
    assert fold(state, event(3, job=999)) is state  # older than everything in a full window


def test_dismissals_are_bounded_too() -> None:
    state = folded([event(m, job=m, kind="dismiss") for m in range(DISMISSALS + 5)])
    assert len(state.dismissed) == DISMISSALS
    assert state.dismisses == DISMISSALS + 5


def test_a_dismissal_cancels_interest_until_it_is_shown_again() -> None:
    state = folded([event(0, 7), event(1, 8, "save"), event(2, 7, "dismiss")])
    assert [e.job_id for e in state.history] == [8]
    assert state.dismissed == {7}
    again = fold(state, event(3, 7, "apply"))
    assert [(e.job_id, e.kind) for e in again.history] == [(8, "save"), (7, "apply")]
    assert again.dismissed == frozenset()


def test_recent_counts_the_days_before() -> None:
    state = folded([event(0), event(60 * 24 * 40, 2, "save"), event(60 * 24 * 41, 3, "dismiss")])
    now = T0 + timedelta(days=41)
    assert state.recent(now) == {"view": 0, "save": 1, "apply": 0, "dismiss": 0}
    assert state.recent(now + timedelta(days=1), days=50)["view"] == 1


def test_other_zones_are_the_same_instant() -> None:
    here = InteractionRecord(1, 1, "view", T0)
    there = InteractionRecord(1, 1, "view", T0.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert fold(folded([here]), there) == folded([here])
    assert to_us(there.at) == to_us(here.at)


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_are_exact(moment: datetime) -> None:
    assert from_us(to_us(moment)) == moment


def test_bad_events_are_refused() -> None:
    with pytest.raises(BehaviourError, match="time zone"):
        fold(BehaviourState(1), InteractionRecord(1, 1, "view", T0.replace(tzinfo=None)))
    with pytest.raises(BehaviourError, match="user 2"):
        fold(BehaviourState(1), event(0, user=2))
    with pytest.raises(BehaviourError, match="order"):
        list(histories([event(5), event(4)]))
    with pytest.raises(BehaviourError, match="order"):
        list(states_at([event(5), event(4)], [(1, T0 + timedelta(minutes=9))]))
    with pytest.raises(BehaviourError, match="order"):
        list(states_at([], [(1, T0 + timedelta(minutes=9)), (1, T0)]))


def table(events: list[InteractionRecord]) -> pa.Table:
    return pa.table(
        {
            "user_id": pa.array([e.user_id for e in events], pa.int64()),
            "job_id": pa.array([e.job_id for e in events], pa.int64()),
            "kind": pa.array([e.kind for e in events], pa.string()),
            "at": pa.array([e.at for e in events], pa.timestamp("us", "UTC")),
        }
    )


@given(
    st.lists(EVENTS, max_size=150),
    st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 32)), max_size=20),
    st.integers(1, POSITIVES),
)
def test_the_array_form_agrees_with_the_fold(
    events: list[InteractionRecord], rows: list[tuple[int, int]], size: int
) -> None:
    users = np.array([user for user, _ in rows], np.int64)
    moments = [T0 + timedelta(minutes=m) for _, m in rows]
    found = PastBehaviour(table(events)).history(users, np.array([to_us(m) for m in moments], np.int64), size)
    for i, (user, at) in enumerate(zip(users, moments, strict=True)):
        mine = [e for e in events if e.user_id == user and e.at < at]
        expected = folded(mine, int(user)).history[-size:]
        pad = size - len(expected)
        assert found.job_ids[i].tolist() == [-1] * pad + [e.job_id for e in expected]
        assert found.kinds[i, pad:].tolist() == [POSITIVE_KINDS.index(e.kind) for e in expected]
        ages = [(at - e.at) / timedelta(days=1) for e in expected]
        assert found.age_days[i, pad:] == pytest.approx(ages, rel=1e-6)
        assert all(age > 0 for age in ages)


def test_a_size_beyond_the_stored_history_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 50"):
        PastBehaviour(table([])).history(np.zeros(1, np.int64), np.zeros(1, np.int64), 51)
