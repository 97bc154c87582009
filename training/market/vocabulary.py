"""The market's own tables (occupations, skills, industries, places, wording) as typed, frozen values.

City coordinates are rounded from GeoNames (CC BY 4.0); pay levels and exchange rates are round figures
that make the simulation plausible, not statistics.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Occupation:
    key: str
    family: str
    titles: tuple[str, ...]
    core: tuple[int, ...]  # positions in Vocabulary.skills
    optional: tuple[int, ...]
    duties: tuple[str, ...]
    pay: float  # thousand USD a year, mid-level
    remote: float
    growth: float


@dataclass(frozen=True, slots=True)
class Skill:
    label: str
    aliases: tuple[str, ...]
    trend: float  # log change of demand over one year


@dataclass(frozen=True, slots=True)
class Industry:
    key: str
    sector: str
    nouns: tuple[str, ...]
    about: tuple[str, ...]
    hires: dict[str, float]  # family -> weight


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    name: str
    short: str
    currency: str
    usd_per_unit: float
    pay_level: float  # 1 = United States


@dataclass(frozen=True, slots=True)
class City:
    name: str
    aliases: tuple[str, ...]
    country: Country
    lat: float
    lon: float
    weight: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    occupations: tuple[Occupation, ...]
    skills: tuple[Skill, ...]
    related: tuple[tuple[int, ...], ...]
    industries: tuple[Industry, ...]
    cities: tuple[City, ...]
    wording: dict[str, Any]


@lru_cache(maxsize=1)
def load_vocabulary() -> Vocabulary:
    """Read the tables once. Raises KeyError when a relation names a skill no occupation uses."""
    occupations = _toml("occupations.toml")
    skill_table = _toml("skills.toml")
    labels = sorted({label for row in occupations.values() for label in (*row["core"], *row["optional"])})
    position = {label: number for number, label in enumerate(labels)}
    return Vocabulary(
        occupations=tuple(_occupation(key, row, position) for key, row in occupations.items()),
        skills=tuple(_skill(label, skill_table) for label in labels),
        related=tuple(tuple(position[label] for label in row) for row in skill_table["related"]["rows"]),
        industries=tuple(_industry(key, row) for key, row in _toml("industries.toml").items()),
        cities=_cities(),
        wording=_toml("wording.toml"),
    )


def _table(name: str) -> str:
    return (files(__package__) / "tables" / name).read_text(encoding="utf-8")


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(_table(name))


def _occupation(key: str, row: dict[str, Any], position: dict[str, int]) -> Occupation:
    return Occupation(
        key=key,
        family=row["family"],
        titles=tuple(row["titles"]),
        core=tuple(position[label] for label in row["core"]),
        optional=tuple(position[label] for label in row["optional"]),
        duties=tuple(row["duties"]),
        pay=float(row["pay"]),
        remote=float(row["remote"]),
        growth=float(row["growth"]),
    )


def _skill(label: str, table: dict[str, Any]) -> Skill:
    return Skill(label, tuple(table["aliases"].get(label, ())), float(table["trend"].get(label, 0.0)))


def _industry(key: str, row: dict[str, Any]) -> Industry:
    return Industry(key, row["sector"], tuple(row["nouns"]), tuple(row["about"]), row["hires"])


def _cities() -> tuple[City, ...]:
    countries = {row["code"]: _country(row) for row in csv.DictReader(_table("countries.csv").splitlines())}
    return tuple(_city(row, countries) for row in csv.DictReader(_table("places.csv").splitlines()))


def _country(row: dict[str, str]) -> Country:
    rate, level = float(row["usd_per_unit"]), float(row["pay_level"])
    return Country(row["code"], row["name"], row["short"], row["currency"], rate, level)


def _city(row: dict[str, str], countries: dict[str, Country]) -> City:
    return City(
        name=row["city"],
        aliases=tuple(row["aliases"].split("|")),
        country=countries[row["country"]],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        weight=float(row["weight"]),
    )
