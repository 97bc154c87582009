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
    explain: bool = Field(default=True, description="with the weightiest rows of each number's ledger")
    diversity: float = Field(
        default=0.5, ge=0, le=1, description="0: by interest alone; 1: one posting of a company on a page"
    )
    freshness: float = Field(
        default=0.0, ge=0, le=3, description="logits of interest a posting loses in its first month"
    )
    receipts: bool = Field(default=False, description="with a signed receipt for each posting")


class Recommendation(Answer):
    job: JobSummary
    rank: int
    score: float = Field(description="probability of engagement; in a degraded answer only an order")
    reasons: list[Reason]
    match: Match | None = Field(
        None, description="fit and interest with their evidence; absent where the release has no such model"
    )
    receipt_id: uuid.UUID | None = Field(None, description="if asked for, where there is something to replay")


class RecommendationsAnswer(Answer):
    """`degraded`: the matching service did not answer, so a simpler ranking from the database did."""

    results: list[Recommendation]
    degraded: bool
    release_id: str
    match_version: str = Field("", description="names the weights of the two numbers")
    request_id: uuid.UUID = Field(description="to be sent along with the events that follow")
