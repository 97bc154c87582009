"""retrieve -> filter -> rank -> diversify -> place -> explain, as a plain class without a server."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from features.behaviour import BehaviourState, fold
from serving import mapping
from serving.behaviour import GuardedBehaviour
from serving.catalog import Conditions
from serving.engine import Engine
from serving.errors import UnknownJobError
from serving.match_schemas import Match, WhyNotResponse
from serving.matching import SHORT, match_version, matches
from serving.person import Person, read_person
from serving.policy import POOL_PAGES, diversify, place, reposts
from serving.ranking import Ranked, pool_size, rank
from serving.retrieval import search
from serving.schemas import (
    RecommendRequest,
    RecommendResponse,
    ScoredJob,
    ScoreRequest,
    ScoreResponse,
    SimilarRequest,
    UserDocument,
    WhyNotRequest,
)
from serving.scoring import explainer_of, score_pairs
from serving.why_not import why_not

NOTHING = Conditions()


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
            person = read_person(engine, request.user, state, now)
        with stages("search"):
            conditions = mapping.conditions(request.filters, engine.bundle.transform)
            without = person.dismissed.union(request.exclude)
            found = search(engine, person.vector, pool_size(engine, request.limit), conditions, without)
        with stages("rank"):
            ranked = rank(engine, person, found, request.freshness, now)
            again = reposts(engine.index.vectors(ranked.ids)[1][: POOL_PAGES * request.limit])
            companies = engine.catalog.companies(ranked.slots).tolist()
            order = diversify(companies, request.limit, again, strength=request.diversity)
            placed = place(order, request.limit, self._epsilon, self._draw)
            shown = ranked.take([p.candidate for p in placed])
        with stages("explain"):
            items = _scored(engine, person, shown, [p.propensity for p in placed], request)
        return RecommendResponse(
            items=items,
            release_id=engine.release.release_id,
            match_version=match_version(engine),
            stages_ms=stages.milliseconds,
        )

    def score(self, engine: Engine, request: ScoreRequest, now: datetime) -> ScoreResponse:
        """One person against stored postings and postings sent along, best first."""
        person = read_person(engine, request.user, self._state(request.user), now)
        return score_pairs(engine, person, request, now)

    def why_not(self, engine: Engine, request: WhyNotRequest, now: datetime) -> WhyNotResponse:
        """Raises UnknownPlaceError."""
        person = read_person(engine, request.user, self._state(request.user), now)
        return why_not(engine, person, request, now)

    def similar(self, engine: Engine, request: SimilarRequest) -> RecommendResponse:
        """Nearest postings of a posting. `score` is their cosine, since nobody's engagement is predicted.

        Raises UnknownJobError.
        """
        stages = Stages()
        with stages("search"):
            found, vectors = engine.index.vectors([request.job_id])
            if not found[0] or engine.index.rows_of([request.job_id])[0] < 0:
                raise UnknownJobError(f"posting {request.job_id} is not in the index")
            near = search(engine, vectors[0], request.limit, NOTHING, frozenset([request.job_id]))
        items = tuple(
            ScoredJob(job_id=j, rank=i, score=min(max(s, 0.0), 1.0), similarity=s, propensity=1.0)
            for i, (j, s) in enumerate(zip(near.ids.tolist(), near.similarities.tolist(), strict=True), 1)
        )
        return RecommendResponse(
            items=items, release_id=engine.release.release_id, stages_ms=stages.milliseconds
        )

    def embed_users(self, engine: Engine, users: Sequence[UserDocument], now: datetime) -> list[list[float]]:
        return [read_person(engine, user, self._state(user), now).vector.tolist() for user in users]

    def _state(self, user: UserDocument) -> BehaviourState:
        """What the feature store knows and what the request brought; an event in both counts once."""
        state = self._behaviour.online(user.user_id)
        for event in sorted(mapping.sent_history(user), key=lambda e: e.at):
            state = fold(state, event)
        return state


def _scored(
    engine: Engine,
    person: Person,
    shown: Ranked,
    propensities: Sequence[float],
    request: RecommendRequest,
) -> tuple[ScoredJob, ...]:
    explainer = explainer_of(engine, person)
    vectors = engine.index.vectors(shown.ids)[1]
    said: Sequence[Match | None] = [None] * len(shown.ids)
    if shown.pairs is not None:
        ledgers = SHORT if request.explain else None
        said = matches(engine, person, shown.pairs, ledgers=ledgers, snapshots=request.snapshots)
    return tuple(
        ScoredJob(
            job_id=int(job_id),
            rank=i + 1,
            score=float(shown.scores[i]),
            similarity=float(shown.similarities[i]),
            propensity=propensities[i],
            reasons=explainer.reasons(int(job_id), engine.catalog.job(int(shown.slots[i])), vectors[i]),
            match=said[i],
        )
        for i, job_id in enumerate(shown.ids)
    )
