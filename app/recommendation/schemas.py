"""Wire shapes of recommendations."""

from __future__ import annotations

import uuid

from pydantic import Field

from app.job.schemas import JobSummary
from app.kit.schemas import Answer, RequestBody
from app.user.schemas import JobType, Remote
from serving.match_schemas import Match
from serving.schemas import Reason


class RecommendationQuery(RequestBody):
    limit: int = Field(default=20, ge=1, le=100)
    remote: tuple[Remote, ...] = ()
    job_type: tuple[JobType, ...] = ()
    near: str = Field(default="", max_length=200, description="place name")
    radius_km: float = Field(default=50.0, gt=0, le=20_000)
    salary_min: float | None = Field(default=None, ge=0, le=1e9, description="annual")
    exclude_seen: bool = Field(default=False, description="leave out what was opened, saved or shown before")


class Recommendation(Answer):
    job: JobSummary
    rank: int
    score: float = Field(description="probability of engagement; in a degraded answer only an order")
    reasons: list[Reason]
    match: Match | None = Field(
        None, description="fit and interest with their evidence; absent where the release has no such model"
    )


class RecommendationsAnswer(Answer):
    """`degraded`: the matching service did not answer, so a simpler ranking from the database did."""

    results: list[Recommendation]
    degraded: bool
    release_id: str
    request_id: uuid.UUID = Field(description="to be sent along with the events that follow")
