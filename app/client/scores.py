"""Scores, receipts, and problems."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.client.base import Abstention, Band, Given, Need, Number, Purpose, RowKind, Status
from app.client.matches import Counterfactual, Estimate, PersonSpan, PostingSpan, Reason


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
