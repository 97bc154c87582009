"""The wire shapes of a match: two numbers with intervals, the evidence that adds up to each, what would
change them, and why a posting was not shown.

`fit` and `interest` are never mixed into one number. Contributions are in logits (log odds) and sum, base row
included, to the logit of the number they belong to.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from serving.wire import Wire

Probability = Annotated[float, Field(ge=0, le=1)]
Number = Literal["fit", "interest"]
#: Why a number is not given: too little is said to say anything.
Abstention = Literal["posting_says_too_little", "profile_says_too_little"]
Need = Literal["must", "nice", "mentioned", ""]
Status = Literal["met", "missing", "unknown", ""]
Source = Literal["resume", "skills", "title", "profile", "history"]
#: Fit knows the first group of kinds, interest the second; "base" is what there is without any evidence,
#: "rest" the sum of what a short ledger leaves out.
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
#: Which texts the offsets of a span count in.
PostingPart = Literal["description", "title", "skills"]
Stage = Literal["unknown", "filters", "dismissed", "retrieval", "ranking", "diversity", "shown"]
Effort = Literal["none", "days", "weeks", "months", "years"]


class Estimate(Wire):
    """A probability with its 90 % interval: among twenty postings with this number shown to one person, the
    share in which the event happens lies between `low` and `high` in nine of ten people."""

    value: Probability
    low: Probability
    high: Probability


class PostingSpan(Wire):
    part: PostingPart
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class PersonSpan(Wire):
    """`source` resume, title: offsets into that text; skills: `start` is the place in the list of skills.
    A fact of the profile or of the history has no offsets (0, 0)."""

    source: Source
    start: int = Field(default=0, ge=0)
    end: int = Field(default=0, ge=0)


class LedgerRow(Wire):
    """One piece of evidence: what the posting says, what the person shows, what it is worth in logits.

    `loss` is what a missing demand costs against having it: its contribution is 0, since nothing counts
    against a person but the absence of what would count for them.
    """

    kind: RowKind
    label: str = Field(max_length=300)
    need: Need = ""
    status: Status = ""
    contribution: float
    loss: float = 0.0
    posting: tuple[PostingSpan, ...] = ()
    person: tuple[PersonSpan, ...] = ()


class Ledger(Wire):
    """`logit` is the sum of the rows' contributions (within 1e-9); the number's value is its sigmoid."""

    number: Number
    logit: float
    rows: tuple[LedgerRow, ...]


class Edit(Wire):
    """A change a person can make. `value` is a label, or the new number of years."""

    kind: Literal["add_skill", "years", "degree", "certificate", "language"]
    value: str = Field(max_length=300)


class Counterfactual(Wire):
    """What the model itself computes for the edited profile: applying the edit gives exactly these numbers.

    `more_jobs`: open postings whose fit lies below `bar` now and reaches it with the edit.
    """

    edit: Edit
    fit_before: Probability
    fit_after: Probability
    interest_before: Probability | None = None
    interest_after: Probability | None = None
    more_jobs: int | None = Field(default=None, ge=0)
    bar: Probability = 0.5
    effort: Effort


class WhyNotStep(Wire):
    """One stage on a posting's way to the page. `would_help` says in words what would let it pass."""

    stage: Stage
    passed: bool
    figures: dict[str, float] = Field(default_factory=dict)
    reason: str = Field(default="", max_length=300)
    would_help: str = Field(default="", max_length=300)


class WhyNotResponse(Wire):
    """`stopped_at` is the first stage that the posting did not pass, "shown" if it stands on the page."""

    job_id: int
    stopped_at: Stage
    steps: tuple[WhyNotStep, ...]
    release_id: str


class Snapshot(Wire):
    """Everything a number was computed from, after reading: replaying it needs the release and nothing else.

    `fit` and `interest` are the model's inputs as JSON-safe numbers; no text of a person is in it.
    """

    fit: dict[str, float] | None = None
    interest: list[float] | None = None


class Match(Wire):
    """What is said of one pair. A number that abstains is None, with its reason in `abstained`."""

    fit: Estimate | None
    interest: Estimate | None
    abstained: dict[Number, Abstention] = Field(default_factory=dict)
    ledgers: tuple[Ledger, ...] = ()
    counterfactuals: tuple[Counterfactual, ...] = ()
    snapshot: Snapshot | None = None


class ReplayRequest(Wire):
    """Recomputes matches from their snapshots with a release that is stored, champion or not."""

    release_id: str = Field(max_length=64)
    snapshots: tuple[Snapshot, ...] = Field(max_length=1000)


class ReplayResponse(Wire):
    """In the order asked. `match_version` names the weights that computed them."""

    matches: tuple[Match, ...]
    release_id: str
    match_version: str
