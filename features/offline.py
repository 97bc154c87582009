"""The tables behind the feature store's offline side, and how a snapshot fills them.

Schema `feast` holds Feast's registry and online tables too. `applied_event` remembers pushed events, so that
one that is delivered twice counts once; `erased_user` keeps a person's past from coming back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from tqdm import tqdm

from features.behaviour import changes
from features.feature_rows import KEYS, TABLES, Row, job_row, user_row
from features.popularity import daily
from features.snapshot import interactions, read_events, read_manifest

_OTHER_TABLES = """
CREATE TABLE IF NOT EXISTS feast.applied_event (
    user_id int8, job_id int8, kind text, at timestamptz, PRIMARY KEY (user_id, at, job_id, kind));
CREATE INDEX IF NOT EXISTS applied_event_job ON feast.applied_event (job_id, at);
CREATE TABLE IF NOT EXISTS feast.erased_user (user_id int8 PRIMARY KEY, at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS feast.loaded_snapshot (
    id text PRIMARY KEY, loaded_at timestamptz NOT NULL, last_event timestamptz);
"""
Connection = psycopg.Connection[Any]


def create_tables(connection: Connection) -> None:
    """Makes what is missing; safe to repeat."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS feast")
    for name, (key, columns) in TABLES.items():
        listed = ", ".join(f"{column} {kind}" for column, kind in (KEYS | columns).items())
        connection.execute(
            cast("Any", f"CREATE TABLE IF NOT EXISTS feast.{name} ({key} int8, {listed})")  # names from here
        )
        connection.execute(
            cast("Any", f"CREATE INDEX IF NOT EXISTS {name}_key ON feast.{name} ({key}, valid_from)")
        )
    connection.execute(_OTHER_TABLES)


def load_snapshot(connection: Connection, folder: Path) -> dict[str, int]:
    """Writes a snapshot into the offline tables, all or nothing; returns rows written per table.

    Behaviour is rebuilt whole. Content is versioned: a first version holds from the moment the posting or
    account appeared, a changed one from its `updated_at`. What was erased stays out.
    """
    manifest = read_manifest(folder)
    # a repeated event would be counted twice: a posting's counts cannot recognise it
    events = read_events(folder).group_by(["user_id", "job_id", "kind", "at"]).aggregate([])
    events = _without_erased(connection, events)
    loaded_at = _now(connection)
    by_user = events.sort_by([("user_id", "ascending"), ("at", "ascending")])
    by_job = events.sort_by([("job_id", "ascending"), ("at", "ascending")])
    users = (
        (p.user_id, p.at, loaded_at, *user_row(p.state).values()) for p in changes(interactions(by_user))
    )
    jobs = ((s.job_id, at, loaded_at, *job_row(s).values()) for at, s in daily(interactions(by_job)))
    counts = {
        "user_behaviour": _replace(connection, "user_behaviour", users),
        "job_behaviour": _replace(connection, "job_behaviour", jobs),
        "user_content": _version(connection, "user_content", _user_content(folder, loaded_at)),
        "job_content": _version(connection, "job_content", _job_content(folder, loaded_at)),
    }
    connection.execute(
        "INSERT INTO feast.loaded_snapshot VALUES (%s, %s, %s) "
        "ON CONFLICT (id) DO UPDATE SET loaded_at = excluded.loaded_at",
        (manifest.id, loaded_at, manifest.last_event),
    )
    return counts


def _now(connection: Connection) -> datetime:
    row = connection.execute("SELECT now()").fetchone()
    assert row is not None  # noqa: S101 - SELECT without FROM has one row
    return cast("datetime", row[0])


def _without_erased(connection: Connection, events: pa.Table) -> pa.Table:
    """Events of erased users up to the erasure are gone for good, whatever an old snapshot says."""
    erased = dict(connection.execute("SELECT user_id, at FROM feast.erased_user").fetchall())
    if not erased:
        return events
    users, moments = events["user_id"].to_pylist(), events["at"].to_pylist()
    keep = [u not in erased or at > erased[u] for u, at in zip(users, moments, strict=True)]
    return events.filter(pa.array(keep))


