"""The change log of postings: what every worker and replica applies, in one order.

A change is acknowledged once it is in the log. Each worker tails `seq > last` and brings its own index up to
date, so a change is soon visible everywhere and a restart finds it again. Vectors are stored beside the
changes: whoever took a change encoded it, everybody else reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock
from typing import Protocol

from features.records import JobRecord
from models.facts import EncodedJob


@dataclass(frozen=True, slots=True)
class Posting:
    """A posting with the digest of its content and, if it had to be computed, its vector."""

    job: JobRecord
    content_hash: str
    encoded: EncodedJob | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The newest state of one posting: a posting occurs once in the log, at its last `seq`."""

    seq: int
    job_id: int
    content_hash: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """`changed` postings got a new sequence number; `sequence` is the end of the log afterwards."""

    changed: int
    sequence: int


class Journal(Protocol):
    """Every method raises JournalUnavailableError when the log cannot be reached."""

    def upsert(self, postings: Sequence[Posting], encoder_version: str) -> Acknowledged:
        """Postings with unchanged content get no new number; vectors are stored for `encoder_version`."""
        ...

    def delete(self, job_ids: Sequence[int]) -> Acknowledged: ...

    def hashes(self, job_ids: Sequence[int]) -> dict[int, str]:
        """Content hashes of those that are in the log and not deleted."""
        ...

    def changes(self, after: int, limit: int) -> list[Change]:
        """In order of `seq`, only those above `after`."""
        ...

    def records(self, job_ids: Sequence[int]) -> dict[int, Posting]:
        """The postings as they are now, without vectors; deleted ones are left out."""
        ...

    def vectors(self, encoder_version: str, changes: Sequence[Change]) -> dict[int, EncodedJob]:
        """Stored vectors whose content hash is that of the change."""
        ...

    def put_vectors(self, encoder_version: str, postings: Sequence[Posting]) -> None: ...

    def prune_vectors(self, keep: Sequence[str]) -> int:
        """Deletes vectors of other encoder versions than `keep` and of changed postings; returns how many."""
        ...

    def head(self) -> int:
        """The highest sequence number in the log, 0 when it is empty."""
        ...

    @contextmanager
    def turn(self, topic: str) -> Iterator[None]:
        """At most one worker of all replicas is inside for a topic; the others wait."""
        ...

    def wait(self, seconds: float) -> None:
        """Returns when something was appended, or after `seconds`; never raises."""
        ...

    def close(self) -> None: ...


class MemoryJournal:
    """The log of a single worker without a database: lost when the process ends."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._grown = Condition()
        self._sequence = 0
        self._changes: dict[int, Change] = {}
        self._jobs: dict[int, Posting] = {}
        self._vectors: dict[tuple[str, int], tuple[str, EncodedJob]] = {}

    def upsert(self, postings: Sequence[Posting], encoder_version: str) -> Acknowledged:
        with self._lock:
            fresh = [p for p in last_of_each(postings) if not self._same(p)]
            for p in fresh:
                self._append(p.job.job_id, p.content_hash, deleted=False)
                self._jobs[p.job.job_id] = Posting(p.job, p.content_hash)
            self._keep_vectors(encoder_version, postings)
            return self._done(len(fresh))

    def delete(self, job_ids: Sequence[int]) -> Acknowledged:
        with self._lock:
            known = [self._changes.get(i) for i in set(job_ids)]
            gone = [i for i, c in zip(set(job_ids), known, strict=True) if c is None or not c.deleted]
            for job_id in sorted(gone):
                self._append(job_id, "", deleted=True)
                self._jobs.pop(job_id, None)
            return self._done(len(gone))

    def hashes(self, job_ids: Sequence[int]) -> dict[int, str]:
        with self._lock:
            return {i: self._jobs[i].content_hash for i in job_ids if i in self._jobs}

    def changes(self, after: int, limit: int) -> list[Change]:
        with self._lock:
            newer = [c for c in self._changes.values() if c.seq > after]
        return sorted(newer, key=lambda c: c.seq)[:limit]

    def records(self, job_ids: Sequence[int]) -> dict[int, Posting]:
        with self._lock:
            return {i: self._jobs[i] for i in job_ids if i in self._jobs}

    def vectors(self, encoder_version: str, changes: Sequence[Change]) -> dict[int, EncodedJob]:
        with self._lock:
            stored = {c.job_id: self._vectors.get((encoder_version, c.job_id)) for c in changes}
        return {c.job_id: v[1] for c in changes if (v := stored[c.job_id]) and v[0] == c.content_hash}

    def put_vectors(self, encoder_version: str, postings: Sequence[Posting]) -> None:
        with self._lock:
            self._keep_vectors(encoder_version, postings)

    def prune_vectors(self, keep: Sequence[str]) -> int:
        with self._lock:
            old = [k for k, v in self._vectors.items() if k[0] not in keep or not self._current(k[1], v[0])]
            for key in old:
                del self._vectors[key]
            return len(old)

    def head(self) -> int:
        return self._sequence

    @contextmanager
    def turn(self, topic: str) -> Iterator[None]:
        yield

    def wait(self, seconds: float) -> None:
        before = self._sequence
        with self._grown:
            self._grown.wait_for(lambda: self._sequence != before, seconds)

    def close(self) -> None:
        pass

    def _same(self, p: Posting) -> bool:
        known = self._jobs.get(p.job.job_id)
        return known is not None and known.content_hash == p.content_hash

    def _current(self, job_id: int, content_hash: str) -> bool:
        return job_id in self._jobs and self._jobs[job_id].content_hash == content_hash

    def _append(self, job_id: int, content_hash: str, *, deleted: bool) -> None:
        self._sequence += 1
        self._changes[job_id] = Change(self._sequence, job_id, content_hash, deleted)

    def _keep_vectors(self, encoder_version: str, postings: Sequence[Posting]) -> None:
        for p in postings:
            if p.encoded is not None:
                self._vectors[encoder_version, p.job.job_id] = (p.content_hash, p.encoded)

    def _done(self, changed: int) -> Acknowledged:
        with self._grown:
            self._grown.notify_all()
        return Acknowledged(changed, self._sequence)


def last_of_each(postings: Sequence[Posting]) -> list[Posting]:
    """Of a posting given twice in one request, the last one counts."""
    return list({p.job.job_id: p for p in postings}.values())
