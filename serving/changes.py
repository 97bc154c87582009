"""Accepting changes: what a worker does with postings, deletions and events before it acknowledges them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from models.facts import EncodedJob, content_hash
from serving import mapping
from serving.behaviour import GuardedBehaviour
from serving.errors import JournalUnavailableError
from serving.follower import Follower
from serving.journal import Acknowledged, Journal, Posting, last_of_each
from serving.schemas import JobDocument, UserEvent


class ChangeDesk:
    """Changes of postings raise JournalUnavailableError before anything was changed."""

    def __init__(self, journal: Journal, follower: Follower, behaviour: GuardedBehaviour) -> None:
        self._journal = journal
        self._follower = follower
        self._behaviour = behaviour

    def postings(self, documents: Sequence[JobDocument]) -> list[Posting]:
        records = [mapping.job_record(d) for d in documents]
        return last_of_each([Posting(r, content_hash(r)) for r in records])

    def to_encode(self, postings: Sequence[Posting]) -> list[Posting]:
        """Those whose content neither the log nor the index that answers has: nothing is encoded twice."""
        known = self._journal.hashes([p.job.job_id for p in postings])
        changed = [p for p in postings if known.get(p.job.job_id) != p.content_hash]
        if not changed:
            return []
        engine = self._follower.engine
        ids = np.array([p.job.job_id for p in changed], np.int64)
        same = engine.catalog.same_content(ids, [p.content_hash for p in changed])
        held = same & (engine.index.rows_of(ids) >= 0)
        return [p for p, has in zip(changed, held, strict=True) if not has]

    def upsert(
        self, postings: Sequence[Posting], encoded: dict[int, EncodedJob], encoder_version: str
    ) -> Acknowledged:
        rows = [replace(p, encoded=encoded.get(p.job.job_id)) for p in postings]
        return self._shown(self._journal.upsert(rows, encoder_version))

    def delete(self, job_ids: Sequence[int]) -> Acknowledged:
        return self._shown(self._journal.delete(job_ids))

    def _shown(self, done: Acknowledged) -> Acknowledged:
        """Acknowledged is acknowledged: if the log fails right after, the tail applies the change later."""
        with suppress(JournalUnavailableError):
            self._follower.catch_up_now()
        return done

    def record(self, events: Sequence[UserEvent]) -> int:
        """How many were new; the feature store recognises repetitions. Raises BehaviourUnavailableError."""
        by_id = {e.event_id: e for e in events}
        return self._behaviour.push([mapping.interaction(e) for e in by_id.values()])

    def forget(self, user_ids: Sequence[int]) -> dict[str, int]:
        """Rows deleted per table. Raises BehaviourUnavailableError, and then nothing was deleted."""
        return self._behaviour.erase(user_ids)
