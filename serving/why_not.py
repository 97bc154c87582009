"""Why a posting is not on somebody's page: the stages one after another, and what would let it pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime
from typing import get_args

import numpy as np

from features.job_columns import JobColumns
from features.records import Remote, UserRecord
from features.tabular import REMOTE
from serving import mapping
from serving.catalog import Conditions
from serving.engine import Engine
from serving.ledgers import interest_label
from serving.match_schemas import Stage, WhyNotResponse, WhyNotStep
from serving.matching import match_model
from serving.pairs import Pairs, pairs
from serving.person import Person, person_of
from serving.policy import POOL_PAGES, diversify, reposts
from serving.ranking import Ranked, pool_size, rank
from serving.retrieval import Candidates, search
from serving.schemas import WhyNotRequest

#: How far down retrieval is looked through to tell a rank; beyond, only the similarity is told.
DEEPEST = 5_000
_CONDITIONS = {
    "remote": "kind of remote work",
    "job_types": "kind of contract",
    "countries": "country",
    "near": "distance",
    "salary_usd": "lowest pay",
    "posted_after": "age",
}


def why_not(engine: Engine, person: Person, request: WhyNotRequest, now: datetime) -> WhyNotResponse:
    """Raises UnknownPlaceError. The same stages, with the same figures, as `Recommender.recommend` without
    its exploring position."""
    steps = list(_steps(engine, person, request, now))
    stopped: Stage = next((step.stage for step in steps if not step.passed), "shown")
    return WhyNotResponse(
        job_id=request.job_id, stopped_at=stopped, steps=tuple(steps), release_id=engine.release.release_id
    )


def _steps(engine: Engine, person: Person, request: WhyNotRequest, now: datetime) -> Iterator[WhyNotStep]:
    ids = np.array([request.job_id], np.int64)
    if engine.index.rows_of(ids)[0] < 0:
        yield _failed("unknown", "the posting is closed, or not in the index yet")
        return
    yield WhyNotStep(stage="unknown", passed=True)
    left_out = person.dismissed.union(request.exclude)
    if request.job_id in left_out:
        yield _failed(
            "dismissed",
            "you dismissed, applied to or excluded it",
            "taking the dismissal back by opening or saving it",
        )
        return
    yield WhyNotStep(stage="dismissed", passed=True)
    conditions = mapping.conditions(request.filters, engine.bundle.transform)
    failed = failing(engine, request.job_id, conditions)
    if failed:
        names = ", ".join(failed)
        yield _failed("filters", f"a filter leaves it out: {names}", f"without the filter on {names}")
        return
    yield WhyNotStep(stage="filters", passed=True)
    yield from _ranked_steps(engine, person, request, conditions, left_out, now)


def failing(engine: Engine, job_id: int, conditions: Conditions) -> list[str]:
    """The conditions that a posting does not meet, in words."""
    out = []
    for field in fields(Conditions):
        value = getattr(conditions, field.name)
        if field.name not in _CONDITIONS or value in ((), None):
            continue
        alone = replace(Conditions(radius_km=conditions.radius_km), **{field.name: value})
        allowed, generation = engine.catalog.mask(alone, engine.index)
        row = int(engine.index.rows_of(np.array([job_id], np.int64), generation=generation)[0])
        if row < 0 or row >= len(allowed) or not allowed[row]:
            out.append(_CONDITIONS[field.name])
    return out


def _ranked_steps(
    engine: Engine,
    person: Person,
    request: WhyNotRequest,
    conditions: Conditions,
    left_out: frozenset[int],
    now: datetime,
) -> Iterator[WhyNotStep]:
    pool = pool_size(engine, request.limit)
    deep = search(engine, person.vector, max(DEEPEST, pool), conditions, left_out)
    at = np.flatnonzero(deep.ids == request.job_id)
    vector = engine.index.vectors(np.array([request.job_id], np.int64))[1]
    figures = {
        "similarity": float((vector[0] * person.vector).sum()),
        "cut": float(deep.similarities[min(pool, len(deep.ids)) - 1]) if len(deep.ids) else 0.0,
        "candidates": float(pool),
    }
    if len(at):
        figures["rank"] = float(at[0] + 1)
    if not len(at) or at[0] >= pool:
        yield _failed(
            "retrieval",
            f"{pool} other postings resemble your profile more",
            "a title, skills or a place nearer to this posting",
            figures,
        )
        return
    yield WhyNotStep(stage="retrieval", passed=True, figures=figures)
    candidates = Candidates(deep.ids[:pool], deep.slots[:pool], deep.similarities[:pool])
    ranked = rank(engine, person, candidates, request.freshness, now)
    yield from _page_steps(engine, person, request, ranked, now)


def _page_steps(
    engine: Engine, person: Person, request: WhyNotRequest, ranked: Ranked, now: datetime
) -> Iterator[WhyNotStep]:
    place = int(np.flatnonzero(ranked.ids == request.job_id)[0])
    again = reposts(engine.index.vectors(ranked.ids)[1][: POOL_PAGES * request.limit])
    companies = engine.catalog.companies(ranked.slots).tolist()
    order = diversify(companies, request.limit, again, strength=request.diversity)
    shown = order.index(place)
    figures = {"rank": float(place + 1), "shown_at": float(shown + 1), "page": float(request.limit)}
    if shown < request.limit:
        yield WhyNotStep(stage="ranking", passed=True, figures=figures)
        yield WhyNotStep(stage="diversity", passed=True, figures=figures)
        return
    if place < request.limit:
        yield WhyNotStep(stage="ranking", passed=True, figures=figures)
        repeated = place < len(again) and again[place]
        reason = "it repeats a posting above it" if repeated else "its company has enough on the page"
        yield _failed("diversity", reason, "less diversity, or a longer page", figures)
        return
    last = order[request.limit - 1]
    figures |= {"interest": float(ranked.scores[place]), "interest_of_last_shown": float(ranked.scores[last])}
    reason, helps = f"{place} postings interest you more", "a longer page"
    if ranked.pairs is not None:
        weakest = _weakest(engine, person, ranked, place, last)
        reason = f"{reason}; against the last one shown it loses most by: {weakest}"
        helps = _helps(engine, person, ranked, place, request, float(ranked.order[last]), now) or helps
    yield _failed("ranking", reason, helps, figures)


def _weakest(engine: Engine, person: Person, ranked: Ranked, place: int, last: int) -> str:
    """The group in which the posting falls behind the last one shown by most logits."""
    model, compared = match_model(engine), ranked.pairs
    assert compared is not None and person.seeker is not None  # noqa: S101, PT018
    both = model.contributions(compared.x[[place, last]])
    group = model.groups[int(np.argmin(both[0] - both[1]))]
    return interest_label(group, compared.columns, place, person.seeker, compared.x[place])


def _helps(
    engine: Engine,
    person: Person,
    ranked: Ranked,
    place: int,
    request: WhyNotRequest,
    bar: float,
    now: datetime,
) -> str:
    """The first change of a wish with which the posting would pass the last one shown, in words."""
    assert ranked.pairs is not None  # noqa: S101
    columns = ranked.pairs.columns.take(np.array([place]))
    for words, record in _wishes(person, columns):
        edited = person_of(engine, record, person.dismissed, now)
        vector = engine.index.vectors(np.array([request.job_id], np.int64))[1]
        compared: Pairs = pairs(edited, columns, vector, now)
        if float(match_model(engine).interest_logit(compared.x)[0]) >= bar:
            return words
    return ""


def _wishes(person: Person, columns: JobColumns) -> Iterator[tuple[str, UserRecord]]:
    record, modes = person.record, get_args(Remote)
    mode = next(m for m in modes if m == REMOTE[columns.remote[0]])
    if record.remote != mode and mode != "unspecified":
        yield f"looking for {mode} work", replace(record, remote=mode)
    pay = float(columns.salary[0])
    if record.salary_min is not None and not np.isnan(pay) and pay < record.salary_min:
        yield f"a lowest pay of {pay:,.0f} US dollars", replace(record, salary_min=pay)


def _failed(
    stage: Stage, reason: str, helps: str = "", figures: dict[str, float] | None = None
) -> WhyNotStep:
    return WhyNotStep(
        stage=stage, passed=False, figures=figures or {}, reason=reason[:300], would_help=helps[:300]
    )
