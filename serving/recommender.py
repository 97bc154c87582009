"""retrieve -> filter -> score -> calibrate -> place -> explain, as a plain class without a server."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.behaviour import BehaviourState, fold
from features.records import UserRecord
from models.facts import encode_with_facts
from models.index import StaleMaskError
from serving import mapping
from serving.behaviour import GuardedBehaviour
from serving.catalog import Conditions, JobView
from serving.engine import Engine
from serving.errors import UnknownJobError
from serving.explain import Explainer, PastJob
from serving.policy import POOL_PAGES, diversify, place, reposts
from serving.schemas import (
    RecommendRequest,
    RecommendResponse,
    ScoredJob,
    ScoreRequest,
    ScoreResponse,
    SimilarRequest,
    UserDocument,
)

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
NOTHING = Conditions()
#: Past postings that may be named as a reason, newest first.
PAST_JOBS = 20
_TRIES = 5


@dataclass(frozen=True)
class Person:
    """A user as one request sees them: everything known, and the vector made of it, (256,)."""

    record: UserRecord
    vector: F32
    skills: tuple[int, ...]
    dismissed: frozenset[int]


@dataclass(frozen=True)
class Candidates:
    """Postings best first: ids, slots in the catalogue and similarities, all (n,)."""

    ids: I64
    slots: I64
    similarities: F32


class Stages:
    """Milliseconds by stage of one request, in the order they ran."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.milliseconds[name] = round((time.perf_counter() - started) * 1000, 3)


class Recommender:
    """Deterministic for a given `draw`; safe from any thread. Every call names the engine that answers."""

    def __init__(self, behaviour: GuardedBehaviour, *, epsilon: float, draw: random.Random) -> None:
        self._behaviour = behaviour
        self._epsilon = epsilon
        self._draw = draw

    def recommend(self, engine: Engine, request: RecommendRequest, now: datetime) -> RecommendResponse:
        """Raises UnknownPlaceError. Dismissed and excluded postings never appear."""
        stages = Stages()
        with stages("behaviour"):
            state = self._state(request.user)
        with stages("encode"):
            person = _person(engine, request.user, state, now)
        with stages("search"):
            conditions = mapping.conditions(request.filters, engine.bundle.transform)
            without = person.dismissed.union(request.exclude)
            found = _search(engine, person.vector, POOL_PAGES * request.limit, conditions, without)
        with stages("rank"):
            companies = engine.catalog.companies(found.slots).tolist()
            order = diversify(companies, request.limit, reposts(engine.index.vectors(found.ids)[1]))
            placed = place(order, request.limit, self._epsilon, self._draw)
            shown = _take(found, [p.candidate for p in placed])
        with stages("explain"):
            items = _scored(engine, person, shown, [p.propensity for p in placed])
        return RecommendResponse(
            items=items, release_id=engine.release.release_id, stages_ms=stages.milliseconds
        )

    def score(self, engine: Engine, request: ScoreRequest, now: datetime) -> ScoreResponse:
        """One person against stored postings and postings sent along, best first."""
        person = _person(engine, request.user, self._state(request.user), now)
        ids = np.array(list(dict.fromkeys(request.job_ids)), np.int64)
        known = engine.index.rows_of(ids) >= 0
        vectors = engine.index.vectors(ids[known])[1]
        views = [engine.catalog.job(int(s)) for s in engine.catalog.slots(ids[known])]
        jobs = list(zip(ids[known].tolist(), views, vectors, strict=True))
        jobs += _sent_jobs(engine, request)
        return ScoreResponse(
            items=_ranked(engine, person, jobs),
            unknown_job_ids=tuple(ids[~known].tolist()),
            release_id=engine.release.release_id,
        )

    def similar(self, engine: Engine, request: SimilarRequest) -> RecommendResponse:
        """Nearest postings of a posting. `score` is their cosine, since nobody's engagement is predicted.

        Raises UnknownJobError.
        """
        stages = Stages()
        with stages("search"):
            found, vectors = engine.index.vectors([request.job_id])
            if not found[0] or engine.index.rows_of([request.job_id])[0] < 0:
                raise UnknownJobError(f"posting {request.job_id} is not in the index")
            near = _search(engine, vectors[0], request.limit, NOTHING, frozenset([request.job_id]))
        items = tuple(
            ScoredJob(job_id=j, rank=i, score=min(max(s, 0.0), 1.0), similarity=s, propensity=1.0)
            for i, (j, s) in enumerate(zip(near.ids.tolist(), near.similarities.tolist(), strict=True), 1)
        )
        return RecommendResponse(
            items=items, release_id=engine.release.release_id, stages_ms=stages.milliseconds
        )

    def embed_users(self, engine: Engine, users: Sequence[UserDocument], now: datetime) -> list[list[float]]:
        return [_person(engine, user, self._state(user), now).vector.tolist() for user in users]

    def _state(self, user: UserDocument) -> BehaviourState:
        """What the feature store knows and what the request brought; an event in both counts once."""
        state = self._behaviour.online(user.user_id)
        for event in sorted(mapping.sent_history(user), key=lambda e: e.at):
            state = fold(state, event)
        return state


