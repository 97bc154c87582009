"""The feature store: Feast over PostgreSQL, for point-in-time training sets and online rows.

Point in time: an offline row is valid from the first microsecond after what it holds, so the newest row at
or before an event knows only what happened strictly before it. Online: a pushed event is folded into the
user's row under a lock of that user, so that concurrent workers lose nothing. Large training sets use
`features.past` or `features.behaviour.states_at`, which give the same values (tests/test_store.py proves it).
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

import pandas as pd
import psycopg
import pyarrow as pa
import sqlalchemy.exc
from feast import FeatureStore, RepoConfig
from feast.errors import FeastError
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.postgres_online_store.postgres import (
    PostgreSQLOnlineStore,
    PostgreSQLOnlineStoreConfig,
)
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout
from tqdm import tqdm

from features import ledger
from features.behaviour import BehaviourState, fold, merge
from features.feature_repo import definitions
from features.feature_rows import TABLES, USER_BEHAVIOUR, Row, job_row, job_state, user_row, user_state
from features.offline import Connection, create_tables, entity_queries, entity_rows, load_snapshot, newest
from features.popularity import Popularity, fold_job
from features.postgres import CONNECT_TIMEOUT_S, connect, conninfo, endpoint, options
from features.records import InteractionRecord

PROJECT = "jobpilot"
_KEY_VERSION = 3
_PUSH_CHUNK, _PAGE, _JOIN_CHUNK = 500, 500, 25_000
#: How long after a snapshot a repeated event is still recognised (user rows always recognise theirs).
_LEDGER = timedelta(days=7)


class StoreError(RuntimeError):
    """The feature store could not answer: not applied yet, the database is away, or a call ran too long."""


class BoundedOnlineStoreConfig(PostgreSQLOnlineStoreConfig):  # type: ignore[misc]  # feast has no types
    type: Literal["features.store.BoundedOnlineStore"] = "features.store.BoundedOnlineStore"
    url: str
    timeout_s: float


class BoundedOnlineStore(PostgreSQLOnlineStore):  # type: ignore[misc]
    """Feast's PostgreSQL online store with what a server needs: a statement timeout, one user of the
    connection at a time, no transaction left open by an error, and a new connection after a lost one."""

    _conn: Connection | None = None

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()

    @contextmanager
    def _get_conn(self, config: RepoConfig, autocommit: bool = False) -> Iterator[Connection]:
        with self._lock:
            if self._conn is None or self._conn.closed:
                self._conn = _online_connection(config.online_store)
            connection = self._conn
            connection.autocommit = autocommit
            try:
                yield connection
            finally:
                idle = connection.info.transaction_status == TransactionStatus.IDLE
                if not connection.closed and not idle:
                    connection.rollback()


def _online_connection(config: BoundedOnlineStoreConfig) -> Connection:
    connection = connect(config.url, statement_timeout_s=config.timeout_s)
    with connection.transaction():
        connection.execute("SELECT set_config('search_path', 'feast', false)")
    return connection


def _config(database_url: str, timeout_s: float) -> RepoConfig:
    """Feast's configuration in code: the database URL is the only setting."""
    place = endpoint(database_url) | {"db_schema": "feast"}
    registry = {
        "registry_type": "sql",
        "path": conninfo(database_url).replace("postgresql://", "postgresql+psycopg://", 1),
        "cache_ttl_seconds": 0,  # never: definitions change with the code, that is with a restart
        "sqlalchemy_config_kwargs": {
            "pool_pre_ping": True,
            "connect_args": {
                "connect_timeout": CONNECT_TIMEOUT_S,
                "options": "-c search_path=feast -c statement_timeout=30000",
            },
        },
    }
    online = {"type": "features.store.BoundedOnlineStore", "url": database_url, "timeout_s": timeout_s}
    return RepoConfig(
        project=PROJECT,
        provider="local",
        registry=registry,
        offline_store={"type": "postgres", "entity_select_mode": "embed_query", **place},
        online_store=online | place,
        entity_key_serialization_version=_KEY_VERSION,
    )


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.UndefinedTable, FeastError) as error:
        raise StoreError(f"the feature store is not set up, apply() it first: {error}") from error
    except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError, PoolTimeout) as error:
        raise StoreError(f"the feature store's database did not answer: {error}") from error


