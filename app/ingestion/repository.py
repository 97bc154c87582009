"""SQL of the import: COPY into a staging table, then one INSERT ... ON CONFLICT per batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.ingestion.posting import Posting
from app.kit.ids import slugify, uuid7


@dataclass(frozen=True, slots=True)
class Upserted:
    """Ids by outcome; a batch's remaining rows were already stored exactly so."""

    added: tuple[int, ...]
    updated: tuple[int, ...]


#: name, SQL type, of the staging table; the order of `_row`.
_STAGED = (
    ("external_id", "text"), ("content_hash", "text"), ("public_id", "uuid"), ("slug", "text"),
    ("company", "text"), ("company_public_id", "uuid"), ("company_slug", "text"), ("title", "text"),
    ("description", "text"), ("requirements", "text"), ("benefits", "text"), ("skills", "text[]"),
    ("location", "text"), ("job_type", "text"), ("remote_option", "text"), ("salary_min", "numeric"),
    ("salary_max", "numeric"), ("salary_currency", "text"), ("salary_interval", "text"),
    ("salary_source", "text"), ("url", "text"), ("instructions", "text"), ("status", "text"),
    ("posted_at", "timestamptz"), ("expires_at", "timestamptz"), ("closed_at", "timestamptz"),
    ("recorded_at", "timestamptz"),
)  # fmt: skip
_CREATE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_posting ("
    + ", ".join(f"{name} {kind}" for name, kind in _STAGED)
    + ") ON COMMIT DELETE ROWS"
)
_COPY = f"COPY incoming_posting ({', '.join(name for name, _ in _STAGED)}) FROM STDIN"

# Ordered by key, so that two imports at once lock in the same order.
_COMPANIES = """
INSERT INTO company (public_id, slug, name, source)
SELECT DISTINCT ON (lower(company)) company_public_id, company_slug, company, 'import'
FROM incoming_posting i
WHERE NOT EXISTS (SELECT FROM company c WHERE c.source = 'import' AND c.name_key = lower(i.company))
ORDER BY lower(company), company
ON CONFLICT (source, name_key) DO NOTHING
"""

# Moderation stands: what staff removed stays removed. A posting without a date keeps its first one.
_JOBS = """
INSERT INTO job AS j (
    public_id, slug, company_id, title, description, requirements, benefits, skills, location, job_type,
    remote_option, salary_min, salary_max, salary_currency, salary_interval, salary_source,
    external_application_url, application_instructions, source, external_id, content_hash, status,
    posted_at, expires_at, closed_at, created_at, updated_at
)
SELECT i.public_id, i.slug, c.id, i.title, i.description, i.requirements, i.benefits, i.skills, i.location,
       i.job_type, i.remote_option, i.salary_min, i.salary_max, i.salary_currency, i.salary_interval,
       i.salary_source, i.url, i.instructions, :source, i.external_id, i.content_hash, i.status,
       coalesce(i.posted_at, old.posted_at, now()), i.expires_at, i.closed_at,
       coalesce(i.recorded_at, now()), coalesce(i.recorded_at, now())
FROM incoming_posting i
JOIN company c ON c.source = 'import' AND c.name_key = lower(i.company)
LEFT JOIN job old ON old.source = :source AND old.external_id = i.external_id
WHERE old.content_hash IS DISTINCT FROM i.content_hash
ORDER BY i.external_id
ON CONFLICT (source, external_id) DO UPDATE SET
    company_id = excluded.company_id, title = excluded.title, description = excluded.description,
    requirements = excluded.requirements, benefits = excluded.benefits, skills = excluded.skills,
    location = excluded.location, job_type = excluded.job_type, remote_option = excluded.remote_option,
    salary_min = excluded.salary_min, salary_max = excluded.salary_max,
    salary_currency = excluded.salary_currency, salary_interval = excluded.salary_interval,
    salary_source = excluded.salary_source, external_application_url = excluded.external_application_url,
    application_instructions = excluded.application_instructions, content_hash = excluded.content_hash,
    posted_at = excluded.posted_at, expires_at = excluded.expires_at,
    status = CASE WHEN j.status = 'removed' THEN j.status ELSE excluded.status END,
    closed_at = CASE WHEN j.status = 'removed' THEN j.closed_at ELSE excluded.closed_at END,
    updated_at = excluded.updated_at
WHERE j.content_hash IS DISTINCT FROM excluded.content_hash
RETURNING j.id, (j.xmax = 0) AS added
"""


async def upsert(
    session: AsyncSession, source: str, status: str, postings: Sequence[Posting], now: datetime
) -> Upserted:
    """Stores a batch whose external ids differ. Unchanged rows (same content hash) are not written.

    Raises psycopg.Error or sqlalchemy.exc.DBAPIError when the database refuses a row; nothing of the
    batch is kept then.
    """
    # A generic plan made while the tables were empty would be kept for the whole import.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    await session.execute(text(_CREATE))
    await copy(session, _COPY, (_row(posting, status, now) for posting in postings))
    await session.execute(text(_COMPANIES))
    rows = (await session.execute(text(_JOBS), {"source": source})).all()
    return Upserted(
        added=tuple(row.id for row in rows if row.added),
        updated=tuple(row.id for row in rows if not row.added),
    )


async def copy(session: AsyncSession, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY ... FROM STDIN on the session's own connection, inside its transaction."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    if not isinstance(connection, psycopg.AsyncConnection):
        raise TypeError("the import needs psycopg's COPY")
    async with connection.cursor() as cursor, cursor.copy(statement.encode()) as target:
        for row in rows:
            await target.write_row(row)


def _row(posting: Posting, status: str, now: datetime) -> tuple[Any, ...]:
    public_id, company_id = uuid7(), uuid7()
    final = "closed" if posting.closed_at else status
    closed_at = posting.closed_at or (posting.expires_at or now if final == "closed" else None)
    return (
        posting.external_id,
        posting.content_hash(final),
        public_id,
        slugify(posting.title, posting.company, suffix=public_id.hex[-8:]),
        posting.company,
        company_id,
        slugify(posting.company, suffix=company_id.hex[-8:]),
        posting.title,
        posting.description,
        posting.requirements,
        posting.benefits,
        list(posting.skills),
        posting.location,
        posting.job_type,
        posting.remote,
        posting.salary_min,
        posting.salary_max,
        posting.currency,
        posting.salary_interval,
        posting.salary_source,
        posting.url,
        posting.instructions,
        final,
        posting.posted_at,
        posting.expires_at,
        closed_at,
        posting.recorded_at,
    )
