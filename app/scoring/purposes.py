"""What a declared purpose permits: the rules on automated decisions as a table that the code obeys.

| purpose | numbers | interest | counterfactuals | ids | people |
|---|---|---|---|---|---|
| seeker_guidance | yes | yes | yes | as sent | the seeker's own matter |
| candidate_screening | bands with reasons | never | withheld from the employer | as sent | must review |
| research | yes | yes | no | pseudonyms | no decision about anybody |

Sources: GDPR Art. 22 with CJEU C-634/21 (a score that others follow is itself the decision) and Art. 13-15;
NYC Local Law 144 with 6 RCNY 5-300 (notice ten business days before); EU AI Act Art. 26, Annex III(4);
California 2 CCR 11013 (records kept for four years). Interest predicts what a person opens or saves, which
says nothing about whether they are suitable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.kit.schemas import Answer

Purpose = Literal["seeker_guidance", "candidate_screening", "research"]
Band = Literal["strong", "good", "partial", "weak"]
#: Lowest fit of each band.
BANDS: dict[Band, float] = {"strong": 0.75, "good": 0.5, "partial": 0.25, "weak": 0.0}


class Notice(Answer):
    """A text that must reach the people concerned, or the one who asks."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Policy:
    """`numbers`: probabilities and contributions are given, else bands and reasons only."""

    purpose: Purpose
    numbers: bool
    interest: bool
    counterfactuals: bool
    pseudonyms: bool
    human_review: bool
    #: Only a company's members may ask, every request is in the audit log, and receipts cannot be declined.
    employers_only: bool
    kept_days: int
    notices: tuple[Notice, ...]


_AI = Notice(
    code="ai-system",
    text="These results were computed by an AI system (EU AI Act, Article 50).",
)
_REVIEW = Notice(
    code="human-review",
    text="A person with the authority and the knowledge to decide otherwise must look at every candidate. "
    "A band alone decides about nobody (GDPR, Article 22).",
)
_CANDIDATE = Notice(
    code="candidate-rights",
    text="Tell the candidate that an automated tool was used. They may ask for an explanation of the result, "
    "give their own view, contest it and have a person decide (GDPR, Articles 13 to 15 and 22).",
)
_LL144 = Notice(
    code="nyc-local-law-144",
    text="For a job or promotion in New York City: publish an independent bias audit of the last twelve "
    "months, and notify candidates who live there at least ten business days before the tool is used, with "
    "the qualifications it looks at and how to ask for another process.",
)
_RECORDS = Notice(
    code="records",
    text="Receipts of screening are kept for four years, as records of automated decision systems must be.",
)
_RESEARCH = Notice(
    code="no-decisions",
    text="For study only: no decision about a person may rest on these results.",
)
_FIT = Notice(
    code="what-fit-says",
    text="Fit is the chance that you have at least two thirds of what the posting asks for. Interest is the "
    "chance that you open, save or apply to it when it stands first in your list. Neither is a verdict.",
)

POLICIES: dict[Purpose, Policy] = {
    "seeker_guidance": Policy(
        purpose="seeker_guidance",
        numbers=True,
        interest=True,
        counterfactuals=True,
        pseudonyms=False,
        human_review=False,
        employers_only=False,
        kept_days=365,
        notices=(_AI, _FIT),
    ),
    "candidate_screening": Policy(
        purpose="candidate_screening",
        numbers=False,
        interest=False,
        counterfactuals=False,
        pseudonyms=False,
        human_review=True,
        employers_only=True,
        kept_days=4 * 365 + 1,
        notices=(_AI, _REVIEW, _CANDIDATE, _LL144, _RECORDS),
    ),
    "research": Policy(
        purpose="research",
        numbers=True,
        interest=True,
        counterfactuals=False,
        pseudonyms=True,
        human_review=False,
        employers_only=False,
        kept_days=365,
        notices=(_AI, _RESEARCH),
    ),
}


def band_of(fit: float) -> Band:
    """`fit` in 0..1."""
    return next(band for band, lowest in BANDS.items() if fit >= lowest)
