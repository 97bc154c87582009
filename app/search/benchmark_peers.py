"""The same questions to PostgreSQL's full-text search and to bm25s, in this process."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import psycopg
from sqlalchemy import make_url

from app.db import Database, PoolLimits
from app.search.benchmark_http import Latencies
from app.search.compile import clauses_of, filters_of
from app.search.engine import Request
from app.search.postgres import PostgresEngine
from app.search.schemas import JobQuery
from app.search.tantivy_engine import TantivyEngine

LIMIT = 20


class Peer(Protocol):
    name: str

    def can(self, kind: str) -> bool: ...

    def ask(self, query: dict[str, str]) -> int:
        """Number of matches, -1 where it does not count them."""


async def compiled(query: dict[str, str]) -> Request:
    asked = JobQuery.model_validate({name: _list(name, value) for name, value in query.items()})
    return Request(clauses_of(asked.q), await filters_of(asked), limit=LIMIT)


def _list(name: str, value: str) -> Any:
    return (value,) if name in ("job_type", "remote") else value


@dataclass
class Ours:
    """With all that a request does before and after: parsing, synonyms, typos, counting."""

    engine: TantivyEngine
    loop: asyncio.AbstractEventLoop
    name: str = "ours (tantivy)"

    def can(self, kind: str) -> bool:
        return True

    def ask(self, query: dict[str, str]) -> int:
        request = self.loop.run_until_complete(compiled(query))
        return self.engine.search_now(request).total


@dataclass
class Postgres:
    """Ranked by ts_rank over a GIN index; not asked to count, which would cost it as much again."""

    url: str
    loop: asyncio.AbstractEventLoop
    name: str = "PostgreSQL"
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(make_url(self.url), PoolLimits(size=1, statement_s=60))

    def can(self, kind: str) -> bool:
        return True

    def ask(self, query: dict[str, str]) -> int:
        self.loop.run_until_complete(self._ask(query))
        return -1

    async def _ask(self, query: dict[str, str]) -> None:
        request = replace(await compiled(query), count=False)
        async with self.database.reading() as session:
            await PostgresEngine(session).search(request)


@dataclass
class Bm25s:
    """Scores in sparse matrices over the same texts; knows neither filters nor beginnings of words."""

    retriever: Any
    tokenize: Callable[..., Any]
    seconds: float
    name: str = "bm25s"

    def can(self, kind: str) -> bool:
        return kind not in ("frequent + filters", "prefix")

    def ask(self, query: dict[str, str]) -> int:
        tokens = self.tokenize([query["q"]], show_progress=False)
        self.retriever.retrieve(tokens, k=LIMIT, show_progress=False, n_threads=1)
        return -1


def bm25s_of(url: str) -> Bm25s | None:
    """None where it is not installed."""
    try:
        library: Any = importlib.import_module("bm25s")
    except ImportError:
        return None
    started = time.perf_counter()
    tokens = library.tokenize(list(_texts(url)), show_progress=False)
    retriever = library.BM25()
    retriever.index(tokens, show_progress=False)
    return Bm25s(retriever, library.tokenize, time.perf_counter() - started)


def _texts(url: str) -> Iterator[str]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection, connection.cursor(name="texts") as cursor:
        cursor.itersize = 10_000
        cursor.execute("SELECT title || ' ' || array_to_string(skills, ' ') || ' ' || description FROM job")
        for (text,) in cursor:
            yield text


def measure(peer: Peer, queries: Sequence[dict[str, str]], budget_s: float) -> tuple[Latencies, list[int]]:
    """Each query once, until the time is over; at least ten."""
    found, matches = Latencies(peer.name), []
    end = time.perf_counter() + budget_s
    for number, query in enumerate(queries):
        if number >= 10 and time.perf_counter() > end:
            break
        started = time.perf_counter()
        count = peer.ask(query)
        found.values.append((time.perf_counter() - started) * 1000)
        if count >= 0:
            matches.append(count)
    return found, matches
