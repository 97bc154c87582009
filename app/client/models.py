"""What is sent and what comes back, named as in the OpenAPI document.

What is sent is strict, so that a typo is an error here and not there. What comes back may have fields that
this version does not know: they are kept out of the way, not refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Purpose = Literal["seeker_guidance", "candidate_screening", "research"]
Band = Literal["strong", "good", "partial", "weak"]
Number = Literal["fit", "interest"]
Abstention = Literal["posting_says_too_little", "profile_says_too_little"]
Remote = Literal["on-site", "hybrid", "remote", "unspecified"]
JobType = Literal["full-time", "part-time", "contract", "internship", "temporary", "other"]
Stage = Literal["unknown", "filters", "dismissed", "retrieval", "ranking", "diversity", "shown"]
RowKind = Literal[
    "base",
    "skill",
    "years",
    "degree",
    "certificate",
    "language",
    "likeness",
    "title",
    "skills",
    "place",
    "remote",
    "salary",
    "level",
    "freshness",
    "company",
    "history",
    "contract",
    "rest",
]
Need = Literal["must", "nice", "mentioned", ""]
Status = Literal["met", "missing", "unknown", ""]


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Given(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


# -- sent ----------------------------------------------------------------------------------------------


class LoginRequest(Sent):
    email: str
    password: str


class ProfileIn(Sent):
    desired_title: str = ""
    resume_text: str = ""
    skills: list[str] = []
    location: str = ""
    remote: Remote = "unspecified"
    experience_years: float | None = None
    salary_min: float | None = None


class SeekerIn(Sent):
    """`content`: an object (profile, json_resume) or a text (text; file as base64)."""

    format: Literal["profile", "json_resume", "text", "file"] | None = None
    content: str | dict[str, Any]
    filename: str = ""


class PostingIn(Sent):
    id: str = ""
    title: str
    company: str = ""
    description: str = ""
    skills: list[str] = []
    location: str = ""
    remote: Remote = "unspecified"
    job_type: JobType | Literal[""] = ""
    salary_min: float | None = None
    salary_max: float | None = None
    currency: str = ""


class ForeignPosting(Sent):
    id: str = ""
    format: Literal["posting", "schema_org", "greenhouse", "lever", "ashby", "text"] | None = None
    content: str | dict[str, Any]


class ScoreOptions(Sent):
    purpose: Purpose | None = None
    explain: bool = True
    counterfactuals: int = 0
    bar: float = 0.5
    receipts: bool = True


class ScoreBody(ScoreOptions):
    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    job_ids: list[UUID] = []
    jobs: list[PostingIn] = []
    postings: list[ForeignPosting] = []


class ScoreLine(Sent):
    id: str = ""
    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    job_id: UUID | None = None
    job: PostingIn | None = None
    posting: ForeignPosting | None = None


class VerifyBody(Sent):
    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    posting: ForeignPosting | None = None


# -- given: accounts, postings -------------------------------------------------------------------------


class UserAnswer(Given):
    id: UUID
    email: str
    full_name: str
    is_staff: bool
    created_at: datetime


class LoginAnswer(Given):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a name
    expires_in: int
    user: UserAnswer


class CompanyRef(Given):
    slug: str
    name: str


class Salary(Given):
    min: float | None
    max: float | None
    currency: str
    interval: Literal["year", "month", "week", "day", "hour"]
    source: str
    annual_min: float | None
    annual_max: float | None


class JobSummary(Given):
    id: UUID
    slug: str
    title: str
    company: CompanyRef
    location: str
    remote: Remote
    job_type: str
    skills: list[str]
    salary: Salary | None
    status: str
    posted_at: datetime
    simulated: bool = False


class FoundJob(JobSummary):
    reposts: int = 0


class Pagination(Given):
    page: int
    limit: int
    total_count: int
    max_page: int
    next: str | None
    previous: str | None


class FacetCount(Given):
    value: str
    label: str
    count: int


class Relaxation(Given):
    drop: str
    word: str = ""
    total_count: int


class JobSearchPage(Given):
    results: list[FoundJob]
    pagination: Pagination
    total_relation: Literal["exact", "at_least"]
    next_cursor: str | None
    sort: Literal["relevance", "date", "salary", "match"]
    mode: Literal["keyword", "semantic", "hybrid"]
    degraded: list[Literal["index", "matching"]]
    facets: dict[Literal["job_type", "remote", "skills", "company", "country", "salary"], list[FacetCount]]
    facets_estimated: bool
    did_you_mean: str | None
    relax: list[Relaxation]
    salary_currency: str = "USD"


# -- given: matches ------------------------------------------------------------------------------------


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
    posting: list[PostingSpan] = []
    person: list[PersonSpan] = []


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
    abstained: dict[Number, Abstention] = {}
    ledgers: list[Ledger] = []
    counterfactuals: list[Counterfactual] = []
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
    figures: dict[str, float] = {}
    reason: str = ""
    would_help: str = ""


class WhyNotAnswer(Given):
    job_id: UUID
    stopped_at: Stage
    steps: list[WhyNotStep]
    release_id: str


# -- given: scores and receipts ------------------------------------------------------------------------


class EvidenceRow(Given):
    kind: RowKind
    label: str
    need: Need
    status: Status
    contribution: float | None
    loss: float | None
    posting: list[PostingSpan]
    person: list[PersonSpan]


class Explanation(Given):
    number: Number
    logit: float | None
    rows: list[EvidenceRow]


class Score(Given):
    id: str
    fit: Estimate | None
    interest: Estimate | None
    abstained: dict[Number, Abstention]
    band: Band | None
    explanation: list[Explanation]
    counterfactuals: list[Counterfactual]
    receipt_id: UUID | None
    score: float | None
    similarity: float | None
    reasons: list[Reason]


class ProblemError(Given):
    pointer: str
    code: str
    message: str


class ItemProblem(Given):
    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemError]


class FailedItem(Given):
    id: str
    status: int
    error: ItemProblem


class Notice(Given):
    code: str
    text: str


class ScoresAnswer(Given):
    results: list[Score]
    failed: list[FailedItem]
    unknown_job_ids: list[UUID]
    purpose: Purpose
    human_review_required: bool
    notices: list[Notice]
    bands: dict[Band, float]
    cost_units: int
    dry_run: bool
    release_id: str
    match_version: str


class ScoredLine(Given):
    line: int
    id: str
    status: int
    result: Score | None
    error: ItemProblem | None
    purpose: Purpose
    human_review_required: bool
    cost_units: int
    release_id: str
    match_version: str


class InputRef(Given):
    format: str
    id: str = ""
    sha256: str


class Output(Given):
    fit: Estimate | None = None
    interest: Estimate | None = None
    abstained: dict[Number, Abstention]
    band: Band | None = None


class ReceiptAnswer(Given):
    id: UUID
    created_at: datetime
    expires_at: datetime
    purpose: Purpose
    release_id: str
    match_version: str
    seeker: InputRef
    posting: InputRef
    output: Output
    algorithm: Literal["Ed25519"] = "Ed25519"
    key_id: str
    signature: str | None
    signed: str | None


class PublicKey(Given):
    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"
    kid: str
    x: str
    current: bool


class PublicKeys(Given):
    keys: list[PublicKey]


class SignatureVerdict(Given):
    status: Literal["valid", "broken", "unknown_key"]
    key_id: str


class Difference(Given):
    path: str
    stored: float | str | None
    recomputed: float | str | None


class ReplayVerdict(Given):
    status: Literal["agrees", "differs"]
    release_id: str
    match_version: str
    differences: list[Difference]


class InputVerdict(Given):
    status: Literal["agrees", "differs", "not_given"]
    sha256: str
    detail: str = ""


class VerifyAnswer(Given):
    receipt_id: UUID
    agrees: bool
    signature: SignatureVerdict
    replay: ReplayVerdict
    seeker: InputVerdict
    posting: InputVerdict


class Problem(Given):
    """Whatever failed (RFC 9457). Some problems have further members: the error's `extensions`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[ProblemError] = Field(default_factory=list)
