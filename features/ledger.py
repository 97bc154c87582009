"""Who may write whose online row, which events were counted already, and whose past is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import cast

from psycopg import sql

from features.behaviour import utc
from features.offline import Connection
from features.records import EventKind, InteractionRecord

#: Advisory locks are numbers shared by the whole database: ours start with "jp", then a letter for the kind.
_USERS, _JOBS, _ADMIN = 0x6A70_7500_0000_0000, 0x6A70_6A00_0000_0000, 0x6A70_6100_0000_0000
_ID_BITS = (1 << 40) - 1  # ids that share these bits share a lock, which only makes them take turns


def lock(connection: Connection, users: Collection[int], jobs: Collection[int]) -> None:
    """Holds the rows of these users and postings until the transaction ends; the order excludes deadlock."""
    keys = sorted({_USERS | (u & _ID_BITS) for u in users} | {_JOBS | (j & _ID_BITS) for j in jobs})
    connection.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::int8[]) k", (keys,))


def lock_tables(connection: Connection) -> None:
    """One set-up or load at a time, until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADMIN,))


def register(connection: Connection, events: Sequence[InteractionRecord]) -> list[InteractionRecord]:
    """Notes the events as counted; returns those that were not noted before, each once."""
    rows = connection.execute(
        "INSERT INTO feast.applied_event (user_id, job_id, kind, at) "
        "SELECT * FROM unnest(%s::int8[], %s::int8[], %s::text[], %s::timestamptz[]) "
        "ON CONFLICT DO NOTHING RETURNING user_id, job_id, kind, at",
        (
            [e.user_id for e in events],
            [e.job_id for e in events],
            [e.kind for e in events],
            [utc(e.at) for e in events],
        ),
    ).fetchall()
    return [_event(row) for row in rows]


def since_snapshot(connection: Connection, jobs: Collection[int]) -> list[InteractionRecord]:
    """Counted events of these postings that are newer than everything in the newest loaded snapshot."""
    rows = connection.execute(
        "SELECT user_id, job_id, kind, at FROM feast.applied_event WHERE job_id = ANY(%s) AND at > "
        "coalesce((SELECT max(last_event) FROM feast.loaded_snapshot), '-infinity')",
        (list(jobs),),
    ).fetchall()
    return [_event(row) for row in rows]


def prune(connection: Connection, keep: timedelta) -> int:
    """Forgets counted events more than `keep` older than the newest loaded snapshot; returns how many."""
    return connection.execute(
        "DELETE FROM feast.applied_event WHERE at <= "
        "(SELECT max(last_event) FROM feast.loaded_snapshot) - %s::interval",
        (keep,),
    ).rowcount


def not_erased(connection: Connection, events: Sequence[InteractionRecord]) -> list[InteractionRecord]:
    """The events without those of erased users up to their erasure."""
    erased: dict[int, datetime] = dict(
        connection.execute(
            "SELECT user_id, at FROM feast.erased_user WHERE user_id = ANY(%s)",
            (list({e.user_id for e in events}),),
        ).fetchall()
    )
    return [e for e in events if e.user_id not in erased or utc(e.at) > erased[e.user_id]]


def erase(connection: Connection, users: Sequence[int]) -> dict[str, int]:
    """Deletes the users' rows from the offline tables and the ledger; returns how many per table.

    Remembers that they were erased (the id and the moment), so that an old snapshot brings nothing back.
    """
    counts = {}
    for table in ("user_behaviour", "user_content", "applied_event"):
        query = sql.SQL("DELETE FROM {} WHERE user_id = ANY(%s)").format(sql.Identifier("feast", table))
        counts[table] = connection.execute(query, (list(users),)).rowcount
    connection.execute(
        "INSERT INTO feast.erased_user SELECT u, clock_timestamp() FROM unnest(%s::int8[]) u "
        "ON CONFLICT (user_id) DO UPDATE SET at = excluded.at",
        (list(users),),
    )
    return counts


def erase_online(connection: Connection, table: str, keys: Sequence[bytes]) -> int:
    """Deletes entities from an online table of Feast's (one row per feature); returns how many entities."""
    query = sql.SQL(
        "WITH gone AS (DELETE FROM {} WHERE entity_key = ANY(%s) RETURNING entity_key) "
        "SELECT count(DISTINCT entity_key) FROM gone"
    ).format(sql.Identifier("feast", table))
    row = connection.execute(query, (list(keys),)).fetchone()
    return int(row[0]) if row else 0


def _event(row: tuple[int, int, str, datetime]) -> InteractionRecord:
    user, job, kind, at = row
    return InteractionRecord(user, job, cast("EventKind", kind), utc(at))
