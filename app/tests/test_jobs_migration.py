"""Migration 0007 on a database that was in use: what was there keeps its meaning, forth and back."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from alembic import command
from sqlalchemy import URL, create_engine

from app.migrations.runner import config, migrate
from app.tests.conftest import plain

ROWS = """
INSERT INTO company (id, public_id, slug, name) VALUES (1, gen_random_uuid(), 'c', 'C');
INSERT INTO job (id, public_id, slug, company_id, title, posted_at, created_at)
SELECT n, gen_random_uuid(), 'j' || n, 1, 'T', now(), '2020-01-01' FROM generate_series(1, 4) AS n;
INSERT INTO app_user (id, public_id, email, password_hash)
SELECT n, gen_random_uuid(), 'u' || n || '@example.org', '' FROM generate_series(1, 2) AS n;
INSERT INTO job_application (public_id, user_id, job_id, status)
SELECT gen_random_uuid(), 1, n, (ARRAY['submitted', 'external', 'withdrawn', 'offer'])[n]
FROM generate_series(1, 4) AS n;
INSERT INTO saved_job (user_id, job_id) VALUES (1, 1), (1, 2), (2, 1);
INSERT INTO event (event_id, user_id, job_id, kind, at) VALUES (gen_random_uuid(), 1, 1, 'view', now());
"""


@pytest.fixture
def old(postgres: URL) -> URL:
    """A database at the step before, with rows in it."""
    url = postgres.set(database=f"old_{uuid.uuid4().hex}")
    with psycopg.connect(plain(postgres), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {url.database}".encode())
    migrate(url, "0006")
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(ROWS.encode())
    return url


def test_a_board_in_use_keeps_its_meaning(old: URL) -> None:
    migrate(old, "0007")
    with psycopg.connect(plain(old), autocommit=True) as connection:

        def all_of(query: str) -> list[tuple[object, ...]]:
            return connection.execute(query.encode()).fetchall()

        assert all_of("SELECT status, is_external FROM job_application ORDER BY job_id") == [
            ("applied", False),
            ("applied", True),
            ("withdrawn", False),
            ("offer", False),
        ]
        assert all_of("SELECT status, actor FROM application_change ORDER BY application_id") == [
            ("applied", "seeker"),
            ("applied", "seeker"),
            ("withdrawn", "seeker"),
            ("offer", "seeker"),
        ]
        assert all_of("SELECT job_id, taken FROM job_counter ORDER BY 1") == [(1, 1), (2, 1), (4, 1)]
        assert all_of("SELECT user_id, saved_jobs FROM seeker_quota ORDER BY 1") == [(1, 2), (2, 1)]
        assert all_of("SELECT DISTINCT first_seen = created_at FROM job") == [(True,)]
        assert all_of("SELECT position, horizon FROM rollup_state WHERE name = 'event'") == [(0, 1)]
        connection.execute("UPDATE job_application SET status = 'in_review' WHERE job_id = 1")
    engine = create_engine(old)
    with engine.connect() as bound:
        command.downgrade(config(bound), "0006")
        bound.commit()
    engine.dispose()
    with psycopg.connect(plain(old)) as connection:
        statuses = connection.execute("SELECT status FROM job_application ORDER BY job_id").fetchall()
    assert statuses == [("submitted",), ("external",), ("withdrawn",), ("offer",)]
