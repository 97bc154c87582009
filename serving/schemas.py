"""The wire contract between the app and the serving layer: pydantic models and nothing else.

`JobDocument` and `UserDocument` carry facts, never features: what a model reads is decided by the
release that answers, so the app does not change when the model does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from serving.match_schemas import Match
from serving.wire import Wire

Remote = Literal["on-site", "hybrid", "remote", "unspecified"]
EventKind = Literal["impression", "view", "save", "apply", "dismiss"]
JobId = Annotated[int, Field(ge=0, le=2**63 - 1, description="BIGINT key of the posting")]


class JobDocument(Wire):
    job_id: JobId
    title: str = Field(max_length=300)
    company: str = Field(default="", max_length=300)
    description: str = Field(default="", max_length=60_000)
    skills: tuple[str, ...] = Field(default=(), max_length=200)
    location: str = Field(default="", max_length=300)
    remote: Remote = "unspecified"
    job_type: str = Field(default="", max_length=20)
    salary_min: float | None = Field(default=None, ge=0, description="annual, in currency")
    salary_max: float | None = Field(default=None, ge=0, description="annual, in currency")
    currency: str = Field(default="", max_length=3)
    posted_at: datetime | None = None


class HistoryItem(Wire):
    job_id: JobId
    kind: EventKind
    at: datetime


class UserDocument(Wire):
    """`history` holds the newest events, which the feature store may not know yet; duplicates are fine."""

    user_id: int
    desired_title: str = Field(default="", max_length=300)
    resume_text: str = Field(default="", max_length=60_000)
    skills: tuple[str, ...] = Field(default=(), max_length=500)
    location: str = Field(default="", max_length=300)
    remote: Remote = "unspecified"
    experience_years: float | None = Field(default=None, ge=0, le=80)
    salary_min: float | None = Field(default=None, ge=0)
    history: tuple[HistoryItem, ...] = Field(default=(), max_length=500)


class Filters(Wire):
    """Hard conditions. An empty field does not filter."""

    remote: tuple[Remote, ...] = ()
    job_types: tuple[str, ...] = ()
    countries: tuple[str, ...] = Field(default=(), description="ISO 3166-1 alpha-2")
    near: str = Field(default="", max_length=300, description="place name: keeps postings within radius_km")
    radius_km: float = Field(default=50.0, gt=0, le=20_000)
    salary_min: float | None = Field(default=None, ge=0)
    posted_after: datetime | None = None


class RecommendRequest(Wire):
    user: UserDocument
    limit: int = Field(default=20, ge=1, le=200)
    filters: Filters = Filters()
    exclude: tuple[JobId, ...] = Field(default=(), max_length=10_000)
    explain: bool = Field(default=True, description="with ledgers")
    snapshots: bool = Field(default=False, description="with what a receipt needs")
    diversity: float = Field(
        default=0.5, ge=0, le=1, description="0: order alone; 1: one posting of a company on a page"
    )
    freshness: float = Field(
        default=0.0, ge=0, le=3, description="logits that a posting loses by the end of its first month"
    )


class Reason(Wire):
    """One piece of evidence, e.g. kind "skill" with detail "Python" and whether the user has it."""

    kind: Literal["skill", "missing_skill", "place", "remote", "title", "history"]
    detail: str


class ScoredJob(Wire):
    job_id: JobId
    rank: int = Field(ge=1)
    score: float = Field(ge=0, le=1, description="calibrated probability of engagement")
    similarity: float = Field(description="dot product of the two 256-d unit vectors")
    propensity: float = Field(gt=0, le=1, description="chance that the policy put this job here")
    reasons: tuple[Reason, ...] = ()
    match: Match | None = Field(default=None, description="absent where the release has no match model")
    release_id: str = Field(default="", description="what to log it under, if not the answer's release")


class RecommendResponse(Wire):
    items: tuple[ScoredJob, ...]
    release_id: str
    match_version: str = Field(default="", description="names the weights of the two numbers")
    stages_ms: dict[str, float] = Field(default_factory=dict, description="milliseconds spent per stage")


class ScoreRequest(Wire):
    """One user against stored postings (`job_ids`) and/or postings sent along (`jobs`)."""

    user: UserDocument
    job_ids: tuple[JobId, ...] = Field(default=(), max_length=1000)
    jobs: tuple[JobDocument, ...] = Field(default=(), max_length=100)
    explain: bool = Field(default=True, description="with ledgers")
    counterfactuals: int = Field(default=0, ge=0, le=10, description="at most so many a posting")
    snapshots: bool = Field(default=False, description="with what a receipt needs")
    bar: float = Field(default=0.5, gt=0, lt=1, description="the fit that counterfactuals count postings by")


class ScoreResponse(Wire):
    items: tuple[ScoredJob, ...]
    unknown_job_ids: tuple[JobId, ...] = ()
    release_id: str
    match_version: str = Field(default="", description="names the weights of the two numbers")


class WhyNotRequest(Wire):
    """Where a posting is lost on its way to the page that `recommend` would give for the same question."""

    user: UserDocument
    job_id: JobId
    limit: int = Field(default=20, ge=1, le=200)
    filters: Filters = Filters()
    exclude: tuple[JobId, ...] = Field(default=(), max_length=10_000)
    diversity: float = Field(default=0.5, ge=0, le=1)
    freshness: float = Field(default=0.0, ge=0, le=3)


class SimilarRequest(Wire):
    job_id: JobId
    limit: int = Field(default=10, ge=1, le=100)


class EmbedRequest(Wire):
    jobs: tuple[JobDocument, ...] = Field(default=(), max_length=100)
    users: tuple[UserDocument, ...] = Field(default=(), max_length=100)


class EmbedResponse(Wire):
    jobs: tuple[tuple[float, ...], ...] = ()
    users: tuple[tuple[float, ...], ...] = ()
    release_id: str


class UpsertRequest(Wire):
    jobs: tuple[JobDocument, ...] = Field(max_length=500)


class DeleteRequest(Wire):
    job_ids: tuple[JobId, ...] = Field(max_length=10_000)


class ChangeResponse(Wire):
    """Acknowledged: durable, and visible to every worker within two seconds."""

    changed: int
    sequence: int = Field(description="position in the serving layer's change log")


class UserEvent(Wire):
    event_id: str = Field(max_length=64, description="idempotency key: the same id is applied once")
    user_id: int
    job_id: JobId
    kind: EventKind
    at: datetime


class EventsRequest(Wire):
    events: tuple[UserEvent, ...] = Field(max_length=1000)


class EventsResponse(Wire):
    applied: int


class ForgetRequest(Wire):
    """Everything the feature store knows of these users' behaviour is deleted."""

    user_ids: tuple[int, ...] = Field(min_length=1, max_length=1000)


class ForgetResponse(Wire):
    """Repeatable: a second call finds nothing."""

    deleted: dict[str, int] = Field(description="rows per table; online: users")


class StateResponse(Wire):
    release_id: str
    encoder_version: str
    jobs: int
    sequence: int
    index_kind: str
    started_at: datetime
    worker: str = Field(default="", description="which process answered: host and process id")
    refused: str = Field(default="", description="why the release named by CHAMPION does not answer, if so")
    released_at: datetime | None = None
    figures: dict[str, float] = Field(
        default_factory=dict, description="what its gates saw: ndcg, best_baseline_ndcg, ece, users, ..."
    )
