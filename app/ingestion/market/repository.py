"""SQL of the market import: staged COPY, inserts that pass over what is there already."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.ingestion.repository import copy

SOURCE = "market"
#: `app_user.terms_version` of simulated people: nobody agreed to anything.
SYNTHETIC = "synthetic"
#: No hash has this form, so no password matches it.
NO_PASSWORD = "!"  # noqa: S105

_STAGE_COMPANIES = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming_company (public_id uuid, slug text, name text, about text)
ON COMMIT DELETE ROWS
"""
_COPY_COMPANIES = "COPY incoming_company (public_id, slug, name, about) FROM STDIN"
_COMPANIES = """
INSERT INTO company AS c (public_id, slug, name, source, description)
SELECT DISTINCT ON (lower(name)) public_id, slug, name, 'import', about
FROM incoming_company ORDER BY lower(name)
ON CONFLICT (source, name_key) DO UPDATE SET description = excluded.description, updated_at = now()
WHERE c.description = '' AND excluded.description <> ''
"""

_STAGE_SEEKERS = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming_seeker (
    public_id uuid, email text, full_name text, created_at timestamptz, desired_title text, location text,
    remote text, experience_years numeric, salary_min numeric, salary_currency text,
    resume_text text, skills text[]
) ON COMMIT DELETE ROWS
"""
_COPY_SEEKERS = """
COPY incoming_seeker (public_id, email, full_name, created_at, desired_title, location, remote,
                      experience_years, salary_min, salary_currency, resume_text, skills) FROM STDIN
"""
# One statement, so that profile and skills are those of the accounts made here: what a person changed
# in a demo account since stays.
_SEEKERS = """
WITH account AS (
    INSERT INTO app_user (public_id, email, password_hash, full_name, terms_version, created_at, updated_at)
    SELECT i.public_id, i.email, :no_password, i.full_name, :synthetic, i.created_at, i.created_at
    FROM incoming_seeker i
    WHERE NOT EXISTS (SELECT FROM app_user u WHERE u.email = i.email)
    ORDER BY i.public_id
    ON CONFLICT (public_id) DO NOTHING
    RETURNING id, public_id
), profile AS (
    INSERT INTO user_profile (user_id, desired_title, location, remote, experience_years, salary_min,
                              salary_currency, resume_text, created_at, updated_at)
    SELECT a.id, i.desired_title, i.location, i.remote, i.experience_years, i.salary_min, i.salary_currency,
           i.resume_text, i.created_at, i.created_at
    FROM account a JOIN incoming_seeker i USING (public_id)
), skill AS (
    INSERT INTO user_skill (user_id, name, name_key)
    SELECT DISTINCT ON (a.id, lower(s.name)) a.id, s.name, lower(s.name)
    FROM account a JOIN incoming_seeker i USING (public_id), unnest(i.skills) WITH ORDINALITY AS s (name, at)
    WHERE s.name <> '' AND char_length(s.name) <= 100
    ORDER BY a.id, lower(s.name), s.at
)
SELECT count(*) FROM account
"""

_STAGE_EVENTS = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming_event (
    event_id uuid, request_id uuid, user_id bigint, job_id bigint, kind text, at timestamptz, rank int,
    score float8, propensity float8, release_id text
) ON COMMIT DELETE ROWS
"""
_COPY_EVENTS = """
COPY incoming_event (event_id, request_id, user_id, job_id, kind, at, rank, score, propensity, release_id)
FROM STDIN
"""
_IMPRESSIONS = """
INSERT INTO impression (request_id, user_id, job_id, rank, score, propensity, release_id, at)
SELECT request_id, user_id, job_id, rank, score, propensity, release_id, at
FROM incoming_event WHERE kind = 'impression'
ON CONFLICT DO NOTHING
"""
# Known from the moment it happened, as in the log it came from.
_EVENTS = """
INSERT INTO event (event_id, user_id, job_id, kind, at, received_at, request_id, source)
SELECT event_id, user_id, job_id, kind, at, at, request_id, 'import'
FROM incoming_event WHERE kind <> 'impression'
ON CONFLICT (event_id) DO NOTHING
"""

