"""The change log in PostgreSQL, in its own schema `serving`; the app's tables are never touched.

Sequence numbers are given inside one transaction-level advisory lock. PostgreSQL releases it after the
commit is visible, so whoever reads `seq > last` can never see a number while a lower one is still to come.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from features.records import JobRecord
from models.facts import EncodedJob, JobFacts, as_utc
from models.golden import job_record
from serving.errors import JournalUnavailableError
from serving.journal import Acknowledged, Change, Posting, last_of_each

log = logging.getLogger(__name__)
Connection = psycopg.Connection[tuple[Any, ...]]

#: Keys of advisory locks, in this application's own number space ("JobP" and a counter).
_DDL_LOCK, _SEQUENCE_LOCK = 0x4A6F6250_0001, 0x4A6F6250_0002
CHANNEL = "serving_job"
_UNREACHABLE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed)

DDL = """
CREATE SCHEMA IF NOT EXISTS serving;
CREATE SEQUENCE IF NOT EXISTS serving.job_seq;
CREATE TABLE IF NOT EXISTS serving.job (
    job_id bigint PRIMARY KEY,
    seq bigint NOT NULL UNIQUE,
    record jsonb NOT NULL,
    content_hash text NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS serving.job_vector (
    encoder_version text NOT NULL,
    job_id bigint NOT NULL,
    content_hash text NOT NULL,
    vector bytea NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (encoder_version, job_id)
);
"""

UPSERT = """
INSERT INTO serving.job AS j (job_id, seq, record, content_hash)
SELECT i.job_id, nextval('serving.job_seq'), i.record::jsonb, i.content_hash
FROM unnest(%(ids)s::bigint[], %(hashes)s::text[], %(records)s::text[]) AS i (job_id, content_hash, record)
LEFT JOIN serving.job AS o ON o.job_id = i.job_id
WHERE o.job_id IS NULL OR o.deleted OR o.content_hash <> i.content_hash
ORDER BY i.job_id
ON CONFLICT (job_id) DO UPDATE SET seq = excluded.seq, record = excluded.record,
    content_hash = excluded.content_hash, deleted = false, changed_at = now()
RETURNING j.seq
"""

DELETE = """
INSERT INTO serving.job AS j (job_id, seq, record, content_hash, deleted)
SELECT i.job_id, nextval('serving.job_seq'), '{}', '', true
FROM unnest(%(ids)s::bigint[]) AS i (job_id) LEFT JOIN serving.job AS o ON o.job_id = i.job_id
WHERE o.job_id IS NULL OR NOT o.deleted
ORDER BY i.job_id
ON CONFLICT (job_id) DO UPDATE SET seq = excluded.seq, record = '{}', content_hash = '',
    deleted = true, changed_at = now()
RETURNING j.seq
"""

PUT_VECTORS = """
INSERT INTO serving.job_vector AS v (encoder_version, job_id, content_hash, vector, facts)
SELECT %(version)s, i.job_id, i.content_hash, i.vector, i.facts::jsonb
FROM unnest(%(ids)s::bigint[], %(hashes)s::text[], %(vectors)s::bytea[], %(facts)s::text[])
    AS i (job_id, content_hash, vector, facts)
ORDER BY i.job_id
ON CONFLICT (encoder_version, job_id) DO UPDATE SET content_hash = excluded.content_hash,
    vector = excluded.vector, facts = excluded.facts
"""

PRUNE_VECTORS = """
DELETE FROM serving.job_vector AS v WHERE v.encoder_version <> ALL (%(keep)s) OR NOT EXISTS (
    SELECT FROM serving.job AS j WHERE j.job_id = v.job_id AND j.content_hash = v.content_hash)
"""


class PostgresJournal:
    """Safe from any thread. `timeout` (seconds) bounds connecting, waiting for a lock and each statement."""

    def __init__(self, dsn: str, *, timeout: float = 3.0, pool_size: int = 6) -> None:
        self._timeout = timeout
        milliseconds = int(timeout * 1000)
        self._arguments: dict[str, Any] = {
            "connect_timeout": max(1, round(timeout)),
            "application_name": "jobpilot-serving",
            "options": f"-c statement_timeout={10 * milliseconds} -c lock_timeout={3 * milliseconds}",
            "keepalives_idle": 10,
            "tcp_user_timeout": 5 * milliseconds,
        }
        self._dsn = dsn
        self._pool = ConnectionPool(
            dsn,
            kwargs=self._arguments,
            min_size=1,
            max_size=pool_size,
            timeout=timeout,
            check=ConnectionPool.check_connection,
            reconnect_timeout=0,
            open=True,
            name="serving-journal",
        )
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # we report an outage once, not per try
        self._listener: Connection | None = None
        self._is_set_up = False

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """One transaction. The schema is created on the first one, so a late database is no start failure."""
        try:
            with self._pool.connection() as connection:
                self._set_up(connection)
                yield connection
        except _UNREACHABLE as error:
            raise JournalUnavailableError(f"the change log does not answer: {_one_line(error)}") from error

    def _set_up(self, connection: Connection) -> None:
        if not self._is_set_up:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_DDL_LOCK,))
            connection.execute(DDL)
            connection.commit()
            self._is_set_up = True

    # -- changes -------------------------------------------------------------------------------------

    def upsert(self, postings: Sequence[Posting], encoder_version: str) -> Acknowledged:
        rows = last_of_each(postings)
        values = {
            "ids": [p.job.job_id for p in rows],
            "hashes": [p.content_hash for p in rows],
            "records": [_record_json(p.job) for p in rows],
        }
        with self._transaction() as connection:
            self._store_vectors(connection, encoder_version, rows)
            return self._append(connection, UPSERT, values)

    def delete(self, job_ids: Sequence[int]) -> Acknowledged:
        with self._transaction() as connection:
            return self._append(connection, DELETE, {"ids": sorted(set(job_ids))})

    def _append(self, connection: Connection, statement: str, values: dict[str, Any]) -> Acknowledged:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SEQUENCE_LOCK,))
        given = connection.execute(statement, values).fetchall()
        if given:
            connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
        return Acknowledged(len(given), _head(connection))

    def hashes(self, job_ids: Sequence[int]) -> dict[int, str]:
        query = "SELECT job_id, content_hash FROM serving.job WHERE job_id = ANY (%s) AND NOT deleted"
        with self._transaction() as connection:
            return dict(connection.execute(query, (list(job_ids),)).fetchall())

    def changes(self, after: int, limit: int) -> list[Change]:
        query = """SELECT seq, job_id, content_hash, deleted FROM serving.job
                   WHERE seq > %s ORDER BY seq LIMIT %s"""
        with self._transaction() as connection:
            return [Change(*row) for row in connection.execute(query, (after, limit))]

    def records(self, job_ids: Sequence[int]) -> dict[int, Posting]:
        query = """SELECT record, content_hash FROM serving.job WHERE job_id = ANY (%s) AND NOT deleted"""
        with self._transaction() as connection:
            rows = connection.execute(query, (list(job_ids),)).fetchall()
        postings = [Posting(job_record(record), content_hash) for record, content_hash in rows]
        return {p.job.job_id: p for p in postings}

    def head(self) -> int:
        with self._transaction() as connection:
            return _head(connection)

    # -- vectors -------------------------------------------------------------------------------------

    def vectors(self, encoder_version: str, changes: Sequence[Change]) -> dict[int, EncodedJob]:
        query = """SELECT job_id, content_hash, vector, facts FROM serving.job_vector
                   WHERE encoder_version = %s AND job_id = ANY (%s)"""
        wanted = {c.job_id: c.content_hash for c in changes}
        with self._transaction() as connection:
            rows = connection.execute(query, (encoder_version, list(wanted)), binary=True).fetchall()
        return {
            job_id: EncodedJob(np.frombuffer(vector, "<f4"), JobFacts.from_dict(facts))
            for job_id, content_hash, vector, facts in rows
            if wanted[job_id] == content_hash
        }

    def put_vectors(self, encoder_version: str, postings: Sequence[Posting]) -> None:
        with self._transaction() as connection:
            self._store_vectors(connection, encoder_version, last_of_each(postings))

    @staticmethod
    def _store_vectors(connection: Connection, encoder_version: str, postings: Sequence[Posting]) -> None:
        rows = [(p, p.encoded) for p in postings if p.encoded is not None]
        if rows:
            values = {
                "version": encoder_version,
                "ids": [p.job.job_id for p, _ in rows],
                "hashes": [p.content_hash for p, _ in rows],
                "vectors": [e.vector.astype("<f4").tobytes() for _, e in rows],
                "facts": [json.dumps(e.facts.to_dict()) for _, e in rows],
            }
            connection.execute(PUT_VECTORS, values)

    def prune_vectors(self, keep: Sequence[str]) -> int:
        with self._transaction() as connection:
            return connection.execute(PRUNE_VECTORS, {"keep": list(keep)}).rowcount

    # -- turns and signals -----------------------------------------------------------------------------

    @contextmanager
    def turn(self, topic: str) -> Iterator[None]:
        with self._transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"serving {topic}",))
            yield

    def wait(self, seconds: float) -> None:
        """LISTEN on a connection of its own; without one it is a pause, and the caller polls."""
        try:
            if self._listener is None:
                self._listener = psycopg.connect(self._dsn, autocommit=True, **self._arguments)
                self._listener.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            for _ in self._listener.notifies(timeout=seconds, stop_after=1):
                return
        except _UNREACHABLE:
            self._close_listener()
            time.sleep(seconds)

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        self._close_listener()
        self._pool.close(timeout=self._timeout)


def _head(connection: Connection) -> int:
    row = connection.execute("SELECT coalesce(max(seq), 0) FROM serving.job").fetchone()
    return int(row[0]) if row else 0


def _record_json(job: JobRecord) -> str:
    return json.dumps(asdict(job), default=_moment)


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return as_utc(value).isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
