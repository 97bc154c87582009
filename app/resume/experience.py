"""How long somebody has worked, by the periods of a resume."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.resume.document import Work


def years(work: Iterable[Work], today: date) -> float | None:
    """Months that overlap count once, a period without its end goes on until `today`, a bare year is a whole
    one. None when no period has a start."""
    now = _month(today.isoformat(), 0)
    spans = sorted(
        (_month(item.start_date, 0), min(now, _month(item.end_date, 11) if item.end_date else now))
        for item in work
        if item.start_date
    )
    months, reached = 0, -1
    for first, last in spans:
        months += max(0, last - max(first, reached + 1) + 1)
        reached = max(reached, last)
    return round(months / 12, 1) if months else None


def _month(partial: str, otherwise: int) -> int:
    """Months since year 0; `otherwise` is the month of a bare year, from 0."""
    return int(partial[:4]) * 12 + (int(partial[5:7]) - 1 if len(partial) >= 7 else otherwise)