_DEMO = """
SELECT u.id, u.full_name FROM app_user u JOIN user_profile p ON p.user_id = u.id
WHERE u.terms_version = :synthetic AND p.resume_text <> '' AND p.desired_title <> ''
ORDER BY (SELECT count(*) FROM event e WHERE e.user_id = u.id AND e.kind IN ('save', 'apply')) DESC, u.id
LIMIT 1
"""


async def other_seed(session: AsyncSession, seed: int) -> str:
    """The seed of another market that is loaded, "" if none is."""
    query = text(
        "SELECT split_part(external_id, ':', 1) FROM job WHERE source = :source AND external_id NOT "
        "LIKE :own LIMIT 1"
    )
    found = await session.execute(query, {"source": SOURCE, "own": f"{seed}:%"})
    return str(found.scalar() or "")


async def add_companies(session: AsyncSession, rows: Iterable[Sequence[Any]]) -> int:
    await session.execute(text(_STAGE_COMPANIES))
    await copy(session, _COPY_COMPANIES, rows)
    return _count(await session.execute(text(_COMPANIES)))


async def add_seekers(session: AsyncSession, rows: Iterable[Sequence[Any]]) -> int:
    """Accounts made; those that exist (same public id or e-mail) are left as they are."""
    await session.execute(text(_STAGE_SEEKERS))
    await copy(session, _COPY_SEEKERS, rows)
    made = await session.execute(text(_SEEKERS), {"no_password": NO_PASSWORD, "synthetic": SYNTHETIC})
    return int(made.scalar_one())


async def add_events(session: AsyncSession, rows: Iterable[Sequence[Any]]) -> tuple[int, int]:
    """(impressions, other events) that were new."""
    await session.execute(text(_STAGE_EVENTS))
    await copy(session, _COPY_EVENTS, rows)
    return _count(await session.execute(text(_IMPRESSIONS))), _count(await session.execute(text(_EVENTS)))


async def job_ids(session: AsyncSession, seed: int) -> array[int]:
    """Our id by the market's id; 0 where the market has none."""
    query = text(
        "SELECT split_part(external_id, ':', 2)::bigint AS theirs, id FROM job "
        "WHERE source = :source AND external_id LIKE :own"
    )
    rows = await session.stream(query, {"source": SOURCE, "own": f"{seed}:%"})
    found = array("q")
    async for theirs, ours in rows:
        if theirs >= len(found):
            found.extend([0] * (theirs + 1 - len(found)))
        found[theirs] = ours
    return found


async def user_ids(session: AsyncSession, public_ids: Sequence[Any]) -> dict[Any, int]:
    query = text("SELECT public_id, id FROM app_user WHERE public_id = ANY(:ids)")
    rows = await session.execute(query, {"ids": list(public_ids)})
    return {row.public_id: row.id for row in rows}


async def account(session: AsyncSession, email: str) -> tuple[int, str] | None:
    """(id, terms version)."""
    found = (
        await session.execute(
            text("SELECT id, terms_version FROM app_user WHERE email = :email"), {"email": email}
        )
    ).first()
    return None if found is None else (found.id, found.terms_version)


async def demo_candidate(session: AsyncSession) -> int | None:
    """The simulated seeker with a resume who saved and applied most."""
    found = (await session.execute(text(_DEMO), {"synthetic": SYNTHETIC})).first()
    return None if found is None else int(found.id)


async def set_login(session: AsyncSession, user_id: int, email: str, password_hash: str) -> None:
    query = text(
        "UPDATE app_user SET email = :email, password_hash = :hash, updated_at = now() WHERE id = :id"
    )
    await session.execute(query, {"email": email, "hash": password_hash, "id": user_id})


def _count(result: Any) -> int:
    return max(0, int(result.rowcount))
