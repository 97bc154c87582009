"""Recommendations: one call to the serving layer, a baseline when it fails, and the log of what was shown."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.event import service as events
from app.job import service as jobs
from app.job.schemas import JobSummary
from app.kit.ids import uuid7
from app.kit.timing import record, stage
from app.orm import Job
from app.recommendation import baseline
from app.recommendation.matching import Matching
from app.recommendation.schemas import Recommendation, RecommendationQuery, RecommendationsAnswer
from app.user import service as users
from serving.schemas import Filters, Reason, RecommendRequest, RecommendResponse, UserDocument

#: Asked for beyond the limit, to make up for postings that closed since the index heard of them.
SPARE = 10
MOST = 200


@dataclass(frozen=True, slots=True)
class Ranked:
    job_id: int
    score: float
    propensity: float
    reasons: tuple[Reason, ...] = ()


async def recommend(
    session: AsyncSession, matching: Matching, user_id: int, query: RecommendationQuery
) -> RecommendationsAnswer:
    """At most `query.limit` active postings, best first; each is logged as an impression."""
    with stage("profile"):
        user = await users.document(session, user_id, await events.history(session, user_id))
        exclude = await events.not_to_show(session, user_id, seen_too=query.exclude_seen)
        await release(session)  # no connection is held while another process works
    wanted = min(query.limit + SPARE, MOST)
    with stage("serving"):
        answer = await matching.recommend(_request(user, query, exclude, wanted))
    if answer is not None:
        ranked, release_id = _ranked(answer), answer.release_id
    else:
        with stage("baseline"):
            ranked = await _baseline(session, user, query, exclude, wanted)
        release_id = baseline.RELEASE_ID
    with stage("hydrate"):
        rows = await jobs.active_by_id(session, [item.job_id for item in ranked])
        shown = [item for item in ranked if item.job_id in rows][: query.limit]
    with stage("log"):
        request_id = await _log(session, user_id, shown, release_id)
    return RecommendationsAnswer(
        results=[_answer(rows[item.job_id], rank, item) for rank, item in enumerate(shown, 1)],
        degraded=answer is None,
        release_id=release_id,
        request_id=request_id,
    )


def _request(
    user: UserDocument, query: RecommendationQuery, exclude: Sequence[int], limit: int
) -> RecommendRequest:
    filters = Filters(
        remote=query.remote,
        job_types=query.job_type,
        near=query.near,
        radius_km=query.radius_km,
        salary_min=query.salary_min,
    )
    return RecommendRequest(user=user, limit=limit, filters=filters, exclude=tuple(exclude))


def _ranked(answer: RecommendResponse) -> list[Ranked]:
    for name, milliseconds in answer.stages_ms.items():
        record(f"serving.{name}", milliseconds)
    return [
        Ranked(item.job_id, item.score, item.propensity, item.reasons)
        for item in sorted(answer.items, key=lambda item: item.rank)
    ]


async def _baseline(
    session: AsyncSession, user: UserDocument, query: RecommendationQuery, exclude: Sequence[int], limit: int
) -> list[Ranked]:
    """Its order is certain, so every place has propensity 1."""
    found = await baseline.recommend(session, user, query, exclude, limit)
    return [Ranked(item.job_id, item.score, 1.0) for item in found]


async def _log(session: AsyncSession, user_id: int, shown: Sequence[Ranked], release_id: str) -> uuid.UUID:
    request_id = uuid7()
    rows = [
        {
            "request_id": request_id,
            "user_id": user_id,
            "job_id": item.job_id,
            "rank": rank,
            "score": item.score,
            "propensity": item.propensity,
            "release_id": release_id,
        }
        for rank, item in enumerate(shown, 1)
    ]
    await events.log_impressions(session, rows)
    return request_id


def _answer(job: Job, rank: int, item: Ranked) -> Recommendation:
    return Recommendation(job=JobSummary.of(job), rank=rank, score=item.score, reasons=list(item.reasons))
