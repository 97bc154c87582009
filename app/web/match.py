"""What a posting is to who reads its page: two numbers with their evidence, or why there are none.

Asked through the serving layer's own contract: a page has one posting and one person, who is its reader.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access import Principal
from app.db import release
from app.errors import InvalidInputError, MatchingUnavailableError
from app.kit.timing import stage
from app.recommendation import repository
from app.recommendation.matching import Matching
from app.web import labels
from serving.match_schemas import Counterfactual, Estimate, Ledger, LedgerRow, Match
from serving.schemas import Reason, ScoredJob, ScoreRequest, UserDocument

#: `nobody`: no account; `unknown`: a profile that says nothing yet; `silent`: the model does not answer;
#: `unread`: it answers and does not know the posting yet.
State = Literal["nobody", "unknown", "silent", "unread", "scored"]
#: Changes to the profile that are offered, and rows of evidence that are shown.
CHANGES, ROWS = 3, 12
NAMES = {"fit": "Fit", "interest": "Interest"}
SAYS = {
    "fit": "How likely you have at least two thirds of what it asks for, and the years.",
    "interest": "How likely people like you open, save or apply to it.",
}
TOO_LITTLE = {
    "posting_says_too_little": "The posting says too little to tell.",
    "profile_says_too_little": "Your profile says too little to tell.",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; `value` is None where it abstains, and `says` tells why. Only fit has bands."""

    name: str
    says: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    is_banded: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of evidence, as `parts.html` shows it. `worth` is in logits, "" where it is not known."""

    status: str
    text: str
    note: str
    worth: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    text: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Seen:
    state: State
    figures: list[Figure] = field(default_factory=list)
    evidence: list[Row] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


async def of_reader(request: Request, session: AsyncSession, job_id: int, user: Principal | None) -> Seen:
    if user is None:
        return Seen("nobody")
    document, _ = await repository.known(session, user.user_id)
    if not (document.desired_title or document.skills or document.resume_text):
        return Seen("unknown")
    return await ask(request, session, job_id, document)


async def ask(request: Request, session: AsyncSession, job_id: int, person: UserDocument) -> Seen:
    """Waits no longer than a page does, and holds no connection meanwhile."""
    state = request.app.state
    matching: Matching = state.matching
    hurried = Matching(state.serving.within(state.settings.page_patience_s), matching.breaker)
    await release(session)
    try:
        with stage("serving"):
            answer = await hurried.score(
                ScoreRequest(user=person, job_ids=(job_id,), counterfactuals=CHANGES)
            )
    except (MatchingUnavailableError, InvalidInputError):
        return Seen("silent")
    return _seen(answer.items[0]) if answer.items else Seen("unread")


def _seen(item: ScoredJob) -> Seen:
    """Of a release that has no model of fit there is one number and its reasons in words."""
    match = item.match
    if match is None:
        figure = Figure(NAMES["interest"], SAYS["interest"], item.score)
        return Seen("scored", [figure], [_of_reason(reason) for reason in item.reasons])
    figures = [_figure("fit", match.fit, match), _figure("interest", match.interest, match)]
    return Seen("scored", figures, _evidence(match.ledgers), list(_changes(match.counterfactuals)))


def _figure(number: Literal["fit", "interest"], estimate: Estimate | None, match: Match) -> Figure:
    if estimate is None:
        why = match.abstained.get(number)
        return Figure(NAMES[number], TOO_LITTLE[why] if why else "Not said for this posting.")
    value, low, high = estimate.value, estimate.low, estimate.high
    return Figure(NAMES[number], SAYS[number], value, low, high, is_banded=number == "fit")


def _evidence(ledgers: Iterable[Ledger]) -> list[Row]:
    """That of fit, what weighs most first; of interest where fit abstains."""
    known = {ledger.number: ledger.rows for ledger in ledgers}
    rows = known.get("fit") or known.get("interest") or ()
    told = [row for row in rows if row.kind not in ("base", "rest") and row.label]
    heavy = sorted(told, key=lambda row: -max(abs(row.contribution), row.loss))
    return [_of_row(row) for row in heavy[:ROWS]]


def _of_row(row: LedgerRow) -> Row:
    shown = labels.SHOWN if row.kind == "skill" else labels.REACHED
    notes = (labels.NEEDS.get(row.need, ""), shown.get(row.status, ""))
    worth = f"{row.contribution:+.2f}".replace("-", "\N{MINUS SIGN}") if row.contribution else ""
    status = row.status or ("met" if row.contribution >= 0 else "near")
    return Row(status, row.label, ", ".join(note for note in notes if note), worth)


def _of_reason(reason: Reason) -> Row:
    return Row(labels.status_of(reason), reason.detail, labels.word_of(reason))


def _changes(found: Iterable[Counterfactual]) -> Iterable[Change]:
    for item in found:
        text = labels.EDITS[item.edit.kind].format(item.edit.value)
        yield Change(text, item.fit_before, item.fit_after)
