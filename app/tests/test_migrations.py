from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import import_module

import psycopg
import pytest
from alembic import command
from sqlalchemy import URL, create_engine

from app.migrations.runner import config, current, migrate, newest
from app.tests.conftest import plain
from features.records import InteractionRecord, JobRecord, UserRecord

IMPRESSION = (
    "INSERT INTO impression (request_id, user_id, job_id, rank, score, propensity, release_id) "
    "VALUES (gen_random_uuid(), 1, 1, {}, '')"
)
EXTRA = {
    "jobs": {"status", "closed_at", "created_at", "updated_at"},
    "users": {"created_at", "updated_at"},
    "events": {"created_at", "updated_at"},
}


@pytest.fixture(scope="module")
def rows(database_url: URL) -> Iterator[psycopg.Connection]:
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO company (id, public_id, slug, name) VALUES (1, gen_random_uuid(), 'acme', 'Acme')"
        )
        connection.execute(
            """INSERT INTO job (id, public_id, slug, company_id, title, description, requirements, skills,
                                posted_at, salary_min, salary_max, salary_interval, salary_currency)
               VALUES (1, gen_random_uuid(), 'one', 1, 'Engineer', 'Do it.', 'Know it.', '{Python,"C++"}',
                       now(), 50, 60, 'hour', 'EUR')"""
        )
        for user, opted_out in ((1, False), (2, True)):
            connection.execute(
                "INSERT INTO app_user (id, public_id, email, password_hash) "
                "VALUES (%s, gen_random_uuid(), %s, '')",
                (user, f"u{user}@example.org"),
            )
            connection.execute(
                "INSERT INTO user_profile (user_id, training_opt_out) VALUES (%s, %s)", (user, opted_out)
            )
            for kind in ("view", "click", "unsave"):
                connection.execute(
                    "INSERT INTO event (event_id, user_id, job_id, kind, at) "
                    "VALUES (gen_random_uuid(), %s, 1, %s, now())",
                    (user, kind),
                )
            connection.execute(
                "INSERT INTO impression (request_id, user_id, job_id, rank, score, propensity, release_id) "
                "VALUES (gen_random_uuid(), %s, 1, 3, .5, .25, 'r1')",
                (user,),
            )
        yield connection


def test_models_and_migrations_agree_and_go_back_and_forth(new_database: Callable[[], URL]) -> None:
    url = new_database()
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            command.check(config(connection))
        with engine.connect() as connection:
            command.downgrade(config(connection), "base")
            connection.commit()
            assert current(connection) == ""
    finally:
        engine.dispose()
    with psycopg.connect(plain(url)) as connection:
        left = connection.execute(
            "SELECT relname FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        ).fetchall()
    assert left == [("alembic_version",)]
    assert migrate(url) == ""
    assert migrate(url) == newest()


def test_the_queue_schema_is_of_the_installed_library() -> None:
    pinned = import_module("app.migrations.versions.0004_queue").PROCRASTINATE
    assert importlib.metadata.version("procrastinate").startswith(pinned)


@pytest.mark.parametrize(
    ("view", "record"), [("jobs", JobRecord), ("users", UserRecord), ("events", InteractionRecord)]
)
def test_snapshot_views_have_the_records_columns(view: str, record: type, rows: psycopg.Connection) -> None:
    cursor = rows.execute(f"SELECT * FROM snapshot.{view}")  # noqa: S608
    assert cursor.description is not None
    columns = {column.name for column in cursor.description}
    assert columns == {field.name for field in fields(record)} - {"history"} | EXTRA[view]


def test_a_posting_becomes_its_record(rows: psycopg.Connection) -> None:
    row = rows.execute(
        "SELECT description, skills, salary_min, salary_max, currency, company, remote FROM snapshot.jobs"
    ).fetchone()
    assert row == ("Do it.\n\nKnow it.", ["Python", "C++"], 104000.0, 124800.0, "EUR", "Acme", "unspecified")


def test_snapshots_leave_out_who_opted_out(rows: psycopg.Connection) -> None:
    assert rows.execute("SELECT user_id FROM snapshot.users").fetchall() == [(1,)]
    assert rows.execute("SELECT DISTINCT user_id FROM snapshot.events").fetchall() == [(1,)]


def test_interactions_carry_what_the_model_knows(rows: psycopg.Connection) -> None:
    kinds = rows.execute(
        "SELECT kind, rank, score, propensity, release_id FROM snapshot.events ORDER BY kind"
    ).fetchall()
    assert kinds == [("impression", 3, 0.5, 0.25, "r1"), *[("view", None, None, None, None)] * 2]


@pytest.mark.parametrize("table", ["event", "impression"])
def test_behaviour_is_append_only(table: str, rows: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        rows.execute(f"UPDATE {table} SET job_id = job_id")  # noqa: S608


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE job SET status = 'gone'",
        "UPDATE job SET status = 'closed'",
        "UPDATE job SET closed_at = now()",
        "UPDATE job SET salary_min = 70",
        "UPDATE job SET salary_min = -1",
        "UPDATE job SET salary_currency = 'euro'",
        "UPDATE job SET title = ''",
        "UPDATE job SET title = repeat('x', 301)",
        "UPDATE job SET external_application_url = 'javascript:alert(1)'",
        "UPDATE job SET remote_option = 'moon'",
        "UPDATE app_user SET email = 'Upper@example.org' WHERE id = 1",
        "UPDATE user_profile SET experience_years = 99",
        "UPDATE user_profile SET job_types = '{slave}'",
        "INSERT INTO user_skill (user_id, name, name_key) VALUES (1, 'Python', 'Python')",
        "INSERT INTO refresh_token (session_id, token_hash, expires_at) VALUES (1, 'x', now())",
        IMPRESSION.format("0, .5, .5"),
        IMPRESSION.format("1, .5, 0"),
    ],
)
def test_the_database_refuses_what_makes_no_sense(statement: str, rows: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        rows.execute(statement)


def test_generated_columns_follow_their_source(rows: psycopg.Connection) -> None:
    found = rows.execute(
        "SELECT skill_keys, search_vector @@ websearch_to_tsquery('english', 'engineers'), annual_salary_min "
        "FROM job"
    ).fetchone()
    assert found is not None
    assert (found[0], found[1], float(found[2])) == (["python", "c++"], True, 104000.0)


def test_every_foreign_key_has_an_index(rows: psycopg.Connection) -> None:
    missing = rows.execute(
        """SELECT c.conrelid::regclass::text, c.conname FROM pg_constraint c
           WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
             AND c.conrelid::regclass::text NOT LIKE 'procrastinate%'
             AND NOT EXISTS (
               SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])"""
    ).fetchall()
    assert missing == []
