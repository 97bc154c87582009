"""What a simulated market is made of: sizes, period, the latent preferences and the logged policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

POLICY_RELEASE_ID = "market-policy-v1"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Preferences(_Frozen):
    """Weights of the latent utility; the formula stands in the docstring of `training.market`."""

    coverage: float = 2.0
    nice_share: float = Field(default=0.35, ge=0, le=1, description="a must weighs 1")
    occupation: float = 3.0
    distance: float = 3.0
    distance_km: float = Field(default=60.0, gt=0, description="scale of the distance penalty")
    abroad: float = 0.5
    remote: float = 1.2
    remote_drift: float = Field(default=0.5, description="growth of the weight over the period")
    salary: float = 1.3
    salary_hidden: float = 0.15
    level_above: float = 1.0
    level_below: float = 0.6
    freshness: float = 0.5
    taste: float = 1.2
    reputation: float = 0.3
    social: float = 0.12
    noise: float = Field(default=0.5, ge=0, description="standard deviation of the lasting noise of a pair")
    view_slope: float = 2.0
    view_threshold: float = 3.0
    save_threshold: float = 4.0
    apply_threshold: float = 4.8
    dismiss_rate: float = Field(default=0.06, ge=0, le=1)
    examination_power: float = Field(default=0.45, ge=0, description="P(examined at rank r) = r ** -power")


class Policy(_Frozen):
    """The logged policy: every slot draws one of three rankers, which draws a posting not yet shown."""

    popularity: float = Field(default=0.15, ge=0)
    content: float = Field(default=0.65, ge=0)
    uniform: float = Field(default=0.2, gt=0, description="kept above zero so that every propensity is")
    content_occupation: float = 6.0
    content_skills: float = 3.0
    content_place: float = 2.5
    popularity_views: float = 0.8
    popularity_age_days: float = Field(default=10.0, gt=0)
    slots: int = Field(default=10, ge=1, le=50)
    second_page: float = Field(default=0.2, ge=0, le=1, description="share of sessions seeing twice as many")
    candidate_pool: int = Field(default=4096, ge=50, description="postings looked at per batch")

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        if abs(self.popularity + self.content + self.uniform - 1.0) > 1e-9:
            raise ValueError("popularity, content and uniform must sum to 1")
        return self


class MarketConfig(_Frozen):
    """One market. `end` is where the log stops (UTC midnight); postings may close after it.

    Raises pydantic.ValidationError for a size below one, an unknown field or a period without days.
    """

    seed: int = Field(default=7, ge=0)
    end: AwareDatetime = datetime(2026, 6, 1, tzinfo=UTC)
    days: int = Field(default=120, ge=2, le=3650, description="length of the logged period")
    backlog_days: int = Field(default=45, ge=0, description="postings already open when the log starts")
    companies: int = Field(ge=1)
    postings: int = Field(ge=1)
    seekers: int = Field(ge=1)
    sessions: float = Field(default=7.0, gt=0, description="mean sessions of a seeker present all the time")
    families: tuple[str, ...] = Field(default=(), description="families of occupations; empty = all")
    countries: tuple[str, ...] = Field(default=(), description="country codes of the table; empty = all")
    preferences: Preferences = Preferences()
    policy: Policy = Policy()

    @field_validator("end")
    @classmethod
    def _utc_midnight(cls, value: datetime) -> datetime:
        value = value.astimezone(UTC)
        if value != value.replace(hour=0, minute=0, second=0, microsecond=0):
            raise ValueError("end must be midnight UTC")
        return value

    @property
    def start(self) -> datetime:
        """First moment of the logged period."""
        return self.end - timedelta(days=self.days)

    @classmethod
    def small(cls, seed: int = 7, **changes: Any) -> MarketConfig:
        """For tests: two seconds, and narrow enough (two countries, four trades) to have positives."""
        sizes = {"days": 60, "companies": 40, "postings": 300, "seekers": 150, "sessions": 10.0}
        narrow = {"families": ("software", "data", "health", "hospitality"), "countries": ("DE", "GB")}
        return cls(seed=seed, **(sizes | narrow | changes))

    @classmethod
    def demo(cls, seed: int = 7, **changes: Any) -> MarketConfig:
        """For `make run` and for comparing models."""
        return cls(seed=seed, **({"companies": 400, "postings": 6_000, "seekers": 2_500} | changes))

    @classmethod
    def large(cls, seed: int = 7, **changes: Any) -> MarketConfig:
        """For the streaming recipe: about three million impressions."""
        return cls(seed=seed, **({"companies": 10_000, "postings": 200_000, "seekers": 50_000} | changes))
