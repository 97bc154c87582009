"""Wire shapes of match scores."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, JsonValue, StringConstraints, model_validator

from app.job.schemas import Text
from app.kit.schemas import Answer, RequestBody
from app.scoring.purposes import Band, Notice, Purpose
from app.user.schemas import JobType, Money, Remote, Skill
from serving.language_schemas import MAX_FILE_BYTES
from serving.match_schemas import (
    Abstention,
    Counterfactual,
    Estimate,
    Need,
    Number,
    PersonSpan,
    PostingSpan,
    RowKind,
    Status,
)
from serving.schemas import Reason

ShortText = Annotated[str, StringConstraints(max_length=300)]
ItemId = Annotated[str, StringConstraints(max_length=100)]
SeekerFormat = Literal["profile", "json_resume", "text", "file"]
PostingFormat = Literal["posting", "schema_org", "greenhouse", "lever", "ashby", "text"]
#: Postings of one request, whatever they come as.
MOST = 100
#: Characters of a file as base64.
MAX_CONTENT = MAX_FILE_BYTES * 4 // 3 + 4
Content = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CONTENT)]
Model = TypeVar("Model", bound=BaseModel)


class ProfileIn(RequestBody):
    """A seeker who need not have an account."""

    desired_title: ShortText = ""
    resume_text: Text = ""
    skills: tuple[Skill, ...] = Field(default=(), max_length=200)
    location: ShortText = ""
    remote: Remote = "unspecified"
    experience_years: float | None = Field(default=None, ge=0, le=80)
    salary_min: Money | None = None


class SeekerIn(RequestBody):
    """A seeker in a usual format. `content` is an object (`profile`, `json_resume`) or a text: a resume as it
    is pasted (`text`), or a PDF or DOCX of at most 5 MB as base64 (`file`). Without `format` the content's
    own marks decide; where they do not, it is refused."""

    format: SeekerFormat | None = None
    content: Content | dict[str, JsonValue]
    filename: Annotated[str, StringConstraints(max_length=255)] = ""


class PostingIn(RequestBody):
    """A posting that need not be stored here. `id` is yours and comes back with the score; without one it is
    the posting's place in the list, from 1."""

    id: ItemId = ""
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


class ForeignPosting(RequestBody):
    """A posting in a usual format: ours (`posting`), a schema.org JobPosting (JSON-LD), an object of the job
    boards of Greenhouse, Lever or Ashby as their APIs give it, or plain `text`. Without `format` the
    content's own marks decide; where they do not, it is refused. `id` as in a posting of ours."""

    id: ItemId = ""
    format: PostingFormat | None = None
    content: Annotated[str, StringConstraints(min_length=1, max_length=60_000)] | dict[str, JsonValue]


class ScoreOptions(RequestBody):
    purpose: Purpose | None = Field(
        default=None,
        description="Left out: seeker_guidance. A company's member who sends a seeker along must say which.",
    )
    explain: bool = Field(default=True, description="with the evidence that adds up to each number")
    counterfactuals: int = Field(default=0, ge=0, le=10, description="changes to the profile, per posting")
    bar: float = Field(default=0.5, gt=0, lt=1, description="the fit that counterfactuals count postings by")
    receipts: bool = Field(default=True, description="screening has receipts always")


def _one_seeker(model: Model) -> Model:
    if getattr(model, "profile", None) is not None and getattr(model, "seeker", None) is not None:
        raise ValueError("give profile or seeker, not both")
    return model


one_seeker: Any = model_validator(mode="after")(_one_seeker)


class ScoreBody(ScoreOptions):
    """`profile` and `seeker` left out: your own profile. At least one posting, by id or sent along."""

    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    job_ids: tuple[uuid.UUID, ...] = Field(default=(), max_length=MOST)
    jobs: tuple[PostingIn, ...] = Field(default=(), max_length=MOST)
    postings: tuple[ForeignPosting, ...] = Field(default=(), max_length=MOST)

    _one_seeker = one_seeker

    @model_validator(mode="after")
    def something_to_score(self) -> Self:
        if not self.job_ids and not self.jobs and not self.postings:
            raise ValueError("give job_ids, jobs or postings")
        names = [item.id for item in self.jobs] + [item.id for item in self.postings]
        if len(names) > MOST:
            raise ValueError(f"at most {MOST} postings sent along")
        given = [name for name in names if name]
        if len(set(given)) < len(given):
            raise ValueError("ids of postings must differ")
        return self


class ScoreLine(RequestBody):
    """A line of an NDJSON stream: one pair. `profile` and `seeker` left out: your own profile."""

    id: ItemId = ""
    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    job_id: uuid.UUID | None = None
    job: PostingIn | None = None
    posting: ForeignPosting | None = None

    _one_seeker = one_seeker

    @model_validator(mode="after")
    def one_posting(self) -> Self:
        if sum(side is not None for side in (self.job_id, self.job, self.posting)) != 1:
            raise ValueError("give one of job_id, job and posting")
        return self


# -- answers -------------------------------------------------------------------------------------------


class EvidenceRow(Answer):
    """What the posting says, what the person shows, what it is worth in logits. Spans are offsets into the
    texts that were scored. Contributions are absent where the purpose withholds numbers."""

    kind: RowKind
    label: str
    need: Need
    status: Status
    contribution: float | None
    loss: float | None
    posting: list[PostingSpan]
    person: list[PersonSpan]


class Explanation(Answer):
    """`logit` is the sum of the rows' contributions, and the number its sigmoid."""

    number: Number
    logit: float | None
    rows: list[EvidenceRow]


class Score(Answer):
    """`fit` and `interest` are absent where the release that answered has no such number, where too little is
    said (`abstained` says where), and where the purpose withholds them. `band` is by fit."""

    id: str = Field(description="the posting's id, or the one you sent along; a pseudonym in research")
    fit: Estimate | None
    interest: Estimate | None
    abstained: dict[Number, Abstention]
    band: Band | None
    explanation: list[Explanation]
    counterfactuals: list[Counterfactual]
    receipt_id: uuid.UUID | None
    score: float | None = Field(description="probability of engagement: what an order by interest goes by")
    similarity: float | None
    reasons: list[Reason]


class ProblemError(Answer):
    pointer: str
    code: str
    message: str


class ItemProblem(Answer):
    """As the problem of a whole request (RFC 9457), of one item of it."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemError]


class FailedItem(Answer):
    id: str
    status: int
    error: ItemProblem


class ScoresAnswer(Answer):
    """Best first; in the order asked where the purpose gives no order. What could not be scored is in
    `failed`, each with its status. `match_version` is empty where the release that answers has no model of
    fit and interest: then both are absent, and so are bands and receipts."""

    results: list[Score]
    failed: list[FailedItem]
    unknown_job_ids: list[uuid.UUID]
    purpose: Purpose
    human_review_required: bool
    notices: list[Notice]
    bands: dict[Band, float] = Field(description="the lowest fit of each band")
    cost_units: int
    dry_run: bool = Field(description="only checked: nothing was scored, and nothing is charged")
    release_id: str
    match_version: str


class ScoredLine(Answer):
    """The answer to one line of a stream, in the order of the lines. `result` with status 200, else
    `error`."""

    line: int = Field(description="from 1")
    id: str
    status: int
    result: Score | None
    error: ItemProblem | None
    purpose: Purpose
    human_review_required: bool
    cost_units: int
    release_id: str
    match_version: str
