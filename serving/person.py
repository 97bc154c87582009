"""A person as one request sees them: everything known, read once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.behaviour import BehaviourState
from features.cross import Seeker, seeker
from features.evidence import Evidence
from features.inputs import History
from features.records import EventKind, UserRecord
from serving import mapping
from serving.engine import Engine
from serving.schemas import UserDocument

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Past:
    """Postings the person showed interest in and the index still knows, oldest first; vectors (p, 256)."""

    job_ids: I64
    slots: I64
    vectors: F32
    kinds: tuple[EventKind, ...]


@dataclass(frozen=True)
class Person:
    """`vector` (256,); `seeker` is None where the release has no second stage to read it."""

    record: UserRecord
    vector: F32
    skills: tuple[int, ...]
    dismissed: frozenset[int]
    past: Past
    seeker: Seeker | None

    @property
    def evidence(self) -> Evidence:
        """Raises ValueError without a second stage."""
        if self.seeker is None:
            raise ValueError("a release without a match model reads no evidence")
        return self.seeker.evidence


def read_person(engine: Engine, document: UserDocument, state: BehaviourState, now: datetime) -> Person:
    return person_of(engine, mapping.user_record(document, state.history), state.dismissed, now)


def person_of(engine: Engine, record: UserRecord, dismissed: frozenset[int], now: datetime) -> Person:
    bundle = engine.bundle
    inputs = bundle.transform.user_inputs([record], bundle.encoder.encode, now)
    vector = bundle.embed_user_inputs(inputs, engine.index.vectors)[0]
    past = _past(engine, inputs.history, record)
    return Person(
        record,
        vector,
        tuple(inputs.bags["skills"].ids.tolist()),
        dismissed,
        past,
        _seeker(engine, record, past),
    )


def _past(engine: Engine, history: History | None, record: UserRecord) -> Past:
    """As many and as new as the towers read, so that both stages look at the same past."""
    ids = np.zeros(0, np.int64) if history is None else history.job_ids[0]
    ids = ids[ids >= 0]
    found, vectors = engine.index.vectors(ids)
    slots = engine.catalog.slots(ids)
    known = found & (slots >= 0)
    newest = {event.job_id: event.kind for event in record.history}
    kinds = tuple(newest[job_id] for job_id in ids[known].tolist())
    return Past(ids[known], slots[known], vectors[known], kinds)


def _seeker(engine: Engine, record: UserRecord, past: Past) -> Seeker | None:
    if engine.bundle.match is None:
        return None
    transform = engine.bundle.transform
    companies = engine.catalog.companies(past.slots)
    return seeker(record, transform.user_place(record), transform.evidence(record), companies)
