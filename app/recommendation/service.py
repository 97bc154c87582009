"""Recommendations: one call to the serving layer, a baseline when it fails, and the log of what was shown."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.job import service as jobs
from app.job.schemas import JobSummary
from app.kit.ids import uuid7
from app.kit.timing import record, stage
from app.recommendation import baseline, repository
from app.recommendation.matching import Matching
from app.recommendation.repository import Ranked
from app.recommendation.schemas import Recommendation, RecommendationQuery, RecommendationsAnswer
from serving.schemas import Filters, RecommendRequest, RecommendResponse, ScoredJob, UserDocument

#: Asked for beyond the limit, to make up for postings that closed in the seconds before the index hears of
#: it. Each costs a place, reasons and a join, so they are few.
SPARE = 5
MOST = 200


async def recommend(
    session: AsyncSession, matching: Matching, user_id: int, query: RecommendationQuery
) -> RecommendationsAnswer:
    """At most `query.limit` active postings, best first; each is logged as an impression."""
    with stage("profile"):
        user, exclude = await repository.known(session, user_id, seen_too=query.exclude_seen)
        await release(session)  # no connection is held while another process works
    wanted = min(query.limit + SPARE, MOST)
    with stage("serving"):
        answer = await matching.recommend(request_of(user, query, exclude, wanted))
    said: dict[int, ScoredJob] = {}
    if answer is not None:
        ranked, release_id = _ranked(answer), answer.release_id
        said = {item.job_id: item for item in answer.items}
    else:
        with stage("baseline"):
            ranked = await _baseline(session, user, query, exclude, wanted)
        release_id = baseline.RELEASE_ID
    request_id = uuid7()
    with stage("show"):
        rows = await repository.show(
            session, user_id, ranked, limit=query.limit, request_id=request_id, release_id=release_id
        )
    scores = {item.job_id: item.score for item in ranked}
    results = [
        _told(JobSummary.of_row(row), rank, scores[row.id], said.get(row.id))
        for rank, row in enumerate(rows, 1)
    ]
    return RecommendationsAnswer(
        results=results,
        degraded=answer is None,
        release_id=release_id,
        match_version="" if answer is None else answer.match_version,
        request_id=request_id,
    )


async def recommend_to_guest(
    session: AsyncSession, matching: Matching, user: UserDocument, query: RecommendationQuery
) -> RecommendationsAnswer:
    """As `recommend`, for somebody without an account: there is nobody whose impression could be logged."""
    await release(session)
    wanted = min(query.limit + SPARE, MOST)
    with stage("serving"):
        answer = await matching.recommend(request_of(user, query, (), wanted))
    said = {} if answer is None else {item.job_id: item for item in answer.items}
    ranked = _ranked(answer) if answer else await _baseline(session, user, query, (), wanted)
    found = await jobs.summaries(session, [item.job_id for item in ranked])
    shown = [item for item in ranked if item.job_id in found and found[item.job_id].status == "active"]
    results = [
        _told(found[item.job_id], rank, item.score, said.get(item.job_id))
        for rank, item in enumerate(shown[: query.limit], 1)
    ]
    return RecommendationsAnswer(
        results=results,
        degraded=answer is None,
        release_id=answer.release_id if answer else baseline.RELEASE_ID,
        request_id=uuid7(),
    )


def _told(job: JobSummary, rank: int, score: float, said: ScoredJob | None) -> Recommendation:
    reasons = list(said.reasons) if said else []
    return Recommendation(
        job=job, rank=rank, score=score, reasons=reasons, match=said.match if said else None
    )


def request_of(
    user: UserDocument, query: RecommendationQuery, exclude: Sequence[int], limit: int
) -> RecommendRequest:
    """What the serving layer is asked for this page."""
    filters = Filters(
        remote=query.remote,
        job_types=query.job_type,
        near=query.near,
        radius_km=query.radius_km,
        salary_min=query.salary_min,
    )
    return RecommendRequest(
        user=user,
        limit=limit,
        filters=filters,
        exclude=tuple(exclude),
        explain=query.explain,
        snapshots=query.receipts,
        diversity=query.diversity,
        freshness=query.freshness,
    )


def _ranked(answer: RecommendResponse) -> list[Ranked]:
    for name, milliseconds in answer.stages_ms.items():
        record(f"serving.{name}", milliseconds)
    return [
        Ranked(item.job_id, item.score, item.propensity, item.release_id)
        for item in sorted(answer.items, key=lambda item: item.rank)
    ]


async def _baseline(
    session: AsyncSession, user: UserDocument, query: RecommendationQuery, exclude: Sequence[int], limit: int
) -> list[Ranked]:
    """Its order is certain, so every place has propensity 1."""
    found = await baseline.recommend(session, user, query, exclude, limit)
    return [Ranked(item.job_id, item.score, 1.0) for item in found]
