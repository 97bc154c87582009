"""A recommendation as its card shows it: two numbers, and the evidence that weighs most.

Of a release that has a model of fit the ledger speaks; of an older one its reasons.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.recommendation.schemas import Recommendation
from app.web import labels
from serving.match_schemas import Estimate, Ledger, LedgerRow

#: Rows of a ledger that are shown.
MOST = 10
#: Signs of the ledger's states, as `labels.SIGNS` has them.
_STATUS = {"met": "met", "missing": "missing", "unknown": "unknown"}
_NEEDS = {"must": "must", "nice": "nice to have", "mentioned": "mentioned"}


@dataclass(frozen=True, slots=True)
class Row:
    """`status`: met, missing, near or unknown; `worth` is in logits, "" where none is told."""

    status: str
    text: str
    note: str = ""
    worth: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    fit: Estimate | None
    interest: Estimate | None
    abstains: bool
    chips: list[Row]
    rows: list[Row]


def card(item: Recommendation) -> Card:
    """The three strongest pieces as chips, what is asked for and missing among them; and all that weighs."""
    if item.match is None:
        rows = [Row(labels.status_of(r), r.detail, labels.word_of(r)) for r in item.reasons]
        return Card(None, None, False, rows[:3], rows)
    rows = _rows(item.match.ledgers)
    return Card(
        fit=item.match.fit,
        interest=item.match.interest,
        abstains="fit" in item.match.abstained,
        chips=_strongest(rows),
        rows=rows[:MOST],
    )


def _strongest(rows: list[Row]) -> list[Row]:
    """Two that speak for it and the first that is missing, in the order of their weight."""
    speaking = [row for row in rows if row.status in ("met", "near")]
    missing = [row for row in rows if row.status == "missing"]
    chosen = speaking[: 3 - min(1, len(missing))] + missing[:1]
    return [row for row in rows if row in chosen]


def _rows(ledgers: tuple[Ledger, ...]) -> list[Row]:
    """Of fit, then of interest; what weighs most first, each label once."""
    found: dict[str, Row] = {}
    for number in ("fit", "interest"):
        for ledger in ledgers:
            if ledger.number == number:
                told = [row for row in ledger.rows if row.kind not in ("base", "rest") and row.label]
                for row in sorted(told, key=lambda row: -max(abs(row.contribution), row.loss)):
                    found.setdefault(row.label, _row(row))
    return list(found.values())


def _row(row: LedgerRow) -> Row:
    status = _STATUS.get(row.status) or ("met" if row.contribution > 0 else "near")
    worth = f"{row.contribution:+.2f}" if row.contribution else ""
    return Row(status, row.label, _NEEDS.get(row.need, ""), worth)
