"""Wire shapes of recommendations and match scores."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.job.schemas import JobSummary, Text
from app.kit.schemas import Answer, RequestBody
from app.user.schemas import JobType, Money, Remote, Skill
from serving.schemas import Reason

ShortText = Annotated[str, StringConstraints(max_length=300)]


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


class RecommendationsAnswer(Answer):
    """`degraded`: the matching service did not answer, so a simpler ranking from the database did."""

    results: list[Recommendation]
    degraded: bool
    release_id: str
    request_id: uuid.UUID = Field(description="to be sent along with the events that follow")


class ProfileIn(RequestBody):
    """A seeker who need not have an account."""

    desired_title: ShortText = ""
    resume_text: Text = ""
    skills: tuple[Skill, ...] = Field(default=(), max_length=200)
    location: ShortText = ""
    remote: Remote = "unspecified"
    experience_years: float | None = Field(default=None, ge=0, le=80)
    salary_min: Money | None = None


class PostingIn(RequestBody):
    """A posting that need not be stored here. `id` is yours and comes back with the score."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    company: ShortText = ""
    description: Text = ""
    skills: tuple[Skill, ...] = Field(default=(), max_length=200)
    location: ShortText = ""
    remote: Remote = "unspecified"
    job_type: JobType | Literal[""] = ""
    salary_min: Money | None = Field(default=None, description="annual")
    salary_max: Money | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""


class ScoreBody(RequestBody):
    """`profile` left out: your own. At least one posting, by id or sent along."""

    profile: ProfileIn | None = None
    job_ids: tuple[uuid.UUID, ...] = Field(default=(), max_length=100)
    jobs: tuple[PostingIn, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def something_to_score(self) -> Self:
        if not self.job_ids and not self.jobs:
            raise ValueError("give job_ids or jobs")
        if len({job.id for job in self.jobs}) < len(self.jobs):
            raise ValueError("ids of jobs must differ")
        return self


class Score(Answer):
    id: str = Field(description="the posting's id, or the one you sent along")
    score: float
    similarity: float
    reasons: list[Reason]


class ScoresAnswer(Answer):
    """Best first."""

    results: list[Score]
    unknown_job_ids: list[uuid.UUID]
    release_id: str
