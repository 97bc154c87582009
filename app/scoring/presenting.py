"""What of a match is told: all of it, or what the purpose permits."""

from __future__ import annotations

import hmac
import uuid

from app.kit.tokens import derived_key
from app.scoring.purposes import Policy, band_of
from app.scoring.schemas import EvidenceRow, Explanation, Score
from serving.match_schemas import Ledger, Match
from serving.schemas import ScoredJob

#: Rows of a ledger that name no evidence.
_NUMBERS_ALONE = ("base", "rest")
_ORDER = {"strong": 0, "good": 1, "partial": 2, "weak": 3, None: 4}


def score(policy: Policy, name: str, item: ScoredJob, receipt_id: uuid.UUID | None) -> Score:
    match = item.match or Match(fit=None, interest=None)
    return Score(
        id=name,
        fit=match.fit if policy.numbers else None,
        interest=match.interest if policy.interest else None,
        abstained={name: why for name, why in match.abstained.items() if policy.interest or name == "fit"},
        band=band_of(match.fit.value) if match.fit else None,
        explanation=[_explanation(policy, ledger) for ledger in match.ledgers if _told(policy, ledger)],
        counterfactuals=list(match.counterfactuals) if policy.counterfactuals else [],
        receipt_id=receipt_id,
        score=item.score if policy.interest else None,
        similarity=item.similarity if policy.interest else None,
        reasons=list(item.reasons) if policy.interest else [],
    )


def _told(policy: Policy, ledger: Ledger) -> bool:
    return policy.interest or ledger.number == "fit"


def _explanation(policy: Policy, ledger: Ledger) -> Explanation:
    """Without numbers, the row that holds only a number says nothing."""
    rows = [
        EvidenceRow(
            kind=row.kind,
            label=row.label,
            need=row.need,
            status=row.status,
            contribution=row.contribution if policy.numbers else None,
            loss=row.loss if policy.numbers else None,
            posting=list(row.posting),
            person=list(row.person),
        )
        for row in ledger.rows
        if policy.numbers or row.kind not in _NUMBERS_ALONE
    ]
    return Explanation(number=ledger.number, logit=ledger.logit if policy.numbers else None, rows=rows)


def ordered(policy: Policy, scores: list[Score]) -> list[Score]:
    """Best first by fit, else by the probability of engagement; in bands where there are no numbers, and in
    the order asked where ids say nothing."""
    if policy.pseudonyms:
        return scores
    if not policy.numbers:
        return sorted(scores, key=lambda item: _ORDER[item.band])
    return sorted(scores, key=lambda item: (-(item.fit.value if item.fit else -1.0), -(item.score or 0.0)))


def pseudonym(secret: str, account: uuid.UUID, name: str) -> str:
    """The same for the same id and account, and not to be undone without the secret."""
    key = derived_key(secret, "research ids")
    return "p-" + hmac.digest(key, f"{account} {name}".encode(), "sha256").hex()[:24]
