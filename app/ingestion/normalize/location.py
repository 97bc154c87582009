"""Text -> place: which words of a location name a place, and the first place they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from app.ingestion.normalize.gazetteer import LONGEST_NAME, Place, fold, gazetteer, is_ambiguous
from app.ingestion.normalize.regions import LOCATION_FILLER
from app.ingestion.normalize.roles import names_role
from app.ingestion.normalize.text import collapse, limit

MAX_LOCATION = 200  # characters
_WORD = re.compile(r"[^\W_][\w.'’]*|&", re.UNICODE)
_LEADING_IN = re.compile(r"^(?:(?:based |located )?in|at)\s+", re.IGNORECASE)
_TOKEN_END = re.compile(r"(?:['’]s|[.'’-]+)$")
_EDGES = " \t\n,;:|/-–—•·*()[]{}<>.!?"
_POSTCODE = re.compile(r"^(\d{5}|\d{4}|[A-Z]{1,2}\d{1,2}[A-Z]?|\d[A-Z]{2})$")


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """Words `first..last` (exclusive) of the text name `place`; `kind` city, region, country."""

    first: int
    last: int
    place: Place
    kind: str


@dataclass(frozen=True, slots=True)
class Location:
    """`text` as written (tidied); city, region and country ("" unknown) of the first place in it."""

    text: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


@lru_cache(maxsize=16_384)
def split_location(text: str) -> Location:
    """The place a location names. Idempotent on `text`; unknown places leave the parts empty."""
    tidy = tidy_location(text)
    place = first_place(tidy)
    return Location(tidy, place.city, place.region, place.country)


def tidy_location(text: str) -> str:
    """One line, no surrounding separators, at most MAX_LOCATION characters."""
    tidy = collapse(text)
    while True:
        stripped = limit(_strip(tidy), MAX_LOCATION)
        if stripped == tidy:
            return tidy
        tidy = stripped


def _strip(text: str) -> str:
    tidy = _LEADING_IN.sub("", text.strip(_EDGES))
    # "Boston (USA)" must keep its closing bracket.
    return (
        tidy + ")" if tidy.count("(") == tidy.count(")") + 1 and text.rstrip().endswith(tidy + ")") else tidy
    )


def first_place(text: str) -> Place:
    words = tokens(text)
    hits = place_hits(words, text)
    cities = [hit for hit in hits if hit.kind == "city"]
    if not cities:
        return next((hit.place for hit in hits if hit.place.country), Place())
    first = cities[0]
    stated = {hit.place.country for hit in hits if hit.kind != "city"} - {""}
    if len(stated) == 1 and first.place.country not in stated:
        name, country = fold(" ".join(word.text for word in words[first.first : first.last])), stated.pop()
        within = next((hit.place for hit in cities if hit.place.country == country), first.place)
        return gazetteer().city(name, country=country) or within
    return first.place


@lru_cache(maxsize=16_384)
def place_coverage(text: str) -> tuple[float, int]:
    """(share of words explained by places and their fillers, number of places named)."""
    words = tokens(text)
    if not words:
        return 0.0, 0
    hits = place_hits(words, text)
    inside = {i for hit in hits for i in range(hit.first, hit.last)}
    filler = sum(
        1
        for i, word in enumerate(words)
        if i not in inside
        and (fold(word.text) in LOCATION_FILLER or _POSTCODE.match(word.text) or word.text == "&")
    )
    return (len(inside) + filler) / len(words), len(hits)


def tokens(text: str) -> list[Token]:
    return [Token(_TOKEN_END.sub("", m[0]) or m[0], m.start(), m.end()) for m in _WORD.finditer(text)]


def place_hits(words: list[Token], text: str) -> list[Hit]:
    """Places named, left to right, longest name first; a following region or country picks the namesake."""
    hits: list[Hit] = []
    i = 0
    while i < len(words):
        hit = _hit_at(words, i, text)
        if hit is None:
            i += 1
        else:
            hits.append(hit)
            i = hit.last
    return hits


def _hit_at(words: list[Token], i: int, text: str) -> Hit | None:
    first = fold(words[i].text)
    if not first or first.split(" ", 1)[0] not in gazetteer().first_words:
        return _town_before_state(words, i, text)
    for length in range(min(LONGEST_NAME, len(words) - i), 0, -1):
        if length > 1 and _separated(words, i, length, text):
            continue
        written = " ".join(word.text for word in words[i : i + length])
        hit = _lookup(written, i, length, words, text)
        if hit is not None:
            return hit
    return _town_before_state(words, i, text)


def _town_before_state(words: list[Token], i: int, text: str) -> Hit | None:
    """ "Mebane, NC": a town too small for the table, known by the state behind its comma."""
    for length in (1, 2, 3):
        if i + length >= len(words) or not words[i + length - 1].text[:1].isupper():
            return None
        code = gazetteer().region_codes.get(words[i + length].text)
        gap = text[words[i + length - 1].end : words[i + length].start]
        if gap.strip() == "" and gap:
            continue
        name = text[words[i].start : words[i + length - 1].end]
        if code is None or gap.strip() != "," or names_role(name) or not name.replace(" ", "").isalpha():
            return None
        return Hit(i, i + length, Place(name, code.region, code.country), "city")
    return None


def _separated(words: list[Token], i: int, length: int, text: str) -> bool:
    """Names do not run across commas, bars or brackets (a full stop belongs to "St. Louis")."""
    gaps = (text[words[j].end : words[j + 1].start] for j in range(i, i + length - 1))
    return any(gap != "-" and set(gap) - set(" .") for gap in gaps)


def _lookup(written: str, i: int, length: int, words: list[Token], text: str) -> Hit | None:
    names, folded = gazetteer(), fold(written)
    if length == 1 and written.isupper() and len(written) <= 4:
        code = names.countries.get(written.rstrip(".")) or (
            names.region_codes.get(written) if _after_comma_or_place(words, i, text) else None
        )
        if code is not None and folded not in ("la", "sf", "dc") and not (folded == "de" and i == 0):
            return Hit(i, i + 1, code, "country" if not code.region else "region")
    if folded in names.countries and (written[:1].isupper() or (folded.islower() and written.islower())):
        place = names.countries[folded]
        # Singapore and Hong Kong are also cities.
        return Hit(i, i + length, place, "city" if folded in ("singapore", "hong kong") else "country")
    beside = _place_after(words, i + length) if folded in names.cities else Place()
    city = _city(folded, written, beside)
    if city is not None and not (folded in names.regions and beside.country and not beside.region):
        return Hit(i, i + length, city, "city")
    if folded in names.regions and written[:1].isupper():
        return Hit(i, i + length, names.regions[folded], "region")
    return None


def _city(folded: str, written: str, beside: Place) -> Place | None:
    names = gazetteer()
    if not folded or folded not in names.cities:
        return None
    if beside.region:
        exact = names.city(folded, region=beside.region, country=beside.country)
        # Unknown namesake in that state: believe the writer about the state.
        # "Berlin, DE" and "Tel Aviv, IL" give a country's code, which is also a state's.
        return (
            exact
            or names.city(folded, country=beside.region)
            or Place(written, beside.region, beside.country)
        )
    if beside.country:
        return names.city(folded, country=beside.country) or Place(written, "", beside.country)
    if is_ambiguous(folded) or (folded in names.regions and folded not in ("new york", "washington")):
        return None
    if " " not in folded and not written[:1].isupper() and names.cities[folded][0][1] < 500:
        return None
    return names.city(folded)


def _place_after(words: list[Token], i: int) -> Place:
    """Region or country directly after a name ("Portland, OR"; "Cambridge, UK")."""
    names = gazetteer()
    for length in (2, 1):
        written = " ".join(word.text for word in words[i : i + length])
        folded = fold(written)
        if length == 1 and written.isupper() and written in names.region_codes:
            return names.region_codes[written]
        if length == 1 and written in names.countries:
            return names.countries[written]
        if written[:1].isupper() and folded in names.regions and folded != "new york":
            return names.regions[folded]
        if written[:1].isupper() and folded in names.countries:
            return names.countries[folded]
    return Place()


def _after_comma_or_place(words: list[Token], i: int, text: str) -> bool:
    """A bare two-letter code is a state only behind a name ("Austin TX", "Austin, TX") or alone."""
    if len(words) == 1:
        return True
    return i > 0 and not set(text[words[i - 1].end : words[i].start]) - set(" ,.(-/)")


_BEFORE_PLACE = re.compile(
    r"(?:\b(?:in|at|near|from|based|out of|around|to|office[s]?(?: is| are)?|located|location[s]?|HQ|"
    r"of|outside)\b(?: in| is| are)?\s*:?\s*"
    r"(?:(?:the|downtown|sunny|beautiful|central|greater|lovely|our|both|either|offices|heart of|"
    r"city of|a|great|east|west|north|south)\s+){0,3}|[(,]\s*|^\s*)$",
    re.IGNORECASE,
)
_AFTER_PLACE = re.compile(r"^[\s-]*(?:-?based\b|office|area\b|only\b|\)|,)", re.IGNORECASE)


def prose_place(text: str) -> str:
    """The first place that a sentence says the work is at ("based in Berlin, Germany"), as written."""
    words = tokens(text)
    hits = place_hits(words, text)
    for at, hit in enumerate(hits):
        before = text[: words[hit.first].start]
        last = _chain(hits, at, words, text)
        after = text[words[last.last - 1].end :]
        named = hit.kind == "city" or last is not hit
        if (named and _BEFORE_PLACE.search(before[-40:])) or (
            _AFTER_PLACE.match(after[:12]) and hit.kind == "city"
        ):
            return tidy_location(text[words[hit.first].start : words[last.last - 1].end])
    return ""


def _chain(hits: list[Hit], at: int, words: list[Token], text: str) -> Hit:
    """The last of the places that follow directly ("Austin" + "TX" + "USA")."""
    last = hits[at]
    for hit in hits[at + 1 : at + 3]:
        gap = text[words[last.last - 1].end : words[hit.first].start]
        if hit.first != last.last or gap.strip(" ,") or hit.kind == "city":
            break
        last = hit
    return last