class BehaviourStore:
    """Behaviour of users and postings. Cheap to make; connects at the first call. Threads may share it.

    `timeout_s` bounds one statement of an online call, `batch_timeout_s` one of a load or a join.
    Every method raises StoreError when the database does not answer.
    """

    def __init__(
        self, database_url: str, *, timeout_s: float = 5.0, batch_timeout_s: float = 1_800.0
    ) -> None:
        self._uri = conninfo(database_url)  # refuses a bad URL here, not at the first request
        self._timeout_s, self._batch_timeout_s = timeout_s, batch_timeout_s
        self._opening = threading.Lock()
        self._opened: FeatureStore | None = None
        self._pool: ConnectionPool[Connection] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection; the next call opens new ones."""
        with self._opening:
            if self._pool is not None:
                self._pool.close()
            if self._opened is not None:
                online = self._opened._get_provider().online_store
                if online._conn is not None:
                    online._conn.close()
                self._opened.registry.write_engine.dispose()
            self._pool = self._opened = None

    @property
    def _feast(self) -> FeatureStore:
        """Feast's own object. Raises StoreError before `apply`, which Feast would only notice half-way."""
        with self._opening:
            if self._opened is None:
                with self._batch() as connection:
                    table = f"feast.{PROJECT}_user_behaviour"
                    found = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
                if found == (None,):
                    raise StoreError("the feature store is not set up in this database, apply() it first")
                self._opened = FeatureStore(config=_config(self._uri, self._timeout_s))
            return self._opened

    @contextmanager
    def _locked(self, users: Collection[int], jobs: Collection[int]) -> Iterator[Connection]:
        """A transaction in which nobody else writes these rows."""
        with self._opening:
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._uri,
                    kwargs=options(self._timeout_s),
                    min_size=0,
                    max_size=4,
                    timeout=2 * self._timeout_s,
                    check=ConnectionPool.check_connection,
                    open=True,
                )
        with self._pool.connection() as connection:
            ledger.lock(connection, users, jobs)
            yield connection

    def _batch(self) -> Connection:
        return connect(self._uri, statement_timeout_s=self._batch_timeout_s)

    # -- set-up --------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Creates the schema, the tables and Feast's registry entries. Repeatable, from many processes."""
        with _errors(), self._batch() as connection:
            ledger.lock_tables(connection)
            with self._batch() as own:
                create_tables(own)
            with self._opening:
                feast = self._opened = self._opened or FeatureStore(
                    config=_config(self._uri, self._timeout_s)
                )
            feast.apply(definitions.OBJECTS)

    def load_offline(self, snapshot: Path) -> dict[str, int]:
        """Fills the offline tables from a snapshot folder, all or nothing; returns rows written per table."""
        with _errors(), self._batch() as connection:
            ledger.lock_tables(connection)
            return load_snapshot(connection, snapshot)

    # -- point in time -------------------------------------------------------------------------------

    def historical(self, rows: pa.Table | pd.DataFrame) -> list[BehaviourState]:
        """(user_id, event_timestamp) rows -> what was known strictly before each, in the same order.

        Through Feast's point-in-time join. Raises ValueError for timestamps without a time zone.
        """
        found: list[BehaviourState] = []
        for row in self._point_in_time("user_history_v1", entity_rows(rows, ("user_id",))):
            named = {name: row[f"user_behaviour__{name}"] for name in USER_BEHAVIOUR}
            found.append(user_state(row["user_id"], named))
        return found

    def training_rows(self, rows: pa.Table | pd.DataFrame) -> pa.Table:
        """(user_id, job_id, event_timestamp) rows -> the features of service `match_v1`, in the same order.

        Columns are named `view__feature`; what was not known yet is null. Held in memory: ask for large
        sets in parts. Raises ValueError for timestamps without a time zone.
        """
        entities = entity_rows(rows, ("user_id", "job_id"))
        return pa.Table.from_pylist(list(self._point_in_time("match_v1", entities)))

    def _point_in_time(self, service: str, entities: pa.Table) -> Iterator[Row]:
        """Feast writes the join's SQL; it runs here in chunks, so memory and time are bounded."""
        bar = tqdm(total=len(entities), desc=f"join {service}", disable=None, leave=False)
        with _errors(), self._batch() as connection, bar:
            for query in entity_queries(connection, entities, _JOIN_CHUNK):
                part = self._join(connection, service, query)
                yield from part
                bar.update(len(part))

    def _join(self, connection: Connection, service: str, query: str) -> list[Row]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Feast reads the query's columns through pandas
            job = self._feast.get_historical_features(
                entity_df=query,
                features=self._feast.get_feature_service(service, allow_cache=True),
                full_feature_names=True,
            )
        statement = f"SELECT * FROM ({job.to_sql()}) joined ORDER BY row"  # noqa: S608 - Feast's own SQL
        with connection.cursor(row_factory=dict_row, binary=True) as cursor:
            rows = cursor.execute(statement.encode())
            return [{name: value for name, value in row.items() if name != "row"} for row in rows]

    # -- online --------------------------------------------------------------------------------------

    def online(self, user_ids: Iterable[int]) -> dict[int, BehaviourState]:
        """The newest state of each user; the empty state for a user nothing is known about."""
        with _errors():
            rows = self._read("user_behaviour", user_ids)
        return {user: user_state(user, row) for user, row in rows.items()}

    def online_jobs(self, job_ids: Iterable[int]) -> dict[int, Popularity]:
        """The newest counts of each posting; zero for one nothing is known about."""
        with _errors():
            rows = self._read("job_behaviour", job_ids)
        return {job: job_state(job, row) for job, row in rows.items()}

    def _read(self, view: str, ids: Iterable[int]) -> dict[int, Row]:
        key, columns = TABLES[view]
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        found = self._features([f"{view}:{name}" for name in columns], {key: wanted})
        values = zip(*(found[name] for name in columns), strict=True)
        return {i: dict(zip(columns, row, strict=True)) for i, row in zip(found[key], values, strict=True)}

    def _features(self, names: list[str], keys: dict[str, list[int]]) -> dict[str, list[Any]]:
        for attempt in (1, 2):
            try:
                return cast("dict[str, list[Any]]", self._feast.get_online_features(names, keys).to_dict())
            except psycopg.OperationalError:
                lost = self._feast._get_provider().online_store._conn
                if attempt == 2 or (lost is not None and not lost.closed):
                    raise  # a timeout; only a connection that was lost is worth a second try
        raise AssertionError  # the loop returns or raises

    def push(self, events: Sequence[InteractionRecord]) -> int:
        """Folds new events into the online rows; returns how many were new. Repeating a call changes nothing.

        Safe from many workers at once, and order does not matter. Events of an erased user from before the
        erasure are ignored.
        """
        ordered = sorted(events, key=lambda e: (e.user_id, e.at))
        chunks = [ordered[i : i + _PUSH_CHUNK] for i in range(0, len(ordered), _PUSH_CHUNK)]
        with _errors():
            return sum(self._push(chunk) for chunk in chunks)

    def _push(self, events: Sequence[InteractionRecord]) -> int:
        users, jobs = {e.user_id for e in events}, {e.job_id for e in events}
        with self._locked(users, jobs) as connection:
            events = ledger.not_erased(connection, events)
            fresh = ledger.register(connection, events)
            before = self.online({e.user_id for e in events if e.kind != "impression"})
            after = dict(before)
            for event in events:
                if event.kind != "impression":
                    after[event.user_id] = fold(after[event.user_id], event)
            self._write_users([s for user, s in after.items() if s is not before[user]])
            counts = self.online_jobs({e.job_id for e in fresh})
            for event in fresh:
                counts[event.job_id] = fold_job(counts[event.job_id], event)
            self._write_jobs(list(counts.values()))
        return len(fresh)

    def materialize(self) -> dict[str, int]:
        """Brings the newest offline rows online; returns rows written per view.

        What was pushed and the snapshot does not know yet survives: rows are merged, not overwritten, which
        is why this is not Feast's own materialize.
        """
        counts = {"user_behaviour": 0, "job_behaviour": 0}
        with _errors():
            for page in self._pages("user_behaviour"):
                counts["user_behaviour"] += self._materialize_users(page)
            for page in self._pages("job_behaviour"):
                counts["job_behaviour"] += self._materialize_jobs(page)
            with self._locked((), ()) as connection:
                ledger.prune(connection, _LEDGER)
        return counts

    def _pages(self, view: str) -> Iterator[dict[int, Row]]:
        with self._batch() as connection, tqdm(desc=f"online {view}", disable=None, leave=False) as bar:
            after: int | None = None
            while page := newest(connection, view, after, _PAGE):
                connection.commit()  # no snapshot is held while the rows are written
                yield page
                bar.update(len(page))
                after = max(page)

    def _materialize_users(self, page: Mapping[int, Row]) -> int:
        with self._locked(page, ()):
            before = self.online(page)
            states = [merge(user_state(user, row), before[user]) for user, row in page.items()]
            changed = [state for state in states if state != before[state.user_id]]
            self._write_users(changed)
        return len(changed)

    def _materialize_jobs(self, page: Mapping[int, Row]) -> int:
        with self._locked((), page) as connection:
            states = {job: job_state(job, row) for job, row in page.items()}
            for event in ledger.since_snapshot(connection, page):
                states[event.job_id] = fold_job(states[event.job_id], event)
            self._write_jobs(list(states.values()))
        return len(states)

    def _write_users(self, states: Sequence[BehaviourState]) -> None:
        rows = [{"user_id": s.user_id, "valid_from": s.last_active} | user_row(s) for s in states]
        self._write("user_behaviour", rows)

    def _write_jobs(self, states: Sequence[Popularity]) -> None:
        rows = [{"job_id": s.job_id, "valid_from": s.as_of} | job_row(s) for s in states]
        self._write("job_behaviour", rows)

    def _write(self, view: str, rows: Sequence[Row]) -> None:
        """What Feast's push does for the view's push source, less its reading of all services each time."""
        if rows:
            now = datetime.now(UTC)
            frame = pd.DataFrame([row | {"loaded_at": now} for row in rows])
            self._feast.write_to_online_store(view, frame)

    # -- erasure -------------------------------------------------------------------------------------

    def erase(self, user_ids: Iterable[int]) -> dict[str, int]:
        """Deletes what both stores know about these users; returns rows deleted per table ("online": users).

        The counts of postings they touched stay: they name nobody. Their older events are ignored from now
        on, also when an older snapshot is loaded.
        """
        users = sorted(set(user_ids))
        keys = [_entity_key(user) for user in users]
        with _errors(), self._locked(users, ()) as connection:
            online = ledger.erase_online(connection, f"{PROJECT}_user_behaviour", keys)
            return {"online": online} | ledger.erase(connection, users)


def _entity_key(user: int) -> bytes:
    key = EntityKey(join_keys=["user_id"], entity_values=[Value(int64_val=user)])
    return cast("bytes", serialize_entity_key(key, entity_key_serialization_version=_KEY_VERSION))
