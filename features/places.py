"""Place names as people write them -> city, region or country with coordinates (GeoNames facts).

"San Francisco, CA", "NYC or Remote", "Cambridge, UK", "Remote (US)": a name is looked up word by word, a
region or country beside it narrows which city of that name is meant, and population decides the rest.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from features.taxonomy import read_table, split_list, taxonomy_folder

CITIES, COUNTRIES, STATES = "cities.csv.gz", "countries.csv.gz", "us_states.csv.gz"
REGIONS, ALIASES = "regions.csv", "place_aliases.csv"
EARTH_RADIUS_KM = 6371.0088
MAX_TEXT_CHARS = 300
CACHED_TEXTS = 65_536
MAX_NAME_WORDS = 5
#: A name inside a longer phrase ("Mostly San Francisco") must be of a city at least this large.
MIN_POPULATION_IN_PHRASE = 50_000

_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ß": "ss"}
)
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+\.?)*")
_JOIN = re.compile(r"[ \t\xa0]*['’.-]?[ \t\xa0]?")
_SPACED_DASH = re.compile(r"\s[-–—]+\s|[–—]")
_ALTERNATIVE = re.compile(r"[/;|&+•\n]")
#: Words around a place that are not part of its name.
_NOISE = frozenset(
    """
    remote remotely onsite on site hybrid only mostly preferred preferably hq headquarters office offices area
    greater downtown metro metropolitan city near nearby in at based the full part time permanent contract
    anywhere within region central north south east west northern southern eastern western work from home wfh
    or and to for of also local relocation visa intern interns internship internships fulltime parttime
    welcome possible considered ok allowed friendly worldwide global distributed team multiple locations
    location various flexible must be can we are with our new jobs job hiring state province county zone
    timezone time preference optional required no not yes any all some across other open
    """.split()
)
#: Towns that are also everyday words: believed only when nothing else stands there or a region follows.
_EVERYDAY = frozenset(
    """
    reading mobile nice bath most male orange same date man of split tours sale hull cork wells worth
    bar university enterprise hope college media commerce independence industry opportunity liberty
    union center summit page normal salt best paradise why big bend dev data apple bend""".split()
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
class _Reading:
    """One thing a name may mean; the higher score wins where nothing else decides."""

    place: Place
    kind: Kind
    score: float

    def lies_in(self, other: _Reading) -> bool:
        """Whether `other` is the region or country that this city or region belongs to."""
        here, there = self.place, other.place
        if here.country != there.country or there.city or self.kind == "country":
            return False
        if there.admin1:
            return bool(here.city) and here.admin1 == there.admin1
        return bool(here.city or here.admin1)


@dataclass(frozen=True, slots=True)
class _Mention:
    readings: tuple[_Reading, ...]
    start: int
    end: int
    whole: bool  # nothing but the name (and noise) stands between the separators
    code: bool  # a two-letter code such as "CA"


def fold(text: str) -> str:
    """Case, accents and punctuation removed: "Zürich" -> "zurich", "St. Louis" -> "st louis"."""
    text = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return " ".join("".join(c if c.isalnum() else " " for c in text if not unicodedata.combining(c)).split())


def distance_km(one: Place, other: Place) -> float | None:
    """Great-circle distance (haversine) in kilometres; None if either has no coordinates."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return None
    lat1, lon1, lat2, lon2 = map(math.radians, (one.lat, one.lon, other.lat, other.lon))
    chord = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


class Gazetteer:
    """Build once (`load`, about half a second) and share; answers are cached."""

    def __init__(self, readings: dict[str, list[_Reading]]) -> None:
        self._readings = {
            name: tuple(sorted(found, key=lambda r: -r.score)) for name, found in readings.items()
        }
        self.resolve_all = lru_cache(CACHED_TEXTS)(self._resolve_all)

    @classmethod
    def load(cls, folder: Path | None = None) -> Gazetteer:
        """Read the place tables of `folder` (default: `taxonomy_folder()`). Raises TaxonomyError."""
        folder = folder or taxonomy_folder()
        readings: dict[str, list[_Reading]] = {}
        for name, reading in _all_readings(folder):
            readings.setdefault(fold(name), []).append(reading)
        return cls(readings)

    def resolve(self, text: str) -> Place | None:
        """The first city named, else the first region, else the first country; None if there is none."""
        places = self.resolve_all(text)
        for wanted in (lambda p: p.city, lambda p: p.admin1):
            found = next((place for place in places if wanted(place)), None)
            if found:
                return found
        return places[0] if places else None

    distance_km = staticmethod(distance_km)

    def _resolve_all(self, text: str) -> tuple[Place, ...]:
        """Every place named, in order, each once: "Paris / Berlin" -> (Paris, Berlin)."""
        text = text[:MAX_TEXT_CHARS]
        places: dict[Place, None] = {}
        group: tuple[_Reading, ...] = ()
        end = 0
        for mention in self._mentions(text):
            gap = text[end : mention.start]
            narrowed = () if _separates(gap) else _narrow(group, mention.readings)
            if narrowed:
                group, end = narrowed, mention.end
                continue
            if mention.code and not mention.whole:
                continue
            if group:
                places.setdefault(group[0].place)
            group, end = mention.readings, mention.end
        if group:
            places.setdefault(group[0].place)
        return tuple(places)

    def _mentions(self, text: str) -> Iterator[_Mention]:
        for chunk in _chunks(text):
            at = 0
            while at < len(chunk):
                size, readings, code = self._longest(text, chunk, at)
                if not readings:
                    at += 1
                    continue
                others = [fold(text[s:e]) for s, e in (*chunk[:at], *chunk[at + size :])]
                whole = all(word in _NOISE or not word.isalpha() for word in others)
                start, end = chunk[at][0], chunk[at + size - 1][1]
                if whole or code or _believable(text[start:end], readings):
                    yield _Mention(readings, start, end, whole, code)
                at += size

    def _longest(
        self, text: str, chunk: list[tuple[int, int]], at: int
    ) -> tuple[int, tuple[_Reading, ...], bool]:
        """(words, readings, is a two-letter code) of the longest name that starts at word `at`."""
        for size in range(min(MAX_NAME_WORDS, len(chunk) - at), 0, -1):
            surface = text[chunk[at][0] : chunk[at + size - 1][1]]
            key = fold(surface)
            readings = self._readings.get(key, ())
            code = len(key) == 2 and size == 1
            if code and not surface.isupper():
                continue
            if readings and (size > 1 or code or key not in _NOISE):
                return size, readings, code and readings[0].kind != "alias"
        return 0, (), False


