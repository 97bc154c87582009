"""The engine that the settings name: `tantivy:FOLDER`, `opensearch+https://host/name`, or `postgresql:`."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.search import places, repository
from app.search.engine import IndexMissingError, SearchEngine, SearchIndex
from app.search.opensearch import PREFIX, OpenSearchEngine, OpenSearchIndex
from app.search.synonyms import synonyms
from app.search.tantivy_engine import TantivyEngine
from app.search.tantivy_index import TantivyIndex

TANTIVY, NONE = "tantivy:", "postgresql:"
COMPLAIN_S = 60.0


@dataclass(slots=True)
class Search:
    """What a process searches with. `engine` is None where the database is to answer by itself.

    An index that follows another database must not answer for this one, so each is looked up once.
    """

    engine: SearchEngine | None
    #: Has a new index built.
    mend: Callable[[], Awaitable[None]] | None = None
    _ours: set[str] = field(default_factory=set)
    _complained_at: float = -math.inf

    async def live(self, session: AsyncSession) -> SearchEngine:
        """Raises EngineError: there is no index that answers for this database."""
        if self.engine is None:
            raise IndexMissingError("none is set up")
        name = await self.engine.current()
        if name not in self._ours:
            if not await repository.follows(session, name):
                raise IndexMissingError(f"{name} follows another database")
            self._ours.add(name)
        return self.engine

    async def complain(self) -> None:
        """The index cannot be read. Said once in a while is enough: a new one takes its time."""
        now = time.monotonic()
        if self.mend is not None and now - self._complained_at > COMPLAIN_S:
            self._complained_at = now
            await self.mend()

    def warm(self) -> None:
        """Reads the tables that the first searches would wait for. For a thread."""
        if self.engine is not None:
            synonyms()
            places.near("Oslo", places.DEFAULT_RADIUS_KM)

    async def close(self) -> None:
        if self.engine is not None:
            await self.engine.close()


def search_at(url: str) -> Search:
    """Raises ValueError for a URL of no known engine."""
    if url == NONE:
        return Search(None)
    if url.startswith(TANTIVY):
        return Search(TantivyEngine(Path(url.removeprefix(TANTIVY))))
    if url.startswith(PREFIX):
        return Search(OpenSearchEngine(url))
    raise ValueError("SEARCH_URL: tantivy:FOLDER, opensearch+https://host/name or postgresql:")


def index_at(url: str) -> SearchIndex | None:
    """The writing side; None where there is no index. Raises ValueError."""
    if url == NONE:
        return None
    if url.startswith(TANTIVY):
        return TantivyIndex(Path(url.removeprefix(TANTIVY)))
    if url.startswith(PREFIX):
        return OpenSearchIndex(url)
    raise ValueError("SEARCH_URL: tantivy:FOLDER, opensearch+https://host/name or postgresql:")
