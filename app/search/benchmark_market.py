"""Postings for the benchmark: titles, skills and places of the taxonomy, texts with the word frequencies of
a natural language (Zipf's law). Made from a seed, and nobody's.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from app.search.places import DEFAULT_RADIUS_KM
from app.taxonomy import files

COMPANIES, SENTENCES = 20_000, 120_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEVELS = ("", "", "", "Junior", "Senior", "Lead", "Principal", "Head of")
KINDS = ("full-time",) * 12 + ("part-time", "contract", "contract", "internship", "temporary")
PLACES_OF_WORK = ("on-site", "on-site", "hybrid", "remote", "unspecified")
PAY = (("USD", 1.0), ("USD", 1.0), ("EUR", 0.9), ("GBP", 0.8), ("INR", 30.0))
_WORD = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True, slots=True)
class Row:
    company: int
    title: str
    description: str
    skills: list[str]
    location: str
    job_type: str
    remote: str
    salary_min: int | None
    salary_max: int | None
    currency: str
    posted_at: datetime


@dataclass
class Market:
    """`rows(n)` gives the same n postings each time."""

    seed: int
    folder: Path = field(default_factory=files.folder)

    @cached_property
    def titles(self) -> list[str]:
        return [row["label"].title() for row in self._table("occupations.csv.gz")]

    @cached_property
    def skills(self) -> list[str]:
        names = [row["label"] for row in self._table("skills_extra.csv")]
        technologies = (row["label"] for row in self._table("skills.csv.gz") if row["type"] == "technology")
        return list(dict.fromkeys([*names, *technologies]))

    @cached_property
    def words(self) -> list[str]:
        """In a random order, which is their rank: the first are on every page."""
        found: dict[str, None] = {}
        for name in ("skills.csv.gz", "occupations.csv.gz"):
            for row in self._table(name):
                found.update(dict.fromkeys(_WORD.findall(f"{row['label']} {row['aliases']}".lower())))
        words = list(found)
        random.Random(self.seed).shuffle(words)  # noqa: S311
        return words

    @cached_property
    def cities(self) -> tuple[list[str], list[int]]:
        """(places as people write them, cumulative weights by population)."""
        rows = [
            row for row in self._table("cities.csv.gz") if row["country"] in ("US", "GB", "DE", "IN", "CA")
        ]
        names = [
            f"{row['name']}, {row['admin1'] if row['country'] == 'US' else row['country']}" for row in rows
        ]
        return names, list(itertools.accumulate(int(row["population"]) for row in rows))

    def _table(self, name: str) -> list[dict[str, str]]:
        raw = (self.folder / name).read_bytes()
        text = (gzip.decompress(raw) if name.endswith("gz") else raw).decode()
        return list(csv.DictReader(io.StringIO(text)))

    def sentences(self, rng: random.Random) -> list[str]:
        weights = _zipf(len(self.words))
        lengths = rng.choices(range(8, 17), k=SENTENCES)
        stream = iter(rng.choices(self.words, cum_weights=weights, k=sum(lengths)))
        return [" ".join(itertools.islice(stream, length)) for length in lengths]

    def rows(self, number: int) -> Iterator[Row]:
        rng = random.Random(self.seed)  # noqa: S311
        sentences = self.sentences(rng)
        titles, skills = _zipf(len(self.titles)), _zipf(len(self.skills))
        cities, people = self.cities
        for _ in range(number):
            level, kind = rng.choice(LEVELS), rng.choice(KINDS)
            title = rng.choices(self.titles, cum_weights=titles)[0]
            currency, worth = rng.choice(PAY)
            paid = rng.randrange(30, 180) * 1000 * worth if rng.random() < 0.6 else None
            yield Row(
                company=rng.randrange(COMPANIES),
                title=f"{level} {title}".strip()[:200],
                description=". ".join(rng.choices(sentences, k=rng.randrange(6, 15))),
                skills=list(
                    dict.fromkeys(rng.choices(self.skills, cum_weights=skills, k=rng.randrange(2, 9)))
                ),
                location=rng.choices(cities, cum_weights=people)[0],
                job_type=kind,
                remote=rng.choice(PLACES_OF_WORK),
                salary_min=int(paid) if paid else None,
                salary_max=int(paid * 1.2) if paid else None,
                currency=currency if paid else "",
                posted_at=NOW - timedelta(seconds=rng.randrange(90 * 86_400)),
            )


def _zipf(number: int) -> list[float]:
    """Cumulative weights 1 / (rank + 2.7), Mandelbrot's form of the law."""
    return list(itertools.accumulate(1 / (rank + 2.7) for rank in range(number)))


# -- what is asked -----------------------------------------------------------------------------------

CLASSES = ("rare", "title + skill", "frequent + filters", "frequent", "prefix")
RARE_SHARE, FREQUENT = 0.001, (0.05, 0.5)


@dataclass
class Questions:
    """Queries as parameters of the list, none of them twice. `frequency` tells in how many of all postings a
    word is."""

    market: Market
    total: int
    frequency: dict[str, int]
    seed: int

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)  # noqa: S311
        self._asked: set[str] = set()
        self._known = list(self.market.rows(min(self.total, 10_000)))
        low, high = (share * self.total for share in FREQUENT)
        self.frequent = [word for word, count in self.frequency.items() if low <= count <= high]
        self.rare = [word for word, count in self.frequency.items() if 0 < count <= RARE_SHARE * self.total]

    def of(self, kind: str, number: int) -> list[dict[str, str]]:
        """At most `number` (a class may run out of words)."""
        found: list[dict[str, str]] = []
        for _ in range(number * 30):
            if len(found) == number:
                break
            query = self._one(kind)
            key = repr(sorted(query.items()))
            if key not in self._asked:
                self._asked.add(key)
                found.append(query)
        return found

    def mixed(self, number: int) -> list[dict[str, str]]:
        each = [self.of(kind, number // len(CLASSES)) for kind in CLASSES]
        together = [query for queries in each for query in queries]
        self._rng.shuffle(together)
        return together

    def _one(self, kind: str) -> dict[str, str]:
        rng = self._rng
        if kind == "rare":
            return {"q": " ".join(rng.sample(self.rare, 1))}
        if kind == "title + skill":
            row = rng.choice(self._known)
            return {"q": f"{row.title} {rng.choice(row.skills)}".replace('"', "").replace(" -", " ")}
        if kind == "prefix":
            word = rng.choice(self.market.words)
            return {"q": f"{word[: rng.randrange(3, 7)]}*"}
        pair = " ".join(rng.sample(self.frequent, rng.choice((1, 2))))
        if kind == "frequent":
            return {"q": pair}
        return {"q": pair} | self._filters(rng)

    def _filters(self, rng: random.Random) -> dict[str, str]:
        filters = {"salary_min": str(rng.randrange(30_000, 90_000, 500)), "currency": "USD"}
        filters["job_type"] = rng.choice(KINDS)
        if rng.random() < 0.5:
            cities, people = self.market.cities
            filters["location"] = rng.choices(cities, cum_weights=people)[0]
            filters["radius_km"] = str(DEFAULT_RADIUS_KM)
        else:
            filters["remote"] = rng.choice(PLACES_OF_WORK)
        return filters
