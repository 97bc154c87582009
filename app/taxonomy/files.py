"""Reads the places and skills of `data/taxonomy/`.

They are read as they are: the packages that build them belong to the ML side.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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
