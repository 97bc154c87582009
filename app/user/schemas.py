"""Wire shapes of a profile."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

import phonenumbers
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.kit.plaintext import plain_text
from app.kit.schemas import Answer, RequestBody
from app.user.documents import NotificationPatch, NotificationPreferences, PrivacyPatch, PrivacySettings

Remote = Literal["on-site", "hybrid", "remote", "unspecified"]
JobType = Literal["full-time", "part-time", "contract", "internship", "temporary", "other"]
Interval = Literal["year", "month", "week", "day", "hour"]
Education = Literal["", "none", "high-school", "vocational", "associate", "bachelor", "master", "doctorate"]
SkillLevel = Literal["", "beginner", "intermediate", "advanced", "expert"]
Currency = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")]
Money = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2, allow_inf_nan=False)]
Skill = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Place = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
MAX_SKILLS = 200
#: Fields of a profile that may be cleared with null; elsewhere null is an error.
NULLABLE = frozenset(
    {"experience_years", "salary_min", "salary_max", "salary_expectation_min", "salary_expectation_max"}
)
#: Two names of one thing: what the API calls it now, and its column.
SAME = {"preferred_job_types": "job_types"}


def e164(text: str) -> str:
    """+ and digits only. Raises ValueError for what is no phone number with its country code."""
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise ValueError("a phone number begins with + and the country code") from None
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no such phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(e164)]
Plain = AfterValidator(plain_text)


class SkillDetail(Answer):
    name: str
    level: SkillLevel
    years: float | None
    last_used: date | None
    source: Literal["stated", "parsed", "inferred"]
    evidence: str = Field(description="what a parser read in the resume")
    evidence_start: int | None
    evidence_end: int | None


class SkillIn(RequestBody):
    name: Skill
    level: SkillLevel = ""
    years: float | None = Field(None, ge=0, le=70, allow_inf_nan=False)
    last_used: date | None = Field(None, ge=date(1950, 1, 1), le=date(2100, 1, 1))


class SkillsRequest(RequestBody):
    skills: tuple[SkillIn, ...] = Field(max_length=MAX_SKILLS)


class ProfileAnswer(Answer):
    id: uuid.UUID
    email: str
    full_name: str
    desired_title: str
    skills: list[str]
    skill_details: list[SkillDetail]
    location: str
    remote: Remote
    job_types: list[JobType]
    preferred_job_types: list[JobType] = Field(description="the same as `job_types`")
    preferred_locations: list[str]
    experience_years: float | None
    education_level: Education
    salary_min: float | None = Field(description="annual, in salary_currency")
    salary_max: float | None
    salary_currency: str
    salary_interval: Interval = Field(description="of the two expectations")
    salary_expectation_min: float | None
    salary_expectation_max: float | None
    bio: str
    resume_text: str
    phone_number: str = Field(description="E.164")
    avatar_url: str = Field(description="empty without a picture")
    notification_preferences: NotificationPreferences
    privacy_settings: PrivacySettings
    training_opt_out: bool
    last_active: datetime | None
    created_at: datetime
    updated_at: datetime


class ProfilePatch(RequestBody):
    """Only the fields that are sent change. `skills` replaces the whole list.

    An expectation is in `salary_interval`, `salary_min` and `salary_max` are the same per year: send one of
    the two forms. A new `salary_interval` alone converts what is there.
    """

    full_name: Annotated[str, Plain] | None = Field(None, max_length=200)
    desired_title: str | None = Field(None, max_length=300)
    skills: tuple[Skill, ...] | None = Field(None, max_length=MAX_SKILLS)
    location: str | None = Field(None, max_length=100)
    remote: Remote | None = None
    job_types: tuple[JobType, ...] | None = Field(None, max_length=6)
    preferred_job_types: tuple[JobType, ...] | None = Field(None, max_length=6)
    preferred_locations: tuple[Place, ...] | None = Field(None, max_length=20)
    experience_years: float | None = Field(None, ge=0, le=70, allow_inf_nan=False)
    education_level: Education | None = None
    salary_min: Money | None = None
    salary_max: Money | None = None
    salary_currency: Currency | None = None
    salary_interval: Interval | None = None
    salary_expectation_min: Amount | None = None
    salary_expectation_max: Amount | None = None
    bio: Annotated[str, Plain] | None = Field(None, max_length=500, description="markup is removed")
    resume_text: str | None = Field(None, max_length=60_000)
    phone_number: Phone | None = None
    notification_preferences: NotificationPatch | None = None
    privacy_settings: PrivacyPatch | None = None
    training_opt_out: bool | None = Field(
        None, description="leave my data out of model training; the same as in `privacy_settings`"
    )

    @model_validator(mode="after")
    def nulls_only_where_they_mean_something(self) -> Self:
        wrong = sorted(name for name in self.model_fields_set - NULLABLE if getattr(self, name) is None)
        if wrong:
            raise ValueError("must not be null: " + ", ".join(wrong))
        return self

    @model_validator(mode="after")
    def one_name_for_one_thing(self) -> Self:
        for one, other in (
            *SAME.items(),
            *((f"salary_expectation_{e}", f"salary_{e}") for e in ("min", "max")),
        ):
            if {one, other} <= self.model_fields_set:
                raise ValueError(f"{one} and {other} are the same: send one of them")
        settings = self.privacy_settings
        given: set[Any] = {self.training_opt_out, settings.training_opt_out if settings else None} - {None}
        if len(given) > 1:
            raise ValueError("training_opt_out is sent twice with different values")
        return self
