"""What every search engine is asked and answers. The rest of the app knows these types, not an engine.

An engine finds ids; what is shown of them is read from PostgreSQL, so an index that is a second behind
never shows a posting that has closed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal["word", "phrase", "prefix", "all"]
Order = Literal["relevance", "date", "salary"]
Facet = Literal["job_type", "remote", "skills", "company", "country", "salary"]
SuggestionKind = Literal["title", "skill", "company"]

#: Results that can be reached by page number or, in the order of relevance, by cursor.
WINDOW = 10_000
#: Counting beyond this serves nobody: "10,000+".
MAX_COUNT = 10_000
#: Lower ends, in US dollars a year, of the bands that the salary facet counts.
SALARY_BANDS = (0, 30_000, 60_000, 90_000, 120_000, 150_000, 200_000)


class EngineError(Exception):
    """The engine cannot answer: gone, broken or not reached in time. Its message is for the log."""


class IndexMissingError(EngineError):
    """There is no index yet, or it belongs to another database."""


class IndexBrokenError(EngineError):
    """The index is there and cannot be read: only a new one helps."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One way to satisfy a clause. `all`: the words in any order; `prefix`: one word's beginning."""

    kind: Kind
    words: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Clause:
    """A posting must match one of the units, or with `negative` none of them."""

    units: tuple[Unit, ...]
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Postings in one of the places `keys`, or whose location reads like `text`."""

    text: str
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Filters:
    """Hard conditions; an empty one does not filter. Salaries are US dollars a year, times Unix seconds."""

    place: Place | None = None
    job_types: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    salary_min: int | None = None
    salary_max: int | None = None
    skills: tuple[str, ...] = ()
    company: str = ""
    posted_after: int | None = None
    posted_until: int | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """`after` is the order key of the last posting seen, for the orders by date and salary. With `collapse`,
    reposts are not there: not found, not counted, in no facet.
    """

    clauses: tuple[Clause, ...] = ()
    filters: Filters = Filters()
    order: Order = "relevance"
    offset: int = 0
    limit: int = 20
    after: int | None = None
    facets: tuple[Facet, ...] = ()
    count: bool = True
    collapse: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """`key` is a score, or what `date_key` and `salary_key` make."""

    id: int
    key: float


@dataclass(frozen=True, slots=True)
class Bucket:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Answer:
    """`exact` is false where `total` says "at least"; facets of a broad search are estimated from a part.

    `corrections` are words nobody writes and what was searched for as well.
    """

    hits: tuple[Hit, ...]
    total: int
    exact: bool = True
    facets: dict[Facet, tuple[Bucket, ...]] = field(default_factory=dict)
    facets_exact: bool = True
    corrections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    text: str
    kind: SuggestionKind
    count: int


@dataclass(frozen=True, slots=True)
class Posting:
    """What an index holds of an active posting. `repost`: a newer open one of the same text stands for it."""

    id: int
    title: str
    company: str
    company_slug: str
    skills: tuple[str, ...]
    description: str
    location: str
    places: tuple[str, ...]
    country: str
    job_type: str
    remote: str
    salary_low: int | None
    salary_high: int | None
    posted: int
    repost: bool = False


class SearchEngine(Protocol):
    """Reads. Every method raises EngineError."""

    name: str

    async def search(self, request: Request) -> Answer: ...

    async def suggest(self, text: str, limit: int) -> Sequence[Suggestion]:
        """Titles, skills and companies that begin so, most frequent first."""

    async def current(self) -> str:
        """The name of the index that answers."""

    async def documents(self) -> int:
        """How many postings it holds."""

    async def close(self) -> None: ...


class SearchIndex(Protocol):
    """Writes. Indexes have names; readers see the one that is live. Every method raises EngineError."""

    async def live(self) -> str | None:
        """The name of the index that readers see; None without one, or with one that cannot be opened."""

    async def create(self, name: str) -> None:
        """An empty index that nobody sees yet."""

    async def apply(self, name: str, postings: Sequence[Posting], gone: Collection[int]) -> None:
        """Stores and removes. Durable and visible to new searches on return; repeating it changes nothing."""

    async def load(self, name: str, postings: Sequence[Posting]) -> None:
        """Stores postings the index does not have yet, fast; `finish` makes them visible."""

    async def finish(self, name: str) -> None:
        """Makes all that was loaded durable and visible."""

    async def publish(self, name: str) -> None:
        """Readers change over to it at once, between two searches."""

    async def sweep(self, keep: Collection[str]) -> None:
        """Removes every index but these."""

    async def close(self) -> None: ...


#: Ids in the lower bits keep keys distinct, so that "after this key" loses and repeats nothing.
_ID_BITS = 31
_ID_MASK = (1 << _ID_BITS) - 1


def date_key(posting: Posting) -> int:
    """Newest first when sorted descending; of one second, the higher id."""
    return (min(max(posting.posted, 0), (1 << 32) - 1) << _ID_BITS) | (posting.id & _ID_MASK)


def salary_key(posting: Posting) -> int:
    """Best paid first when sorted descending; without a salary last, by date of entry."""
    best = posting.salary_high if posting.salary_high is not None else posting.salary_low
    stated = 0 if best is None else min(best + 1, (1 << 32) - 1)
    return (stated << _ID_BITS) | (posting.id & _ID_MASK)
