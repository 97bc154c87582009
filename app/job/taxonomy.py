"""Reads the places and skills of `data/taxonomy/` into their tables.

The tables' files are read as they are: the packages that build them belong to the ML side.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.ingestion.normalize.gazetteer import fold
from app.ingestion.normalize.regions import CANADA_ADMIN1

FOLDER_VARIABLE = "JOBPILOT_TAXONOMY_DIR"
PLACE_FILES = ("cities.csv.gz", "countries.csv.gz", "us_states.csv.gz")
SKILL_FILES = ("skills.csv.gz", "skills_extra.csv")
KINDS = frozenset({"skill", "knowledge", "technology"})


class TaxonomyMissingError(Exception):
    """The folder or one of its files cannot be read; the message names it."""


class PlaceRow(NamedTuple):
    label: str
    city: str
    city_key: str
    region: str
    country: str
    lat: float | None
    lon: float | None
    population: int | None
    geoname_id: int | None


class SkillRow(NamedTuple):
    taxonomy_id: str
    label: str
    label_key: str
    kind: str
    alias_keys: list[str]


def folder() -> Path:
    """Where the files are. Raises TaxonomyMissingError."""
    named = os.environ.get(FOLDER_VARIABLE)
    places = (
        [Path(named)]
        if named
        else [
            Path(__file__).resolve().parents[2] / "data" / "taxonomy",
            Path(sys.prefix) / "share" / "jobpilot" / "taxonomy",
        ]
    )
    for place in places:
        if (place / SKILL_FILES[0]).is_file():
            return place
    raise TaxonomyMissingError(f"no taxonomy in {', '.join(map(str, places))}; set {FOLDER_VARIABLE}")


def digest(place: Path, names: tuple[str, ...]) -> str:
    """SHA-256 over the files: the version of what is stored. Raises TaxonomyMissingError."""
    total = hashlib.sha256()
    try:
        for name in names:
            total.update(name.encode() + hashlib.sha256((place / name).read_bytes()).digest())
    except OSError as error:
        raise TaxonomyMissingError(f"{error.filename}: {error.strerror}") from None
    return total.hexdigest()


def places(place: Path) -> list[PlaceRow]:
    """Cities, countries and US states; of cities that share a name and region, the largest."""
    found: dict[tuple[str, str, str], PlaceRow] = {}
    for row in (*_cities(place), *_areas(place)):
        key = (row.country, row.region, row.city_key)
        if key not in found or (row.population or 0) > (found[key].population or 0):
            found[key] = row
    return list(found.values())


def _cities(place: Path) -> Iterator[PlaceRow]:
    for row in _rows(place / PLACE_FILES[0]):
        country, region = row["country"], _region(row["country"], row["admin1"])
        label = ", ".join(part for part in (row["name"], region, country) if part)
        yield PlaceRow(
            label,
            row["name"],
            fold(row["name"]),
            region,
            country,
            float(row["lat"]),
            float(row["lon"]),
            int(row["population"]),
            int(row["geonameid"]),
        )


def _areas(place: Path) -> Iterator[PlaceRow]:
    for row in _rows(place / PLACE_FILES[1]):
        yield PlaceRow(row["name"], "", "", "", row["iso2"], None, None, int(row["population"]), None)
    for row in _rows(place / PLACE_FILES[2]):
        yield PlaceRow(f"{row['name']}, US", "", "", row["code"], "US", None, None, None, None)


def _region(country: str, admin1: str) -> str:
    """The codes that `app.ingestion.normalize` speaks of: none outside these three countries."""
    if country == "CA":
        return CANADA_ADMIN1.get(admin1, "")
    return admin1 if country in ("US", "GB") else ""


def skills(place: Path) -> list[SkillRow]:
    """Both tables; the second is our own and wins."""
    found: dict[str, SkillRow] = {}
    for name in SKILL_FILES:
        for row in _rows(place / name):
            kind = row["type"] if row["type"] in KINDS else "other"
            aliases = sorted({alias.strip().lower() for alias in row["aliases"].split("|")} - {""})
            found[row["id"]] = SkillRow(row["id"], row["label"], row["label"].lower(), kind, aliases)
    return list(found.values())


def _rows(path: Path) -> Iterator[dict[str, str]]:
    zipped = path.suffix == ".gz"
    with gzip.open(path, "rt", encoding="utf-8") if zipped else path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


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


async def load(session: AsyncSession, place: Path) -> dict[str, int]:
    """Rows stored by table; a table whose files are the ones stored already is left alone.

    Raises TaxonomyMissingError.
    """
    stored = {}
    if await _is_new(session, "location", version := digest(place, PLACE_FILES)):
        stored["location"] = await _store(session, "place", "location", PlaceRow, places(place), _PLACES)
        await _remember(session, "location", version, stored["location"])
    if await _is_new(session, "skill_term", version := digest(place, SKILL_FILES)):
        stored["skill_term"] = await _store(session, "skill", "skill_term", SkillRow, skills(place), _SKILLS)
        await _remember(session, "skill_term", version, stored["skill_term"])
    return stored


async def _is_new(session: AsyncSession, name: str, version: str) -> bool:
    # one loader at a time: the other finds it done
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('taxonomy'))"))
    query = text("SELECT digest FROM taxonomy_load WHERE name = :name")
    return (await session.execute(query, {"name": name})).scalar_one_or_none() != version


async def _store(
    session: AsyncSession, short: str, table: str, kind: type[Any], rows: list[Any], merge: str
) -> int:
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
    return len(rows)


async def _remember(session: AsyncSession, name: str, version: str, rows: int) -> None:
    statement = text(
        "INSERT INTO taxonomy_load (name, digest, rows) VALUES (:name, :digest, :rows) "
        "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, rows = excluded.rows, loaded_at = now()"
    )
    await session.execute(statement, {"name": name, "digest": version, "rows": rows})
