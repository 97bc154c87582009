"""Place names as people write them -> city, region or country with coordinates (GeoNames facts).

"San Francisco, CA", "NYC or Remote", "Cambridge, UK", "Remote (US)": a name is looked up word by word, a
region or country beside it narrows which city of that name is meant, and population decides the rest.
"""

from __future__ import annotations

import math
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from features.place_tables import Place, Reading, all_readings, fold
from features.taxonomy import taxonomy_folder

EARTH_RADIUS_KM = 6371.0088
MAX_TEXT_CHARS = 300
CACHED_TEXTS = 65_536
MAX_NAME_WORDS = 5
#: A name inside a longer phrase ("Mostly San Francisco") must be of a city at least this large.
MIN_POPULATION_IN_PHRASE = 50_000
LARGE_POPULATION = 300_000
#: log10 advantage of a US state over a country with the same code after a comma.
STATE_AFTER_COMMA = 1.5

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


@dataclass(frozen=True, slots=True)
class _Mention:
    readings: tuple[Reading, ...]
    start: int
    end: int
    whole: bool  # nothing but the name (and noise) stands between the separators
    code: bool  # a two-letter code such as "CA"


@dataclass(frozen=True, slots=True)
class _Group:
    """Mentions that name one place together ("Austin", "TX", "USA"): the readings that fit all of them."""

    readings: tuple[Reading, ...]
    whole: bool


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
    """Build once (`load`, about a second) and share; answers are cached."""

    def __init__(self, readings: dict[str, list[Reading]]) -> None:
        self._readings = {
            name: tuple(sorted(found, key=lambda reading: -reading.score)) for name, found in readings.items()
        }
        # by a weak reference: a cycle would keep the tables of a swapped-out model until a full collection
        myself = weakref.ref(self)
        self._cached = lru_cache(CACHED_TEXTS)(lambda text: cast("Gazetteer", myself())._resolve(text))

    @classmethod
    def load(cls, folder: Path | None = None) -> Gazetteer:
        """Read the place tables of `folder` (default: `taxonomy_folder()`). Raises TaxonomyError."""
        readings: dict[str, list[Reading]] = {}
        for name, reading in all_readings(folder or taxonomy_folder()):
            readings.setdefault(fold(name), []).append(reading)
        return cls(readings)

    def resolve(self, text: str) -> Place | None:
        """The first city named, else the first region, else the first country; None if there is none."""
        places = self.resolve_all(text)
        city = next((place for place in places if place.city), None)
        return city or next((place for place in places if place.admin1), None) or next(iter(places), None)

    def resolve_all(self, text: str) -> tuple[Place, ...]:
        """Every place named, in order, each once: "Paris / Berlin" -> (Paris, Berlin)."""
        return self._cached(text[:MAX_TEXT_CHARS])

    distance_km = staticmethod(distance_km)

    def _resolve(self, text: str) -> tuple[Place, ...]:
        groups: list[_Group] = []
        end = 0
        for mention in self._mentions(text):
            gap = text[end : mention.start]
            last = groups[-1] if groups and not _separates(gap) else None
            narrowed = _narrow(last.readings, mention.readings) if last else ()
            if last and narrowed:
                groups[-1] = _Group(narrowed, last.whole or mention.whole)
            elif mention.code and not (mention.whole and _code_is_place(text[: mention.start], mention)):
                continue
            elif last and _denies(last.readings[0], mention):
                groups[-1] = _Group(mention.readings, mention.whole)
            else:
                groups.append(_Group(mention.readings, mention.whole))
            end = mention.end
        certain = any(group.whole for group in groups)
        kept = [group.readings[0].place for group in groups if group.whole or not certain or _is_large(group)]
        return tuple(dict.fromkeys(kept))

    def is_place(self, text: str) -> bool:
        """Whether nothing but place names (and words such as "remote") is written: "Berlin or Remote"."""
        found = [(mention.start, mention.end) for mention in self._mentions(text) if mention.whole]
        left = [span for chunk in _chunks(text) for span in chunk if not _inside(span, found)]
        rest = {fold(text[start:end]) for start, end in left}
        named = {fold(text[start:end]) for start, end in found}
        return bool(found) and rest <= _NOISE and not named & _EVERYDAY

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
                if code:
                    readings = _read_code(readings, text[:start].rstrip()[-1:] == ",")
                if whole or code or _believable(text[start:end], readings):
                    yield _Mention(readings, start, end, whole, code)
                at += size

    def _longest(
        self, text: str, chunk: list[tuple[int, int]], at: int
    ) -> tuple[int, tuple[Reading, ...], bool]:
        """(words, readings, is a two-letter code) of the longest name that starts at word `at`."""
        for size in range(min(MAX_NAME_WORDS, len(chunk) - at), 0, -1):
            surface = text[chunk[at][0] : chunk[at + size - 1][1]]
            key = fold(surface)
            readings = self._readings.get(key, ())
            code = len(key) == 2 and size == 1
            if code and not surface.isupper() and not _is_loose_state(text, chunk, readings):
                continue
            if readings and (size > 1 or code or key not in _NOISE):
                return size, readings, code and readings[0].kind != "alias"
        return 0, (), False


def _inside(span: tuple[int, int], found: list[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in found)


def _code_is_place(before: str, mention: _Mention) -> bool:
    """Whether a code beside no known place is one: "Malvern, PA", "Remote, DE", but not "Manager, IT"."""
    return _is_state(mention.readings[0]) or all(word in _NOISE for word in fold(before).split())


def _read_code(readings: tuple[Reading, ...], after_comma: bool) -> tuple[Reading, ...]:
    """Readings of "PA", the likeliest first; after a comma a US state is likelier than its size says."""

    def score(reading: Reading) -> float:
        return reading.score + (STATE_AFTER_COMMA if after_comma and _is_state(reading) else 0.0)

    return tuple(sorted(readings, key=score, reverse=True))


def _is_state(reading: Reading) -> bool:
    return reading.kind == "region" and reading.place.country == "US"


def _is_loose_state(text: str, chunk: list[tuple[int, int]], readings: tuple[Reading, ...]) -> bool:
    """Whether "Ca" in "Emeryville, Ca" is a state's code in spite of its case ("La Jolla" is none)."""
    alone = len(chunk) == 1 and text[: chunk[0][0]].rstrip()[-1:] == ","
    return alone and any(map(_is_state, readings))


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


def _believable(surface: str, readings: tuple[Reading, ...]) -> bool:
    """Whether a name inside a longer phrase is likely meant as a place."""
    large = readings[0].kind != "city" or readings[0].place.population >= MIN_POPULATION_IN_PHRASE
    return surface[:1].isupper() and large and fold(surface) not in _EVERYDAY


def _denies(reading: Reading, mention: _Mention) -> bool:
    """Whether a region or country right after a city says that the town of that name is one we do not know:
    "Bedford, MA" is not Bedford in England."""
    if reading.kind != "city":
        return False
    named = mention.readings[0]
    return named.kind == "region" or (named.kind == "country" and reading.place.population < LARGE_POPULATION)


def _is_large(group: _Group) -> bool:
    """Whether a name inside a phrase counts even where another place stands by itself."""
    return group.readings[0].place.population >= LARGE_POPULATION


def _narrow(group: tuple[Reading, ...], found: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Readings of "Cambridge" that fit "MA" (or the other way round: "UK, London"); () if none does."""
    inner = tuple(r for r in group if any(r.lies_in(other) for other in found))
    if inner:
        return inner
    return tuple(r for r in found if r.kind != "country" and any(r.lies_in(other) for other in group))


__all__ = ["Gazetteer", "Place", "distance_km", "fold"]