def _person(engine: Engine, document: UserDocument, state: BehaviourState, now: datetime) -> Person:
    bundle = engine.bundle
    record = mapping.user_record(document, state.history)
    inputs = bundle.transform.user_inputs([record], bundle.encoder.encode, now)
    vector = bundle.embed_user_inputs(inputs, engine.index.vectors)[0]
    return Person(record, vector, tuple(inputs.bags["skills"].ids.tolist()), state.dismissed)


def _search(
    engine: Engine, vector: F32, k: int, conditions: Conditions, without: frozenset[int]
) -> Candidates:
    """A mask outdated by two compactions since it was made is made again; that it happens twice is rare."""
    for attempt in range(_TRIES):
        try:
            scores, ids = _search_once(engine, vector, k, conditions, without)
            break
        except StaleMaskError:
            if attempt == _TRIES - 1:
                raise
    found = ids >= 0
    return Candidates(ids[found], engine.catalog.slots(ids[found]), scores[found])


def _search_once(
    engine: Engine, vector: F32, k: int, conditions: Conditions, without: frozenset[int]
) -> tuple[F32, I64]:
    allowed, generation = None, None
    if conditions or without:
        allowed, generation = engine.catalog.mask(conditions, engine.index)
        rows = engine.index.rows_of(np.fromiter(without, np.int64, len(without)), generation=generation)
        allowed[rows[(rows >= 0) & (rows < len(allowed))]] = False
    scores, ids = engine.index.search(
        vector[None], k, encoder_version=engine.encoder_version, allowed=allowed, generation=generation
    )
    return scores[0], ids[0]


def _take(found: Candidates, chosen: list[int]) -> Candidates:
    rows = np.array(chosen, np.int64)
    return Candidates(found.ids[rows], found.slots[rows], found.similarities[rows])


def _scored(
    engine: Engine, person: Person, shown: Candidates, propensities: Sequence[float]
) -> tuple[ScoredJob, ...]:
    explainer = _explainer(engine, person)
    vectors = engine.index.vectors(shown.ids)[1]
    scores = engine.bundle.calibration.probability(shown.similarities)
    return tuple(
        ScoredJob(
            job_id=int(job_id),
            rank=i + 1,
            score=float(scores[i]),
            similarity=float(shown.similarities[i]),
            propensity=propensities[i],
            reasons=explainer.reasons(int(job_id), engine.catalog.job(int(shown.slots[i])), vectors[i]),
        )
        for i, job_id in enumerate(shown.ids)
    )


def _explainer(engine: Engine, person: Person) -> Explainer:
    """Past postings that are still in the index, with the newest kind of interest in each."""
    kinds = {e.job_id: e.kind for e in person.record.history}
    newest = list(kinds)[-PAST_JOBS:]
    ids = np.array(newest, np.int64)
    found, vectors = engine.index.vectors(ids)
    slots = engine.catalog.slots(ids)
    known = found & (slots >= 0)
    past = [
        PastJob(job_id, kinds[job_id], engine.catalog.job(int(slot)).title)
        for job_id, slot in zip(ids[known].tolist(), slots[known], strict=True)
    ]
    return Explainer(engine.bundle.transform, person.record, person.skills, past, vectors[known])


def _sent_jobs(engine: Engine, request: ScoreRequest) -> list[tuple[int, JobView, F32]]:
    records = [mapping.job_record(d) for d in request.jobs]
    encoded = encode_with_facts(engine.bundle, records) if records else []
    return [
        (r.job_id, JobView(r.title, r.remote, e.facts.skills, e.facts.places), e.vector)
        for r, e in zip(records, encoded, strict=True)
    ]


def _ranked(
    engine: Engine, person: Person, jobs: Sequence[tuple[int, JobView, F32]]
) -> tuple[ScoredJob, ...]:
    if not jobs:
        return ()
    similarities = np.stack([vector for _, _, vector in jobs]) @ person.vector
    scores = engine.bundle.calibration.probability(similarities)
    explainer = _explainer(engine, person)
    return tuple(
        ScoredJob(
            job_id=jobs[i][0],
            rank=rank,
            score=float(scores[i]),
            similarity=float(similarities[i]),
            propensity=1.0,
            reasons=explainer.reasons(*jobs[i]),
        )
        for rank, i in enumerate(np.argsort(-similarities, kind="stable"), 1)
    )
