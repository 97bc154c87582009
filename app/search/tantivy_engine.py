"""The embedded engine's reading side: one per process, following the live index with two `stat` a search."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import tantivy
from tantivy import Query

from app.search.engine import (
    MAX_COUNT,
    WINDOW,
    Answer,
    Bucket,
    Facet,
    Hit,
    IndexBrokenError,
    IndexMissingError,
    Request,
    Suggestion,
    SuggestionKind,
)
from app.search.index_files import IndexFiles
from app.search.tantivy_facets import facets_of
from app.search.tantivy_query import Builder, Built, before
from app.search.tantivy_schema import PARTS, STEMMED, guarded, register, terms_of
from app.search.vocabulary import Vocabulary

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
#: (score or key, where it is), best first.
Scored = list[tuple[Any, tantivy.DocAddress]]
#: Up to here matches are simply counted: over a million postings that took a sixth less time in the mean of
#: the benchmark's classes, and less at the 95th percentile, than to look first whether a search is broad.
COUNTED = 1_000_000
#: Beyond, a broad search is counted in so many of the 64 parts, and called broad when they promise this many.
SOME_PARTS, SURELY = 1, MAX_COUNT * 3 // 2
#: The vocabulary of a small index is read at once, that of a large one beside the searches.
SMALL = 5_000
VOCABULARY_S = 300.0
SHORTEST_PREFIX = 2
#: Broad searches look for reposts among what they found, as far down as this, and in so many more.
NEAR_TOP, SPARE = 500, 20
KEYS = {"date": "date_key", "salary": "salary_key"}
SUGGESTED: tuple[tuple[str, SuggestionKind], ...] = (
    ("title_tail", "title"),
    ("skill", "skill"),
    ("company_name", "company"),
)


@dataclass(slots=True)
class Opened:
    """An index as this process sees it now."""

    name: str
    index: tantivy.Index
    searcher: tantivy.Searcher
    commit: tuple[int, int]
    vocabulary: Vocabulary = field(default_factory=lambda: Vocabulary(()))
    vocabulary_at: float = 0.0
    vocabulary_commit: tuple[int, int] = (0, 0)


class TantivyEngine:
    name = "tantivy"

    def __init__(self, root: Path, *, threads: int = 2) -> None:
        self.files = IndexFiles(root)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="search")
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._pointer: tuple[int, int] | None = None

    async def search(self, request: Request) -> Answer:
        return await self._run(lambda: self.search_now(request))

    async def suggest(self, text: str, limit: int) -> Sequence[Suggestion]:
        return await self._run(lambda: self.suggest_now(text, limit))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def current(self) -> str:
        """Two looks at the folder, unless there is another index to be opened."""
        opened = self._opened
        if opened is not None and self._is_current():
            return opened.name
        return await self._run(lambda: self._now().name)

    async def documents(self) -> int:
        return await self._run(lambda: self._now().searcher.num_docs)

    def _is_current(self) -> bool:
        try:
            return _stamp(self.files.pointer) == self._pointer
        except OSError:
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        """The engine's own code runs without the interpreter's lock, so two searches use two cores."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    # -- one search ----------------------------------------------------------------------------------

    def search_now(self, request: Request) -> Answer:
        """Raises EngineError."""
        if request.offset + request.limit > WINDOW:
            raise ValueError(f"only the first {WINDOW} can be reached by number")
        opened = self._now()
        with guarded(opened.name):
            return self._answer(opened, request)

    def _answer(self, opened: Opened, request: Request) -> Answer:
        searcher, schema = opened.searcher, opened.index.schema
        builder = Builder(schema, searcher, opened.vocabulary)
        built = builder.build(request)
        if request.order == "relevance":
            found, total, estimate = self._best(searcher, builder, built, request)
        else:
            found, total = self._sorted(searcher, schema, built, request)
            estimate = total
        facets: dict[Facet, tuple[Bucket, ...]] = {}
        facets_exact = True
        if request.facets:
            facets, facets_exact = facets_of(searcher, builder, built, request.facets, estimate)
        return Answer(
            hits=_hits(searcher, found),
            total=min(total, MAX_COUNT),
            exact=total <= MAX_COUNT,
            facets=facets,
            facets_exact=facets_exact,
            corrections=tuple(built.corrections),
        )

    def _best(
        self, searcher: tantivy.Searcher, builder: Builder, built: Built, request: Request
    ) -> tuple[Scored, int, int]:
        """(hits, matches, estimate of matches). Broad searches are not counted to the end: the engine then
        skips what cannot be among the best."""
        limit, offset = max(request.limit, 1), request.offset
        if not request.count or (built.lone_term and built.at_most - built.reposts > MAX_COUNT):
            return _top(searcher, built, limit, offset), built.at_most, built.at_most
        if built.at_most > COUNTED:
            some = _count(searcher, builder.part_of(built, SOME_PARTS)) * PARTS // SOME_PARTS
            if some > SURELY:
                return _top(searcher, built, limit, offset), some, some
        found = searcher.search(built.query, limit, count=True, offset=offset)
        total = int(found.count)  # type: ignore[attr-defined]
        return found.hits, total, total

    def _sorted(
        self, searcher: tantivy.Searcher, schema: tantivy.Schema, built: Built, request: Request
    ) -> tuple[Scored, int]:
        """Every match is looked at anyhow, so counting is free; with a cursor only the rest is looked at."""
        name, limit = KEYS[request.order], max(request.limit, 1)
        if request.after is None:
            found = searcher.search(
                built.query, limit, count=True, offset=request.offset, order_by_field=name
            )
            return found.hits, int(found.count)  # type: ignore[attr-defined]
        rest = before(built.query, schema, name, request.after)
        found = searcher.search(rest, limit, count=False, offset=request.offset, order_by_field=name)
        total = _count(searcher, Query.const_score_query(built.query, 0.0)) if request.count else 0
        return found.hits, total

    def suggest_now(self, text: str, limit: int) -> list[Suggestion]:
        """Raises EngineError."""
        begun = " ".join(text.lower().split())
        if len(begun) < SHORTEST_PREFIX:
            return []
        opened = self._now()
        with guarded(opened.name):
            found = [
                Suggestion(term, kind, count)
                for name, kind in SUGGESTED
                for term, count in opened.searcher.terms_with_prefix(name, begun, limit=limit)
            ]
        return sorted(found, key=lambda item: -item.count)

    def frequency(self, word: str) -> int:
        """In how many postings it is, as it is searched for; of a word that is several, 0."""
        stems = terms_of(STEMMED, word)
        return int(self._now().searcher.doc_freq("all", stems[0])) if len(stems) == 1 else 0

    # -- following the index -------------------------------------------------------------------------

    def _now(self) -> Opened:
        """Raises IndexMissingError, IndexBrokenError."""
        try:
            pointer = _stamp(self.files.pointer)
        except OSError:
            raise IndexMissingError("no live index") from None
        opened = self._opened
        if opened is None or pointer != self._pointer:
            with self._lock:
                if self._opened is None or pointer != self._pointer:
                    self._opened = self._open()
                    self._pointer = pointer
                opened = self._opened
        self._refresh(opened)
        return opened

    def _open(self) -> Opened:
        name = self.files.live()
        folder = self.files.folder(name)
        with guarded(name):
            commit = _stamp(folder / "meta.json")
            index = register(tantivy.Index.open(str(folder)))
            index.config_reader("manual", 1)
            index.reload()
            return Opened(name, index, index.searcher(), commit)

    def _refresh(self, opened: Opened) -> None:
        """Sees what was committed since. Raises IndexBrokenError."""
        with guarded(opened.name):
            commit = _stamp(self.files.folder(opened.name) / "meta.json")
            if commit != opened.commit:
                with self._lock:
                    if commit != opened.commit:
                        opened.index.reload()
                        opened.searcher = opened.index.searcher()
                        opened.commit = commit
        self._refresh_vocabulary(opened)

    def _refresh_vocabulary(self, opened: Opened) -> None:
        if opened.vocabulary_commit == opened.commit:
            return
        if opened.searcher.num_docs < SMALL:
            _read_vocabulary(opened)
        elif not opened.vocabulary_at or time.monotonic() - opened.vocabulary_at > VOCABULARY_S:
            opened.vocabulary_at = time.monotonic()
            threading.Thread(target=_read_vocabulary, args=(opened,), daemon=True).start()


