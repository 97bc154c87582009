"""Wire shapes of a profile."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.kit.schemas import Answer, RequestBody

Remote = Literal["on-site", "hybrid", "remote", "unspecified"]
JobType = Literal["full-time", "part-time", "contract", "internship", "temporary", "other"]
Currency = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")]
Money = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Skill = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
#: Fields of a profile that may be cleared with null; elsewhere null is an error.
NULLABLE = frozenset({"experience_years", "salary_min", "salary_max"})


class ProfileAnswer(Answer):
    id: uuid.UUID
    email: str
    full_name: str
    desired_title: str
    skills: list[str]
    location: str
    remote: Remote
    job_types: list[JobType]
    experience_years: float | None
    salary_min: float | None = Field(description="annual, in salary_currency")
    salary_max: float | None
    salary_currency: str
    bio: str
    resume_text: str
    training_opt_out: bool
    created_at: datetime
    updated_at: datetime


class ProfilePatch(RequestBody):
    """Only the fields that are sent change. `skills` replaces the whole list."""

    full_name: str | None = Field(None, max_length=200)
    desired_title: str | None = Field(None, max_length=300)
    skills: tuple[Skill, ...] | None = Field(None, max_length=200)
    location: str | None = Field(None, max_length=300)
    remote: Remote | None = None
    job_types: tuple[JobType, ...] | None = Field(None, max_length=6)
    experience_years: float | None = Field(None, ge=0, le=80, allow_inf_nan=False)
    salary_min: Money | None = None
    salary_max: Money | None = None
    salary_currency: Currency | None = None
    bio: str | None = Field(None, max_length=500)
    resume_text: str | None = Field(None, max_length=60_000)
    training_opt_out: bool | None = Field(None, description="leave my data out of model training")

    @model_validator(mode="after")
    def nulls_only_where_they_mean_something(self) -> Self:
        wrong = sorted(name for name in self.model_fields_set - NULLABLE if getattr(self, name) is None)
        if wrong:
            raise ValueError("must not be null: " + ", ".join(wrong))
        return self
