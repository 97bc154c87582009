"""Wire shapes of match scores."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.job.schemas import Text
from app.kit.schemas import Answer, RequestBody
from app.user.schemas import JobType, Money, Remote, Skill
from serving.schemas import Reason

ShortText = Annotated[str, StringConstraints(max_length=300)]


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