def _read_vocabulary(opened: Opened) -> None:
    commit = opened.commit
    try:
        with guarded(opened.name):
            opened.vocabulary = Vocabulary(opened.searcher.terms_with_prefix("words", ""))
        opened.vocabulary_commit, opened.vocabulary_at = commit, time.monotonic()
    except IndexBrokenError as error:
        logger.warning("the vocabulary cannot be read", extra={"cause": str(error)[:300]})


def _stamp(path: Path) -> tuple[int, int]:
    """Changes whenever the file is replaced."""
    state = path.stat()
    return state.st_ino, state.st_mtime_ns


def _count(searcher: tantivy.Searcher, query: Query) -> int:
    return int(searcher.search(query, 1, count=True).count)  # type: ignore[attr-defined]


def _top(searcher: tantivy.Searcher, built: Built, limit: int, offset: int) -> Scored:
    """The best, without a look at every match: what cannot be among them is skipped, which the engine can do
    for words alone but not for words without reposts. So those are dropped from what is found."""
    wanted = offset + limit
    if built.wide is not None and wanted <= NEAR_TOP:
        looked_at = 2 * wanted + SPARE
        hits = searcher.search(built.wide, looked_at, count=False).hits
        marks = searcher.fast_field_values("repost", [address for _, address in hits])
        kept = [hit for hit, mark in zip(hits, marks, strict=True) if mark is None]
        if len(kept) >= wanted or len(hits) < looked_at:
            return kept[offset:wanted]
    return searcher.search(built.query, limit, count=False, offset=offset).hits


def _hits(searcher: tantivy.Searcher, found: Scored) -> tuple[Hit, ...]:
    addresses = [address for _, address in found]
    ids = searcher.fast_field_values("id", addresses)
    # of equal scores the newest first, whatever the engine's files look like today
    keys = [key for key, _ in found]
    hits = [Hit(int(job_id), key) for job_id, key in zip(ids, keys, strict=True) if job_id is not None]
    return tuple(sorted(hits, key=lambda hit: (-hit.key, -hit.id)))
