"""What answers: one release's bundle, index and catalogue, and how far they have followed the change log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from weakref import ReferenceType, ref

import numpy as np

from models.bundle import ModelBundle
from models.facts import EncodedJob, encode_with_facts
from models.index import JobIndex
from models.jobs_table import jobs_table
from models.release import Release
from serving.catalog import Catalog
from serving.journal import Change, Journal, Posting

log = logging.getLogger(__name__)

#: Changes read from the log at a time, and postings encoded or stored at a time: the second bounds how long
#: one worker holds its turn (0.6 s at 10 ms a posting) and how much text is in memory.
READ_ROWS = 1000
APPLY_ROWS = 64


class Engine:
    """Reading is safe from any thread at any time; `catch_up` is serialised by a lock of its own."""

    def __init__(self, release: Release, bundle: ModelBundle, index: JobIndex, catalog: Catalog) -> None:
        self.release = release
        self.bundle = bundle
        self.index = index
        self.catalog = catalog
        self.sequence = 0
        self.loaded_at = datetime.now(UTC)
        self._following = threading.Lock()

    @property
    def encoder_version(self) -> str:
        return self.bundle.encoder_version

    def parts(self) -> list[ReferenceType[Any]]:
        """Weak references to what is large, to see whether it went when the engine went."""
        t = self.bundle.transform
        return [ref(part) for part in (self.bundle, self.index, self.catalog, t.matcher, t.gazetteer)]

    def encode(self, postings: Sequence[Posting]) -> list[Posting]:
        encoded = encode_with_facts(self.bundle, [p.job for p in postings])
        return [replace(p, encoded=e) for p, e in zip(postings, encoded, strict=True)]

    def has(self, changes: Sequence[Change]) -> list[bool]:
        """Whether the index holds exactly this content of each posting."""
        ids = np.array([c.job_id for c in changes], np.int64)
        same = self.catalog.same_content(ids, [c.content_hash for c in changes])
        found: list[bool] = (same & (self.index.rows_of(ids) >= 0)).tolist()
        return found

    # -- following the log ---------------------------------------------------------------------------

    def catch_up(self, journal: Journal, proceed: Callable[[], bool] = lambda: True) -> int:
        """Applies everything above `sequence` and returns how many changes that were.

        The first call after loading reconciles the release with the whole log: what the release holds with
        the same content is left alone. Raises JournalUnavailableError; what was applied stays applied.
        """
        applied = 0
        with self._following:
            while proceed() and (changes := journal.changes(self.sequence, READ_ROWS)):
                self._apply(changes, journal)
                self.sequence = changes[-1].seq
                applied += len(changes)
        return applied

    def start_over(self) -> None:
        """Reads the whole log again at the next `catch_up`."""
        with self._following:
            self.sequence = 0

    def _apply(self, changes: Sequence[Change], journal: Journal) -> None:
        gone = [c.job_id for c in changes if c.deleted]
        if gone:
            self.index.remove(gone)
        written = [c for c in changes if not c.deleted]
        if not written:
            return
        stale = [c for c, has in zip(written, self.has(written), strict=True) if not has]
        for start in range(0, len(stale), APPLY_ROWS):
            self._add(list(self._encoded(stale[start : start + APPLY_ROWS], journal)))

    def _encoded(self, changes: Sequence[Change], journal: Journal) -> Iterator[Posting]:
        """The postings as they are now, with vectors that are stored or, in our turn, computed and stored."""
        postings = journal.records([c.job_id for c in changes])
        stored = journal.vectors(self.encoder_version, changes)
        missing = [c for c in changes if c.job_id in postings and c.job_id not in stored]
        if missing:
            with journal.turn(f"encode {self.encoder_version}"):
                stored |= journal.vectors(self.encoder_version, missing)  # somebody may have been faster
                todo = [postings[c.job_id] for c in missing if c.job_id not in stored]
                fresh = list(self._encode_each(todo))
                if fresh:
                    journal.put_vectors(self.encoder_version, fresh)
            stored |= {p.job.job_id: p.encoded for p in fresh if p.encoded is not None}
        hashes = {c.job_id: c.content_hash for c in changes}
        for job_id, posting in postings.items():
            # a posting that changed again meanwhile comes with its later change
            if hashes[job_id] == posting.content_hash and job_id in stored:
                yield replace(posting, encoded=stored[job_id])

    def _encode_each(self, postings: Sequence[Posting]) -> Iterator[Posting]:
        """One posting that cannot be encoded must not stop the log for all others."""
        if not postings:
            return
        try:
            yield from self.encode(postings)
        except (ValueError, ArithmeticError, LookupError):
            for posting in postings:
                try:
                    yield from self.encode([posting])
                except (ValueError, ArithmeticError, LookupError):
                    log.exception("posting %d cannot be encoded and is left out", posting.job.job_id)

    def _add(self, postings: Sequence[Posting]) -> None:
        """Catalogue first: a row must not be searchable before its attributes are known."""
        encoded: list[EncodedJob] = [p.encoded for p in postings if p.encoded is not None]
        if encoded:
            self.catalog.extend(jobs_table([p.job for p in postings], [e.facts for e in encoded]))
            self.index.add([p.job.job_id for p in postings], np.stack([e.vector for e in encoded]))
