"""The embedded engine's writing side. The engine's own lock lets one process write at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

import tantivy

from app.search.engine import IndexBrokenError, IndexMissingError, Posting
from app.search.index_files import IndexFiles
from app.search.tantivy_schema import document, guarded, register, schema

Result = TypeVar("Result")
#: Bytes that new postings may take in memory before they become files: for the trickle, for a rebuild.
SMALL_HEAP, LARGE_HEAP = 30_000_000, 400_000_000


class TantivyIndex:
    """Keeps the writer of one index open between changes; another index closes it."""

    def __init__(self, root: Path) -> None:
        self.files = IndexFiles(root)
        self._lock = threading.Lock()
        self._name = ""
        self._index: tantivy.Index | None = None
        self._writer: tantivy.IndexWriter | None = None

    async def live(self) -> str | None:
        return await asyncio.to_thread(self._live)

    async def create(self, name: str) -> None:
        await self._run(lambda: self._create(name))

    async def apply(self, name: str, postings: Sequence[Posting], gone: Collection[int]) -> None:
        await self._run(lambda: self._apply(name, postings, gone))

    async def load(self, name: str, postings: Sequence[Posting]) -> None:
        await self._run(lambda: self._load(name, postings))

    async def finish(self, name: str) -> None:
        await self._run(lambda: self._finish(name))

    async def publish(self, name: str) -> None:
        await self._run(lambda: self.files.publish(name))

    async def sweep(self, keep: Collection[str]) -> None:
        await self._run(lambda: self.files.sweep(keep))

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    async def _run(self, work: Callable[[], Result]) -> Result:
        """In a thread, one at a time. Raises IndexBrokenError for whatever the library or the disk says."""

        def alone() -> Result:
            with self._lock:
                try:
                    with guarded(self._name or "index"):
                        return work()
                except IndexBrokenError:
                    self._drop()
                    raise

        return await asyncio.to_thread(alone)

    def _live(self) -> str | None:
        """An index that cannot be opened is none; readers are told so, too."""
        try:
            name = self.files.live()
        except IndexMissingError:
            return None
        with self._lock:
            try:
                if self._name != name:
                    with guarded(name):
                        register(tantivy.Index.open(str(self.files.folder(name)))).searcher()
            except IndexBrokenError:
                self.files.withdraw()
                return None
        return name

    def _create(self, name: str) -> None:
        folder = self.files.create(name)
        self._open(name, register(tantivy.Index(schema(), str(folder), reuse=False)), LARGE_HEAP)

    def _apply(self, name: str, postings: Sequence[Posting], gone: Collection[int]) -> None:
        writer = self._writer_of(name)
        for job_id in {*gone, *(posting.id for posting in postings)}:
            writer.delete_documents_by_term("id", job_id)
        for posting in postings:
            writer.add_document(document(posting))
        writer.commit()

    def _load(self, name: str, postings: Sequence[Posting]) -> None:
        writer = self._writer_of(name)
        for posting in postings:
            writer.add_document(document(posting))

    def _finish(self, name: str) -> None:
        """Waits until the pieces are merged, which is what makes searches fast from the first on."""
        writer = self._writer_of(name)
        writer.commit()
        writer.wait_merging_threads()
        self._forget()

    def _writer_of(self, name: str) -> tantivy.IndexWriter:
        if self._writer is None or self._name != name:
            self._drop()
            self._open(name, register(tantivy.Index.open(str(self.files.folder(name)))), SMALL_HEAP)
        assert self._writer is not None  # noqa: S101 - opened just now
        return self._writer

    def _open(self, name: str, index: tantivy.Index, heap: int) -> None:
        self._drop()
        threads = 1 if heap == SMALL_HEAP else 2
        self._name, self._index, self._writer = name, index, index.writer(heap, threads)

    def _close(self) -> None:
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        """Ends the writer so that its lock is free: what was not committed is not there."""
        writer = self._writer
        self._forget()
        if writer is not None:
            try:
                with guarded("index"):
                    writer.rollback()
                    writer.wait_merging_threads()
            except IndexBrokenError:
                return  # it was broken already

    def _forget(self) -> None:
        self._writer = self._index = None
        self._name = ""
