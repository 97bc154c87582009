"""Why a posting is not among the recommendations: where on its way to the page it was lost."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.job import service as jobs
from app.kit.schemas import Answer
from app.kit.timing import stage
from app.recommendation import repository, service
from app.recommendation.matching import Matching
from app.recommendation.schemas import RecommendationQuery
from serving.match_schemas import Stage, WhyNotStep
from serving.schemas import WhyNotRequest


class WhyNotAnswer(Answer):
    """The stages that the posting went through, in order. `stopped_at` is the first that it did not pass,
    `shown` if it stands on the page that the same query gives."""

    job_id: uuid.UUID
    stopped_at: Stage
    steps: list[WhyNotStep]
    release_id: str


async def trace(
    session: AsyncSession, matching: Matching, user_id: int, reference: str, query: RecommendationQuery
) -> WhyNotAnswer:
    """For the same query as the page's. Raises NotFoundError and GoneError as the posting itself does,
    InvalidInputError and MatchingUnavailableError."""
    job, _ = await jobs.read(session, reference, None)
    user, exclude = await repository.known(session, user_id, seen_too=query.exclude_seen)
    await release(session)
    page = service.request_of(user, query, exclude, query.limit)
    asked = {name: getattr(page, name) for name in WhyNotRequest.model_fields if hasattr(page, name)}
    with stage("serving"):
        found = await matching.why_not(WhyNotRequest(**asked, job_id=job.id))
    return WhyNotAnswer(
        job_id=job.public_id,
        stopped_at=found.stopped_at,
        steps=list(found.steps),
        release_id=found.release_id,
    )
