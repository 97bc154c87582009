"""Places of postings and of searches: "near Boston" is every city within so many kilometres of it.

Cities come from `data/taxonomy/`. A posting carries the keys of the places its location names (country,
country/region, country/region/city), a search asks for a set of such keys.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache

from app.ingestion.normalize.gazetteer import fold
from app.ingestion.normalize.location import Location, place_hits, split_location, tokens
from app.search.engine import Place
from app.taxonomy import files as taxonomy

DEFAULT_RADIUS_KM = 50.0
_EARTH_KM = 6371.0088
_DEGREE_KM = _EARTH_KM * math.pi / 180
#: A location that names more places than these is a list of offices, not a place.
MAX_PLACES = 20


@dataclass(frozen=True, slots=True)
class City:
    lat: float
    lon: float
    key: str


@dataclass(frozen=True, slots=True)
class Cities:
    """Sorted by latitude, so that a circle looks only at its own band."""

    by_latitude: tuple[City, ...]
    latitudes: tuple[float, ...]
    by_key: dict[str, City]

    def within(self, key: str, radius_km: float) -> frozenset[str]:
        """Keys of the cities in the circle; only `key` itself when nobody knows where that is."""
        centre = self.by_key.get(key)
        if centre is None:
            return frozenset({key})
        reach = radius_km / _DEGREE_KM
        first = bisect_left(self.latitudes, centre.lat - reach)
        last = bisect_right(self.latitudes, centre.lat + reach)
        band = self.by_latitude[first:last]
        return frozenset(city.key for city in band if distance_km(centre, city) <= radius_km) | {key}


def distance_km(one: City, other: City) -> float:
    """Great-circle distance by the haversine formula."""
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


@lru_cache(maxsize=1)
def cities() -> Cities:
    """Empty without a taxonomy: places then match by name alone."""
    try:
        rows = taxonomy.places(taxonomy.folder())
    except (taxonomy.TaxonomyMissingError, OSError):
        rows = []
    known = [
        City(row.lat, row.lon, key_of(row.country, row.region, row.city_key))
        for row in rows
        if row.lat is not None and row.lon is not None
    ]
    known.sort(key=lambda city: city.lat)
    return Cities(tuple(known), tuple(city.lat for city in known), {city.key: city for city in known})


def key_of(country: str, region: str = "", city: str = "") -> str:
    """ "us", "us/ny", "us/ny/new york city"."""
    if not city:
        return f"{country}/{region}".lower().rstrip("/")
    return f"{country}/{region}/{fold(city)}".lower()


@lru_cache(maxsize=16_384)
def keys_in(location: str) -> tuple[str, ...]:
    """Keys of every place that a posting's location names, wider ones included."""
    first = split_location(location)
    found = [first] if first.country else []
    words = tokens(first.text)
    named = [hit.place for hit in place_hits(words, first.text)[:MAX_PLACES]]
    found.extend(Location("", place.city, place.region, place.country) for place in named)
    return tuple(dict.fromkeys(key for place in found if place.country for key in _keys(place)))


def country_in(location: str) -> str:
    """Upper case, "" where none is named."""
    return split_location(location).country


def _keys(place: Location) -> list[str]:
    keys = [key_of(place.country)]
    if place.region:
        keys.append(key_of(place.country, place.region))
    if place.city:
        keys.append(key_of(place.country, place.region, place.city))
    return keys


@lru_cache(maxsize=4096)
def near(text: str, radius_km: float) -> Place:
    """The filter for a place as somebody typed it. A region or country is itself, whatever the radius."""
    found = split_location(text)
    if not found.country:
        found = split_location(text.title())
    if not found.country:
        return Place(text)
    if not found.city:
        return Place(text, frozenset({key_of(found.country, found.region)}))
    key = key_of(found.country, found.region, found.city)
    return Place(text, cities().within(key, radius_km))
