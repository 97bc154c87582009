"""SQL of the taxonomy: versions, COPY and merge of whole tables, and single places."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Location
from app.taxonomy.files import PlaceRow, SkillRow

_PLACES = """
INSERT INTO location AS l (label, city, city_key, region, country, lat, lon, population, geoname_id)
SELECT label, city, city_key, region, country, lat, lon, population, geoname_id FROM incoming_place
ON CONFLICT (country, region, city_key) DO UPDATE
SET label = excluded.label, city = excluded.city, lat = excluded.lat, lon = excluded.lon,
    population = excluded.population, geoname_id = excluded.geoname_id
WHERE (l.label, l.city, l.lat, l.lon, l.population, l.geoname_id) IS DISTINCT FROM
  (excluded.label, excluded.city, excluded.lat, excluded.lon, excluded.population, excluded.geoname_id)
"""
_SKILLS = """
INSERT INTO skill_term AS t (taxonomy_id, label, label_key, kind, alias_keys)
SELECT taxonomy_id, label, label_key, kind, alias_keys FROM incoming_skill
ON CONFLICT (taxonomy_id) DO UPDATE
SET label = excluded.label, label_key = excluded.label_key, kind = excluded.kind,
    alias_keys = excluded.alias_keys
WHERE (t.label, t.kind, t.alias_keys) IS DISTINCT FROM (excluded.label, excluded.kind, excluded.alias_keys)
"""


async def store_places(session: AsyncSession, rows: list[PlaceRow]) -> None:
    await _store(session, "place", "location", PlaceRow, rows, _PLACES)


async def store_skills(session: AsyncSession, rows: list[SkillRow]) -> None:
    await _store(session, "skill", "skill_term", SkillRow, rows, _SKILLS)


async def is_new(session: AsyncSession, name: str, version: str) -> bool:
    # one loader at a time: the other finds it done
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('taxonomy'))"))
    query = text("SELECT digest FROM taxonomy_load WHERE name = :name")
    return (await session.execute(query, {"name": name})).scalar_one_or_none() != version


async def _store(
    session: AsyncSession, short: str, table: str, kind: type[Any], rows: list[Any], merge: str
) -> None:
    columns = ", ".join(kind._fields)
    await session.execute(
        text(f"CREATE TEMPORARY TABLE incoming_{short} (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DROP")
    )
    await session.execute(text(f"ALTER TABLE incoming_{short} DROP COLUMN id"))
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    if not isinstance(connection, psycopg.AsyncConnection):
        raise TypeError("loading needs psycopg's COPY")
    statement = f"COPY incoming_{short} ({columns}) FROM STDIN"
    async with connection.cursor() as cursor, cursor.copy(statement.encode()) as target:
        for row in rows:
            await target.write_row(row)
    await session.execute(text(merge))


async def remember(session: AsyncSession, name: str, version: str, rows: int) -> None:
    statement = text(
        "INSERT INTO taxonomy_load (name, digest, rows) VALUES (:name, :digest, :rows) "
        "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, rows = excluded.rows, loaded_at = now()"
    )
    await session.execute(statement, {"name": name, "digest": version, "rows": rows})


async def place_id(session: AsyncSession, country: str, region: str, city_key: str) -> int | None:
    query = select(Location.id).where(
        Location.country == country, Location.region == region, Location.city_key == city_key
    )
    return await session.scalar(query)


async def add_place(session: AsyncSession, values: dict[str, Any]) -> int | None:
    """None when somebody else has just made it."""
    statement = insert(Location).values(**values).on_conflict_do_nothing()
    return await session.scalar(statement.returning(Location.id))
