"""A recommendation as its card shows it: two numbers, and the evidence that weighs most.

Of a release that has a model of fit the ledger speaks; of an older one its reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.recommendation.schemas import Recommendation
from app.web import labels
from serving.match_schemas import Estimate, Ledger, LedgerRow

#: Rows of a ledger that are shown.
MOST = 10
#: Signs of the ledger's states, as `labels.SIGNS` has them.
_STATUS = {"met": "met", "missing": "missing", "unknown": "unknown"}
#: Kinds of rows that stand for no evidence of their own.
_SILENT = frozenset({"base", "rest"})
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
    """`rows` are of fit, or the reasons of a release without it; `further` of interest."""

    fit: Estimate | None
    interest: Estimate | None
    abstains: bool
    chips: list[Row]
    rows: list[Row]
    further: list[Row] = field(default_factory=list)


def card(item: Recommendation) -> Card:
    """The three strongest pieces as chips, what is asked for and missing among them; and all that weighs."""
    if item.match is None:
        rows = [Row(labels.status_of(r), r.detail, labels.word_of(r)) for r in item.reasons]
        return Card(None, None, False, rows[:3], rows)
    rows, further = (_rows(item.match.ledgers, number) for number in ("fit", "interest"))
    return Card(
        fit=item.match.fit,
        interest=item.match.interest,
        abstains="fit" in item.match.abstained,
        chips=_strongest(rows or further),
        rows=rows[:MOST],
        further=further[:MOST],
    )


def _strongest(rows: list[Row]) -> list[Row]:
    """Two that speak for it and the first that is missing, in the order of their weight."""
    speaking = [row for row in rows if row.status in ("met", "near")]
    missing = [row for row in rows if row.status == "missing"]
    chosen = speaking[: 3 - min(1, len(missing))] + missing[:1]
    return [row for row in rows if row in chosen]


def _rows(ledgers: tuple[Ledger, ...], number: str) -> list[Row]:
    """What weighs most first, each label once; what the posting leaves open tells nobody anything."""
    rows = [row for ledger in ledgers if ledger.number == number for row in ledger.rows]
    told = [row for row in rows if row.kind not in _SILENT and row.label not in ("", "unspecified")]
    ordered = sorted(told, key=lambda row: -max(abs(row.contribution), row.loss))
    return list({row.label: _row(row) for row in reversed(ordered)}.values())[::-1]


def _row(row: LedgerRow) -> Row:
    status = _STATUS.get(row.status) or ("met" if row.contribution > 0 else "near")
    worth = f"{row.contribution:+.2f}" if row.contribution else ""
    return Row(status, row.label, _NEEDS.get(row.need, ""), worth)
