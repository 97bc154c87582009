"""What a place name may mean: cities, regions, countries and nicknames, from `data/taxonomy/`."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from features.taxonomy import CITIES, COUNTRIES, PLACE_ALIASES, REGIONS, STATES, read_table, split_list

#: Word characters but the underscore.
_ALPHANUMERIC = re.compile(r"[^\W_]+")
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ß": "ss"}
)
Kind = Literal["alias", "country", "region", "city"]
#: Postings in English name a city of an English-speaking country more often than its size says; log10.
_ENGLISH = {"US": 0.5, "GB": 0.5, "CA": 0.4, "AU": 0.4, "IE": 0.4, "NZ": 0.4}
_EUROPE = dict.fromkeys("AT BE CH CZ DE DK ES FI FR IT NL NO PL PT SE".split(), 0.3)
_PRIOR = _ENGLISH | _EUROPE


@dataclass(frozen=True, slots=True)
class Place:
    """A city; a region (`city` empty, coordinates of its population's centre); or a country (`lat`, `lon`
    None). `country` is ISO 3166-1 alpha-2, `admin1` the GeoNames code (US: postal), degrees WGS 84."""

    city: str
    country: str
    admin1: str = ""
    lat: float | None = None
    lon: float | None = None
    population: int = 0
    geonameid: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing a name may mean; the higher score wins where nothing else decides."""

    place: Place
    kind: Kind
    score: float

    def lies_in(self, other: Reading) -> bool:
        """Whether `other` is the region or country that this city or region belongs to."""
        here, there = self.place, other.place
        if here.country != there.country or there.city or self.kind == "country":
            return False
        if there.admin1:
            return bool(here.city) and here.admin1 == there.admin1
        return bool(here.city or here.admin1)


def fold(text: str) -> str:
    """Case, accents and punctuation removed: "Zürich" -> "zurich", "St. Louis" -> "st louis"."""
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
        text = "".join(char for char in text if not unicodedata.combining(char))
    return " ".join(_ALPHANUMERIC.findall(text))


def all_readings(folder: Path) -> Iterator[tuple[str, Reading]]:
    """(name, what it may mean) for everything the tables hold."""
    cities = list(_cities(folder))
    by_name: dict[tuple[str, str, str], Place] = {}
    for city, names in cities:
        by_name.setdefault((city.country, city.admin1, city.city), city)
        by_name.setdefault((city.country, "", city.city), city)
        prior = _PRIOR.get(city.country, 0.0)
        size = math.log10(city.population + 1) + prior
        for position, name in enumerate(names):
            yield name, Reading(city, "city", size if position == 0 else size - 1.0)
    countries = dict(_countries(folder))
    for iso, (place, name) in countries.items():
        reading = Reading(place, "country", math.log10(place.population + 1) + 2)
        yield name, reading
        # As a code, a country competes with states: "CA", "PA".
        yield iso, replace(reading, score=reading.score - 2)
    yield from _regions(folder, [city for city, _ in cities])
    yield from _aliases(folder, by_name, {iso: place for iso, (place, _) in countries.items()})


def _cities(folder: Path) -> Iterator[tuple[Place, tuple[str, ...]]]:
    columns = ("geonameid", "name", "alternates", "country", "admin1", "lat", "lon", "population")
    for row in read_table(folder, CITIES, columns):
        place = Place(
            row["name"], row["country"], row["admin1"], float(row["lat"]), float(row["lon"]),
            int(row["population"]), int(row["geonameid"]),
        )  # fmt: skip
        yield place, (row["name"], *split_list(row["alternates"]))


def _countries(folder: Path) -> Iterator[tuple[str, tuple[Place, str]]]:
    for row in read_table(folder, COUNTRIES, ("iso2", "name", "population")):
        yield row["iso2"], (Place("", row["iso2"], population=int(row["population"])), row["name"])


def _regions(folder: Path, cities: list[Place]) -> Iterator[tuple[str, Reading]]:
    """Regions, placed at the population-weighted mean of their cities."""
    totals: dict[tuple[str, str], tuple[int, float, float]] = {}
    for city in cities:
        count, lat, lon = totals.get((city.country, city.admin1), (0, 0.0, 0.0))
        weight = city.population
        totals[city.country, city.admin1] = (
            count + weight, lat + weight * (city.lat or 0.0), lon + weight * (city.lon or 0.0)
        )  # fmt: skip
    for country, admin1, names in _region_names(folder):
        count, lat, lon = totals.get((country, admin1), (0, 0.0, 0.0))
        place = Place("", country, admin1, population=count)
        if count:
            place = replace(place, lat=lat / count, lon=lon / count)
        reading = Reading(place, "region", math.log10(count + 1) + 0.5 + _PRIOR.get(country, 0.0))
        for name in names:
            yield name, reading


def _region_names(folder: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for row in read_table(folder, STATES, ("name", "code")):
        yield "US", row["code"], (row["name"], row["code"])
    for row in read_table(folder, REGIONS, ("country", "admin1", "name", "aliases")):
        yield row["country"], row["admin1"], (row["name"], *split_list(row["aliases"]))


def _aliases(
    folder: Path, cities: dict[tuple[str, str, str], Place], countries: dict[str, Place]
) -> Iterator[tuple[str, Reading]]:
    """Nicknames of cities and countries; they win over every other reading of the same words."""
    for row in read_table(folder, PLACE_ALIASES, ("alias", "country", "admin1", "city")):
        if row["city"]:
            place = cities.get((row["country"], row["admin1"], row["city"]))
            kind: Kind = "alias"
        else:
            place, kind = countries.get(row["country"]), "country"
        if place is not None:
            yield row["alias"], Reading(place, kind, 100.0)