def _chunks(text: str) -> Iterator[list[tuple[int, int]]]:
    """Runs of words that may belong to one name, as (start, end): punctuation and "or" separate them."""
    chunk: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        gap = text[chunk[-1][1] : match.start()] if chunk else ""
        if chunk and (not _JOIN.fullmatch(gap) or _SPACED_DASH.fullmatch(gap)):
            yield chunk
            chunk = []
        if match.group() in ("or", "and", "Or", "And"):
            if chunk:
                yield chunk
            chunk = []
        else:
            chunk.append(match.span())
    if chunk:
        yield chunk


def _separates(gap: str) -> bool:
    """Whether the text between two names says that they are alternatives."""
    return bool(_ALTERNATIVE.search(gap) or re.search(r"\b(?:or|and)\b", gap) or _SPACED_DASH.fullmatch(gap))


def _believable(surface: str, readings: tuple[_Reading, ...]) -> bool:
    """Whether a name inside a longer phrase is likely meant as a place."""
    large = readings[0].kind != "city" or readings[0].place.population >= MIN_POPULATION_IN_PHRASE
    return surface[:1].isupper() and large and fold(surface) not in _EVERYDAY


def _narrow(group: tuple[_Reading, ...], found: tuple[_Reading, ...]) -> tuple[_Reading, ...]:
    """Readings of "Cambridge" that fit "MA" (or the other way round: "UK, London"); () if none does."""
    inner = tuple(r for r in group if any(r.lies_in(other) for other in found))
    if inner:
        return inner
    return tuple(r for r in found if r.kind != "country" and any(r.lies_in(other) for other in group))


def _all_readings(folder: Path) -> Iterator[tuple[str, _Reading]]:
    """(name, what it may mean) for everything the tables hold."""
    cities = list(_cities(folder))
    by_name: dict[tuple[str, str, str], Place] = {}
    for city, names in cities:
        by_name.setdefault((city.country, city.admin1, city.city), city)
        by_name.setdefault((city.country, "", city.city), city)
        prior = _PRIOR.get(city.country, 0.0)
        size = math.log10(city.population + 1) + prior
        for position, name in enumerate(names):
            yield name, _Reading(city, "city", size if position == 0 else size - 1.0)
    countries = dict(_countries(folder))
    for iso, (place, name) in countries.items():
        reading = _Reading(place, "country", math.log10(place.population + 1) + 2)
        yield name, reading
        yield iso, reading
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


def _regions(folder: Path, cities: list[Place]) -> Iterator[tuple[str, _Reading]]:
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
        reading = _Reading(place, "region", math.log10(count + 1) + 0.5)
        for name in names:
            yield name, reading


def _region_names(folder: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for row in read_table(folder, STATES, ("name", "code")):
        yield "US", row["code"], (row["name"], row["code"])
    for row in read_table(folder, REGIONS, ("country", "admin1", "name", "aliases")):
        yield row["country"], row["admin1"], (row["name"], *split_list(row["aliases"]))


def _aliases(
    folder: Path, cities: dict[tuple[str, str, str], Place], countries: dict[str, Place]
) -> Iterator[tuple[str, _Reading]]:
    """Nicknames of cities and countries; they win over every other reading of the same words."""
    for row in read_table(folder, ALIASES, ("alias", "country", "admin1", "city")):
        if row["city"]:
            place = cities.get((row["country"], row["admin1"], row["city"]))
            kind: Kind = "alias"
        else:
            place, kind = countries.get(row["country"]), "country"
        if place is not None:
            yield row["alias"], _Reading(place, kind, 100.0)
