"""Names of places: cities from the GeoNames table beside this file, countries, states and wide areas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.ingestion.normalize.regions import (
    AMBIGUOUS,
    BRITISH_NATIONS,
    CANADA_PROVINCES,
    COUNTRIES,
    COUNTRY_CODES,
    GERMAN_AUSTRALIAN_STATES,
    US_STATES,
    WIDE_AREAS,
)

_TABLE = Path(__file__).parent / "places.tsv"
_ALIASES = Path(__file__).parent / "city_aliases.tsv"
_ALIAS_WEIGHT = 1e6  # before every namesake
_APOSTROPHES = re.compile(r"[’'`]")
_NOT_WORD = re.compile(r"[^\w.&]+")
# English-language boards mean the American namesake more often than its population says.
_US_WEIGHT = 2.0
LONGEST_NAME = 4  # words


@dataclass(frozen=True, slots=True)
class Place:
    """`country` is ISO 3166-1 alpha-2, `region` a US state, Canadian province or British nation."""

    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Gazetteer:
    cities: dict[str, tuple[tuple[Place, float], ...]]  # folded name -> namesakes, likeliest first
    regions: dict[str, Place]
    region_codes: dict[str, Place]  # "CA", "ON": capitals only
    countries: dict[str, Place]
    first_words: frozenset[str]  # of every name: most words of a text are dismissed by it

    def city(self, name: str, *, region: str = "", country: str = "") -> Place | None:
        """The likeliest city of that folded name, restricted to a region or country where given."""
        for place, _ in self.cities.get(name, ()):
            if (not region or place.region == region) and (not country or place.country == country):
                return place
        return None


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Lower case, no diacritics, punctuation to single spaces ("St. Louis" -> "st louis")."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
        plain = plain.replace("ø", "o").replace("ł", "l").replace("đ", "d")
    words = _NOT_WORD.sub(" ", _APOSTROPHES.sub("", plain)).split()
    return " ".join(word.strip(".&") for word in words if word.strip(".&"))


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    cities, regions, codes, countries = _read_cities(), _regions(), _region_codes(), _countries()
    names = (fold(name) for table in (cities, regions, codes, countries) for name in table)
    return Gazetteer(cities, regions, codes, countries, frozenset(name.split(" ", 1)[0] for name in names))


def is_ambiguous(name: str) -> bool:
    return name in AMBIGUOUS or len(name) < 2


def _read_cities() -> dict[str, tuple[tuple[Place, float], ...]]:
    found: dict[str, list[tuple[Place, float]]] = {}
    for name, country, region, thousands in _rows(_TABLE):
        weight = float(thousands) * (_US_WEIGHT if country == "US" else 1.0)
        found.setdefault(fold(name), []).append((Place(name, region, country), weight))
    for alias, name, country, region in _rows(_ALIASES):
        found.setdefault(alias, []).append((Place(name, region, country), _ALIAS_WEIGHT))
    return {name: tuple(sorted(places, key=lambda p: -p[1])) for name, places in found.items()}


def _rows(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def _regions() -> dict[str, Place]:
    places = {name: Place("", code, "US") for name, code in US_STATES.items()}
    places |= {name: Place("", code, "CA") for name, code in CANADA_PROVINCES.items()}
    places |= {name: Place("", code, "GB") for name, code in BRITISH_NATIONS.items()}
    return places | {name: Place("", "", country) for name, country in GERMAN_AUSTRALIAN_STATES.items()}


def _region_codes() -> dict[str, Place]:
    codes = {code: Place("", code, "US") for code in US_STATES.values()}
    return codes | {code: Place("", code, "CA") for code in CANADA_PROVINCES.values()}


def _countries() -> dict[str, Place]:
    places = {name: Place("", "", code) for name, code in COUNTRIES.items()}
    places |= {code: Place("", "", iso) for code, iso in COUNTRY_CODES.items()}
    return places | {name: Place() for name in WIDE_AREAS}