def copy_rows(
    connection: Connection, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]
) -> int:
    """Binary COPY of `rows` into `table` (a name from this module); returns how many."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.SQL(cast("Any", table)), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
        tqdm(desc=f"load {table}", unit=" rows", unit_scale=True, disable=None, leave=False) as bar,
    ):
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)
            count += 1
            if count % 1_000 == 0:
                bar.update(1_000)
    return count


def _columns(table: str) -> dict[str, str]:
    key, columns = TABLES[table]
    return {key: "int8"} | KEYS | columns


def _replace(connection: Connection, table: str, rows: Iterable[Sequence[Any]]) -> int:
    """Fills a new table beside the old one and swaps them: readers see the old rows until the commit."""
    key = TABLES[table][0]
    run = cast("Any", connection.execute)
    run(f"CREATE TABLE feast.{table}_next (LIKE feast.{table})")
    count = copy_rows(connection, f"feast.{table}_next", _columns(table), rows)
    run(f"DROP TABLE feast.{table}")
    run(f"ALTER TABLE feast.{table}_next RENAME TO {table}")
    run(f"CREATE INDEX {table}_key ON feast.{table} ({key}, valid_from)")
    run(f"ANALYZE feast.{table}")
    return count


def _version(connection: Connection, table: str, rows: Iterable[Sequence[Any]]) -> int:
    """Adds the rows whose facts differ from the newest version; `first_seen` dates a first version."""
    key, columns = TABLES[table]
    run = cast("Any", connection.execute)
    run(f"CREATE TEMP TABLE incoming (LIKE feast.{table}) ON COMMIT DROP")
    run("ALTER TABLE incoming ADD COLUMN first_seen timestamptz")
    copy_rows(connection, "incoming", _columns(table) | {"first_seen": "timestamptz"}, rows)
    facts = ", ".join(columns)
    mine, theirs = (", ".join(f"{side}.{c}" for c in columns) for side in ("i", "o"))
    erased = f"LEFT JOIN feast.erased_user e ON e.{key} = i.{key}" if key == "user_id" else ""
    kept = "AND (e.at IS NULL OR i.valid_from > e.at)" if erased else ""
    written = run(
        f"INSERT INTO feast.{table} ({key}, valid_from, loaded_at, {facts}) "  # noqa: S608 - names from above
        f"SELECT i.{key}, CASE WHEN o.{key} IS NULL THEN i.first_seen ELSE i.valid_from END, "
        f"i.loaded_at, {mine} FROM incoming i {erased} LEFT JOIN LATERAL (SELECT * FROM feast.{table} t "
        f"WHERE t.{key} = i.{key} ORDER BY t.valid_from DESC, t.loaded_at DESC LIMIT 1) o ON true "
        f"WHERE (o.{key} IS NULL OR ({mine}) IS DISTINCT FROM ({theirs})) {kept}"
    ).rowcount
    run("DROP TABLE incoming")
    return int(written)


def _user_content(folder: Path, loaded_at: datetime) -> Iterator[Sequence[Any]]:
    for row in _rows(folder / "users.parquet"):
        yield (
            row["user_id"],
            row["updated_at"] or row["created_at"] or loaded_at,
            loaded_at,
            row["desired_title"],
            row["location"],
            row["remote"],
            row["experience_years"],
            row["salary_min"],
            row["skills"] or [],
            bool(row["resume_text"]),
            row["created_at"] or loaded_at,
        )


def _job_content(folder: Path, loaded_at: datetime) -> Iterator[Sequence[Any]]:
    names = [name for name in pq.read_schema(folder / "jobs.parquet").names if name != "description"]
    for row in _rows(folder / "jobs.parquet", names):
        yield (
            row["job_id"],
            row["updated_at"] or row["posted_at"] or loaded_at,
            loaded_at,
            row["title"],
            row["company"],
            row["location"],
            row["remote"],
            row["job_type"],
            row["salary_min"],
            row["salary_max"],
            row["currency"],
            row["skills"] or [],
            row["posted_at"] or loaded_at,
        )


def _rows(path: Path, columns: list[str] | None = None) -> Iterator[Row]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1_000, columns=columns):
            yield from batch.to_pylist()


def newest(connection: Connection, table: str, after: int | None, limit: int) -> dict[int, Row]:
    """The newest row of each of the next `limit` entities whose id is above `after`, by id."""
    key, columns = TABLES[table]
    query = sql.SQL(
        "SELECT DISTINCT ON ({key}) {key}, {columns} FROM feast.{table} WHERE %(after)s::int8 IS NULL OR "
        "{key} > %(after)s ORDER BY {key}, valid_from DESC, loaded_at DESC LIMIT %(limit)s"
    ).format(
        key=sql.Identifier(key),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        table=sql.Identifier(table),
    )
    rows = connection.execute(query, {"after": after, "limit": limit}).fetchall()
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}


def entity_rows(rows: pa.Table | pd.DataFrame, keys: tuple[str, ...]) -> pa.Table:
    """The rows as (row, keys..., event_timestamp) in microseconds UTC.

    Raises ValueError for timestamps without a time zone.
    """
    table = pa.Table.from_pandas(rows, preserve_index=False) if isinstance(rows, pd.DataFrame) else rows
    moments = table["event_timestamp"]
    if not pa.types.is_timestamp(moments.type) or moments.type.tz is None:
        raise ValueError("event_timestamp must be timestamps with a time zone")
    # rounding down keeps the row before its event; Arrow refuses to lose digits without being told
    exact = moments.cast(pa.timestamp("us", moments.type.tz), safe=False).cast(pa.timestamp("us", "UTC"))
    columns = [table[key].cast(pa.int64()) for key in keys]
    return pa.table(
        [pa.array(range(len(table)), pa.int64()), *columns, exact], names=["row", *keys, "event_timestamp"]
    )


def entity_queries(connection: Connection, entities: pa.Table, size: int) -> Iterator[str]:
    """Queries that give `entities` (from `entity_rows`) in parts of `size` rows, to any connection.

    The table behind them exists until the iterator ends. Puts the connection in autocommit.
    """
    connection.autocommit = True
    table = f"feast.entity_{uuid.uuid4().hex}"
    columns = {name: "timestamptz" if name == "event_timestamp" else "int8" for name in entities.column_names}
    run = cast("Any", connection.execute)
    run(f"CREATE UNLOGGED TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    try:
        batches = entities.to_batches(max_chunksize=10_000)
        tuples = (row for b in batches for row in zip(*(c.to_pylist() for c in b.columns), strict=True))
        copy_rows(connection, table, columns, tuples)
        run(f"ALTER TABLE {table} ADD PRIMARY KEY (row)")
        run(f"ANALYZE {table}")
        for first in range(0, len(entities), size):
            listed = ", ".join(columns)
            yield f"SELECT {listed} FROM {table} WHERE row >= {first} AND row < {first + size}"  # noqa: S608
    finally:
        if not connection.closed:
            run(f"DROP TABLE IF EXISTS {table}")
