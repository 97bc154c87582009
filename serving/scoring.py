"""One person against postings of the index and postings sent along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.job_columns import JobColumns, job_columns
from models.facts import EncodedJob, encode_with_facts
from serving import mapping
from serving.catalog import JobView
from serving.counterfactuals import Raises
from serving.engine import Engine
from serving.explain import Explainer, PastJob
from serving.match_schemas import Match
from serving.matching import match_version, matches
from serving.pairs import Pairs, pairs
from serving.person import Person
from serving.schemas import ScoredJob, ScoreRequest, ScoreResponse

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """Postings to be scored together: ids, what may be said of them, vectors (n, 256), columns."""

    ids: list[int]
    views: list[JobView]
    vectors: F32
    columns: JobColumns


def score_pairs(engine: Engine, person: Person, request: ScoreRequest, now: datetime) -> ScoreResponse:
    ids = np.array(list(dict.fromkeys(request.job_ids)), np.int64)
    known = engine.index.rows_of(ids) >= 0
    items = _scored(engine, person, _stored(engine, ids[known]), request, now)
    items += _scored(engine, person, _sent(engine, request), request, now)
    ordered = sorted(items, key=lambda item: -item.score)  # stable: equal ones stay as they were asked
    return ScoreResponse(
        items=tuple(item.model_copy(update={"rank": rank}) for rank, item in enumerate(ordered, 1)),
        unknown_job_ids=tuple(ids[~known].tolist()),
        release_id=engine.release.release_id,
        match_version=match_version(engine),
    )


def explainer_of(engine: Engine, person: Person) -> Explainer:
    past = [
        PastJob(job_id, kind, engine.catalog.job(int(slot)).title)
        for job_id, kind, slot in zip(
            person.past.job_ids.tolist(), person.past.kinds, person.past.slots, strict=True
        )
    ]
    return Explainer(engine.bundle.transform, person.record, person.skills, past, person.past.vectors)


def _stored(engine: Engine, ids: I64) -> Asked:
    slots = engine.catalog.slots(ids)
    views = [engine.catalog.job(int(slot)) for slot in slots]
    return Asked(ids.tolist(), views, engine.index.vectors(ids)[1], engine.catalog.columns(slots))


def _sent(engine: Engine, request: ScoreRequest) -> Asked:
    """Encoded one by one: the vector of a posting must not depend on what was sent beside it."""
    records = [mapping.job_record(d) for d in request.jobs]
    encoded: list[EncodedJob] = [encode_with_facts(engine.bundle, [r])[0] for r in records]
    places = [engine.bundle.transform.job_places(r) for r in records]
    columns = job_columns(records, places, [e.facts.demands for e in encoded], engine.catalog.company_codes())
    vectors = np.stack([e.vector for e in encoded]) if encoded else np.zeros((0, 256), np.float32)
    views = [
        JobView(r.title, r.remote, e.facts.skills, e.facts.places)
        for r, e in zip(records, encoded, strict=True)
    ]
    return Asked([r.job_id for r in records], views, vectors, columns)


def _scored(
    engine: Engine, person: Person, asked: Asked, request: ScoreRequest, now: datetime
) -> list[ScoredJob]:
    if not asked.ids:
        return []
    similarities = asked.vectors @ person.vector
    scores: Sequence[float] = engine.bundle.calibration.probability(similarities).tolist()
    said: Sequence[Match | None] = [None] * len(asked.ids)
    if engine.bundle.match is not None:
        compared = pairs(person, asked.columns, asked.vectors, now)
        scores = engine.bundle.match.interests(compared.x).value.tolist()
        said = _matches(engine, person, compared, request)
    explainer = explainer_of(engine, person)
    return [
        ScoredJob(
            job_id=job_id,
            rank=i + 1,
            score=scores[i],
            similarity=float(similarities[i]),
            propensity=1.0,
            reasons=explainer.reasons(job_id, asked.views[i], asked.vectors[i]),
            match=said[i],
        )
        for i, job_id in enumerate(asked.ids)
    ]


def _matches(engine: Engine, person: Person, compared: Pairs, request: ScoreRequest) -> list[Match]:
    raised = None
    if request.counterfactuals:
        raises = Raises(engine, person, request.bar)
        raised = [
            raises.of(compared.columns.demands.row(i), compared.rows[i], request.counterfactuals)
            for i in range(len(compared.rows))
        ]
    return matches(
        engine,
        person,
        compared,
        ledgers=0 if request.explain else None,
        snapshots=request.snapshots,
        counterfactuals=raised,
    )
