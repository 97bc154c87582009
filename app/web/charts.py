"""Charts that the server draws: plain geometry, so that a template only writes it down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.dashboard.schemas import Week

#: Of the drawing, in its own units; the page scales it.
WIDTH, HEIGHT, FOOT = 720, 180, 24
#: Every so many weeks one is named: more would run into each other.
NAMED = 3
_SERIES = ("viewed", "saved", "applied")


@dataclass(frozen=True, slots=True)
class Bar:
    """`step` is the series, from 0; `says` is read out in place of the shape."""

    x: float
    y: float
    width: float
    height: float
    step: int
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`lines`: (height, number) of the grid; `names`: (middle, text) under the bars."""

    bars: list[Bar]
    lines: list[tuple[float, int]]
    names: list[tuple[float, str]]


def date_of(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def weeks(rows: Sequence[Week]) -> Chart:
    """Three bars a week; the tallest reaches the top."""
    top = _top(max((getattr(row, name) for row in rows for name in _SERIES), default=0))
    slot, room = WIDTH / max(len(rows), 1), HEIGHT - FOOT
    width = slot * 0.8 / len(_SERIES)
    bars = [
        _bar(slot * place + slot * 0.1 + width * step, width, getattr(row, name), top, room, step, name)
        for place, row in enumerate(rows)
        for step, name in enumerate(_SERIES)
    ]
    lines = [(room - room * number / top, number) for number in dict.fromkeys((top // 2, top)) if number]
    named = list(enumerate(rows))[NAMED - 1 :: NAMED]
    names = [(slot * (place + 0.5), f"{row.start.day} {row.start:%b}") for place, row in named]
    return Chart([bar for bar in bars if bar.height], lines, names)


def _bar(x: float, width: float, value: int, top: int, room: float, step: int, name: str) -> Bar:
    height = room * value / top
    return Bar(round(x, 1), round(room - height, 1), round(width * 0.9, 1), round(height, 1), step, name)


def _top(most: int) -> int:
    """A round number that nothing reaches above: 2, 4, 10, 20, 40, 100 ..."""
    step = 1
    while True:
        for factor in (2, 4, 10):
            if most <= factor * step:
                return factor * step
        step *= 10
