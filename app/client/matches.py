"""Matches, recommendations, and why a posting is none of them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.client.base import Abstention, Given, Need, Number, RowKind, Stage, Status
from app.client.jobs import JobSummary


class Estimate(Given):
    """A probability with its 90 % interval."""

    value: float
    low: float
    high: float


class PostingSpan(Given):
    part: Literal["description", "title", "skills"]
    start: int
    end: int


class PersonSpan(Given):
    source: Literal["resume", "skills", "title", "profile", "history"]
    start: int = 0
    end: int = 0


class Edit(Given):
    kind: Literal["add_skill", "years", "degree", "certificate", "language"]
    value: str


class Counterfactual(Given):
    edit: Edit
    fit_before: float
    fit_after: float
    interest_before: float | None = None
    interest_after: float | None = None
    more_jobs: int | None = None
    bar: float = 0.5
    effort: Literal["none", "days", "weeks", "months", "years"]


class LedgerRow(Given):
    kind: RowKind
    label: str
    need: Need = ""
    status: Status = ""
    contribution: float
    loss: float = 0.0
    posting: list[PostingSpan] = Field(default_factory=list)
    person: list[PersonSpan] = Field(default_factory=list)


class Ledger(Given):
    number: Number
    logit: float
    rows: list[LedgerRow]


class Snapshot(Given):
    fit: dict[str, float] | None = None
    interest: list[float] | None = None


class Match(Given):
    fit: Estimate | None
    interest: Estimate | None
    abstained: dict[Number, Abstention] = Field(default_factory=dict)
    ledgers: list[Ledger] = Field(default_factory=list)
    counterfactuals: list[Counterfactual] = Field(default_factory=list)
    snapshot: Snapshot | None = None


class Reason(Given):
    kind: Literal["skill", "missing_skill", "place", "remote", "title", "history"]
    detail: str


class Recommendation(Given):
    job: JobSummary
    rank: int
    score: float
    reasons: list[Reason]
    match: Match | None = None
    receipt_id: UUID | None = None


class RecommendationsAnswer(Given):
    results: list[Recommendation]
    degraded: bool
    release_id: str
    match_version: str = ""
    request_id: UUID


class WhyNotStep(Given):
    stage: Stage
    passed: bool
    figures: dict[str, float] = Field(default_factory=dict)
    reason: str = ""
    would_help: str = ""


class WhyNotAnswer(Given):
    job_id: UUID
    stopped_at: Stage
    steps: list[WhyNotStep]
    release_id: str
