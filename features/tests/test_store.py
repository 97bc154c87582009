"""The feature store on a real PostgreSQL: Feast's join equals the fold; pushes lose and double nothing."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from features.behaviour import BehaviourState, fold, states_at, to_us
from features.feature_rows import job_row, job_state, user_row, user_state
from features.past import PastBehaviour
from features.popularity import Popularity, daily, fold_job
from features.postgres import DatabaseUrlError, connect
from features.records import POSITIVE_KINDS, EventKind, InteractionRecord
from features.snapshot import snapshot_from_market
from features.store import BehaviourStore, StoreError

T0 = datetime(2024, 3, 1, tzinfo=UTC)
KINDS: tuple[EventKind, ...] = ("impression", "impression", "view", "save", "apply", "dismiss")


def random_events(seed: int, users: int, count: int, minutes: int = 6_000) -> list[InteractionRecord]:
    """Few moments and jobs, so that ties, repeats and dismissals are common; in order of time."""
    rng = random.Random(seed)
    events = [
        InteractionRecord(
            rng.randint(1, users),
            rng.randint(1, 25),
            rng.choice(KINDS),
            T0 + timedelta(minutes=rng.randint(0, minutes)),
        )
        for _ in range(count)
    ]
    return sorted(events, key=lambda e: e.at)


def write_snapshot(folder: Path, events: Sequence[InteractionRecord], **facts: str) -> Path:
    source = folder / f"market-{len(list(folder.iterdir()))}"
    source.mkdir()
    jobs = [
        {"job_id": j, "title": f"Job {j}", "skills": ["x"], "posted_at": T0 + timedelta(hours=j)} | facts
        for j in range(1, 26)
    ]
    pq.write_table(pa.Table.from_pylist(jobs), source / "postings.parquet")
    users = sorted({e.user_id for e in events})
    created = [T0 + timedelta(hours=1)] * len(users)
    pq.write_table(
        pa.table(
            {
                "user_id": pa.array(users, pa.int64()),
                "resume_text": ["text"] * len(users),
                "created_at": created,
            }
        ),
        source / "seekers.parquet",
    )
    columns = {name: [getattr(e, name) for e in events] for name in ("user_id", "job_id", "kind", "at")}
    types = {
        "user_id": pa.int64(),
        "job_id": pa.int64(),
        "kind": pa.string(),
        "at": pa.timestamp("us", "UTC"),
    }
    table = pa.table({name: pa.array(column, types[name]) for name, column in columns.items()})
    pq.write_table(table, source / "events.parquet")
    return snapshot_from_market(source, folder / "snapshots")


@pytest.fixture(scope="module")
def applied(new_database: Callable[[], str]) -> str:
    """A database with the feature store set up: copied for each test, because setting up takes seconds."""
    url = new_database()
    with BehaviourStore(url) as store:
        store.apply()
        store.apply()  # must be repeatable
    return url


@pytest.fixture
def url(applied: str, new_database: Callable[..., str]) -> str:
    return new_database(template=applied)


@pytest.fixture
def store(url: str) -> Iterator[BehaviourStore]:
    with BehaviourStore(url) as opened:
        yield opened


def folded(events: Sequence[InteractionRecord], user: int) -> BehaviourState:
    state = BehaviourState(user)
    for e in events:
        if e.user_id == user:
            state = fold(state, e)
    return state


def test_feasts_join_equals_the_fold_at_every_moment(store: BehaviourStore, tmp_path: Path) -> None:
    events = random_events(seed=1, users=12, count=1_500)
    counts = store.load_offline(write_snapshot(tmp_path, events))
    assert counts["user_behaviour"] > 500
    rng = random.Random(2)
    # the events' own moments are the dangerous ones; a microsecond later the event must be visible
    moments = [(e.user_id, e.at) for e in rng.sample(events, 300)]
    moments += [(user, at + timedelta(microseconds=1)) for user, at in moments[:100]]
    moments += [(99, T0 + timedelta(days=2)), (1, T0 - timedelta(days=1)), moments[0]]
    moments.sort(key=lambda m: m[1])
    expected = [point.state for point in states_at(events, moments)]
    order = list(range(len(moments)))
    rng.shuffle(order)
    shuffled = [moments[i] for i in order]
    users, at = [m[0] for m in shuffled], [m[1] for m in shuffled]
    rows = pd.DataFrame({"user_id": users, "event_timestamp": pd.to_datetime(at, utc=True)})
    found = store.historical(rows)
    assert found == [expected[i] for i in order]
    for (_, moment), state in zip(shuffled, found, strict=True):
        assert all(e.at < moment for e in (*state.positives, *state.dismissals))
    past = PastBehaviour(table(events)).history(np.array(users), np.array([to_us(m) for m in at]))
    for i, state in enumerate(found):
        known = past.job_ids[i] >= 0
        kinds = [POSITIVE_KINDS[k] for k in past.kinds[i][known]]
        pairs = list(zip(past.job_ids[i][known].tolist(), kinds, strict=True))
        assert pairs == [(e.job_id, e.kind) for e in state.history]


def table(events: Sequence[InteractionRecord]) -> pa.Table:
    names = ("user_id", "job_id", "kind", "at")
    return pa.table({name: [getattr(e, name) for e in events] for name in names})


def test_of_two_rows_of_one_moment_the_later_loaded_counts(store: BehaviourStore, url: str) -> None:
    with connect(url, statement_timeout_s=5) as writer:
        for views, loaded in ((1, 1), (3, 3), (2, 2)):
            writer.execute(
                "INSERT INTO feast.user_behaviour (user_id, valid_from, loaded_at, views, saves, applies, "
                "dismisses, last_active_at) VALUES (5, %s, %s, %s, 0, 0, 0, 0)",
                (T0, T0 + timedelta(days=loaded), views),
            )
    at = [T0 - timedelta(microseconds=1), T0, T0 + timedelta(days=4_000)]  # no TTL: old states stay true
    rows = pa.table({"user_id": [5] * 3, "event_timestamp": at})
    assert [state.views for state in store.historical(rows)] == [0, 3, 3]


def test_training_rows_hold_only_what_was_known(store: BehaviourStore, tmp_path: Path) -> None:
    events = random_events(seed=3, users=5, count=400)
    store.load_offline(write_snapshot(tmp_path, events))
    at = [T0 + timedelta(minutes=30), T0 + timedelta(days=3), T0 + timedelta(days=3)]
    rows = pa.table({"user_id": [1, 1, 2], "job_id": [4, 4, 25], "event_timestamp": at})
    found = store.training_rows(rows)
    assert found["job_id"].to_pylist() == [4, 4, 25]
    assert found["job_content__title"].to_pylist() == [None, "Job 4", "Job 25"]
    assert found["user_content__has_resume"].to_pylist() == [None, True, True]
    assert found["job_behaviour__impressions"].to_pylist()[0] is None
    for job, shown in zip((4, 25), found["job_behaviour__impressions"].to_pylist()[1:], strict=True):
        before = [e for e in events if e.job_id == job and e.kind == "impression" and e.at < at[1]]
        assert shown == len({(e.user_id, e.at) for e in before})
    assert (
        found["user_behaviour__views"].to_pylist()[1] == folded([e for e in events if e.at < at[1]], 1).views
    )


def test_joins_of_cold_users_and_of_nobody(store: BehaviourStore, tmp_path: Path) -> None:
    store.load_offline(write_snapshot(tmp_path, random_events(4, 2, 20)))
    rows = pa.table({"user_id": [77, 78], "event_timestamp": [T0, T0]})
    assert store.historical(rows) == [BehaviourState(77), BehaviourState(78)]
    assert store.historical(rows.slice(0, 0)) == []
    with pytest.raises(ValueError, match="time zone"):
        store.historical(pd.DataFrame({"user_id": [1], "event_timestamp": [datetime(2024, 1, 1)]}))  # noqa: DTZ001


def test_pushed_events_equal_the_fold_in_any_order(store: BehaviourStore) -> None:
    events = random_events(seed=5, users=4, count=120)
    shuffled = [*events, *events[:40]]
    random.Random(6).shuffle(shuffled)
    fresh = sum(store.push(shuffled[i : i + 17]) for i in range(0, len(shuffled), 17))
    distinct = {(e.user_id, e.job_id, e.kind, e.at) for e in events}
    assert fresh == len(distinct)
    assert store.push(events) == 0
    states = store.online([1, 2, 3, 4, 5])
    assert states == {user: folded(events, user) for user in (1, 2, 3, 4, 5)}
    jobs = store.online_jobs(range(1, 27))
    for job, state in jobs.items():
        mine = [d for d in distinct if d[1] == job]
        counts = [
            sum(d[2] == kind for d in mine) for kind in ("impression", "view", "save", "apply", "dismiss")
        ]
        assert [state.impressions, state.views, state.saves, state.applies, state.dismisses] == counts


def test_two_workers_pushing_for_one_user_lose_nothing(url: str) -> None:
    events = [InteractionRecord(1, i, "view", T0 + timedelta(seconds=i)) for i in range(24)]
    errors: list[BaseException] = []

    def work(mine: Sequence[InteractionRecord]) -> None:
        try:
            with BehaviourStore(url) as own:
                for event in mine:
                    own.push([event])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(events[k::3],)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with BehaviourStore(url) as store:
        assert store.online([1])[1] == folded(events, 1)


def test_materialize_merges_with_what_was_pushed_meanwhile(store: BehaviourStore, tmp_path: Path) -> None:
    events = random_events(seed=7, users=6, count=300)
    store.load_offline(write_snapshot(tmp_path, events))
    later = [
        InteractionRecord(1, 3, "apply", events[-1].at + timedelta(hours=1)),
        InteractionRecord(9, 3, "view", events[-1].at + timedelta(hours=2)),
    ]
    store.push(later)
    counts = store.materialize()
    assert counts["user_behaviour"] == 6
    everything = [*events, *later]
    assert store.online([*range(1, 7), 9]) == {u: folded(everything, u) for u in (*range(1, 7), 9)}
    mine = {(e.user_id, e.kind, e.at): e for e in everything if e.job_id == 3}.values()
    assert store.online_jobs([3])[3].applies == sum(e.kind == "apply" for e in mine)
    assert store.materialize()["user_behaviour"] == 0  # nothing left to do


def test_a_second_snapshot_versions_content_and_rebuilds_behaviour(
    store: BehaviourStore, tmp_path: Path
) -> None:
    events = random_events(seed=8, users=3, count=50)
    first = store.load_offline(write_snapshot(tmp_path, events))
    assert first["job_content"] == 25
    again = store.load_offline(write_snapshot(tmp_path, events))
    assert (again["job_content"], again["user_content"]) == (0, 0)
    assert again["user_behaviour"] == first["user_behaviour"]
    changed = store.load_offline(write_snapshot(tmp_path, events, company="Renamed"))
    assert changed["job_content"] == 25


def test_an_erased_user_is_gone_and_stays_gone(store: BehaviourStore, tmp_path: Path) -> None:
    events = random_events(seed=9, users=3, count=200)
    snapshot = write_snapshot(tmp_path, events)
    store.load_offline(snapshot)
    store.push(events[:150])
    store.materialize()
    counts = store.erase([2, 2])
    assert counts["online"] == 1
    assert counts["user_behaviour"] > 0
    assert counts["user_content"] == 1
    assert store.push(events) == len(
        {(e.user_id, e.job_id, e.kind, e.at) for e in events[150:] if e.user_id != 2}
        - {(e.user_id, e.job_id, e.kind, e.at) for e in events[:150]}
    )
    store.load_offline(snapshot)
    store.materialize()
    assert store.online([2])[2] == BehaviourState(2)
    later = pa.table({"user_id": [1, 2], "event_timestamp": [events[-1].at + timedelta(days=1)] * 2})
    assert store.historical(later) == [folded(events, 1), BehaviourState(2)]
    assert store.erase([2]) == {"online": 0, "user_behaviour": 0, "user_content": 0, "applied_event": 0}
    new = InteractionRecord(2, 1, "save", datetime.now(UTC) + timedelta(seconds=1))
    assert store.push([new]) == 1


def test_a_lost_connection_is_replaced(store: BehaviourStore, url: str) -> None:
    event = InteractionRecord(1, 2, "save", T0)
    store.push([event])
    with connect(url, statement_timeout_s=5) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert [e.job_id for e in store.online([1])[1].history] == [2]
    assert store.push([event]) == 0


def test_a_store_that_was_not_applied_says_so(new_database: Callable[[], str]) -> None:
    with BehaviourStore(new_database()) as store:
        for call in (
            lambda: store.online([1]),
            lambda: store.push(random_events(1, 2, 3)),
            store.materialize,
        ):
            with pytest.raises(StoreError, match="apply"):
                call()


def test_a_database_that_is_away_is_a_clear_error(tmp_path: Path) -> None:
    with BehaviourStore(f"postgresql://postgres@/none?host={tmp_path}") as store:
        with pytest.raises(StoreError, match="did not answer"):
            store.online([1])
        with pytest.raises(StoreError, match="did not answer"):
            store.load_offline(tmp_path)
    with pytest.raises(DatabaseUrlError):
        BehaviourStore("mysql://x")


def test_a_slow_statement_ends(url: str, applied: str) -> None:
    with BehaviourStore(url, timeout_s=0.3) as store, connect(url, statement_timeout_s=5) as other:
        store.online([1])
        table = sql.Identifier("feast", "jobpilot_user_behaviour")
        other.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(table))
        with pytest.raises(StoreError, match="statement timeout"):
            store.online([1])
        other.rollback()
        assert store.online([1])[1] == BehaviourState(1)


def test_rows_and_states_are_inverse() -> None:
    events = random_events(seed=10, users=1, count=300)
    state = folded(events, 1)
    assert user_state(1, user_row(state)) == state
    assert user_state(1, user_row(BehaviourState(1))) == BehaviourState(1)
    shown = Popularity(3)
    assert job_state(3, job_row(shown)) == shown
    for e in events:
        if e.job_id == 3:
            shown = fold_job(shown, e)
    assert job_state(3, job_row(shown)) == shown


def test_popularity_does_not_depend_on_arrival_and_forgets() -> None:
    events = [e for e in random_events(seed=11, users=9, count=400, minutes=40_000) if e.job_id == 1]
    shuffled = random.Random(1).sample(events, len(events))
    ordered, arrived = Popularity(1), Popularity(1)
    for a, b in zip(events, shuffled, strict=True):
        ordered, arrived = fold_job(ordered, a), fold_job(arrived, b)
    assert arrived.trailing_ctr == pytest.approx(ordered.trailing_ctr)
    assert (arrived.views, arrived.as_of) == (ordered.views, ordered.as_of)
    late = fold_job(ordered, InteractionRecord(1, 1, "impression", T0 + timedelta(days=400)))
    assert late.recent_impressions == pytest.approx(1.0)
    assert late.impressions == ordered.impressions + 1
    with pytest.raises(ValueError, match="job 2"):
        fold_job(ordered, InteractionRecord(1, 2, "view", T0))


def test_daily_rows_end_before_they_are_valid() -> None:
    events = sorted(random_events(seed=12, users=3, count=300), key=lambda e: (e.job_id, e.at))
    rows = list(daily(events))
    for known, state in rows:
        before = [e for e in events if e.job_id == state.job_id and e.at < known]
        assert state.views == sum(e.kind == "view" for e in before)
        assert state.as_of is not None
        assert state.as_of < known
        assert (known.hour, known.minute, known.second, known.microsecond) == (0, 0, 0, 0)
    assert len({(s.job_id, known) for known, s in rows}) == len(rows)
