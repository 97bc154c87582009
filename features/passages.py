"""A posting's text as passages: headings, list items and sentences, each with its character span.

Everything that is later said about a posting (a requirement, a line of a summary) points at passages, so
the one rule here is `text[p.start:p.end] == p.text`: nothing is rewritten, joined or cleaned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from features.headings import is_heading

Kind = Literal["heading", "item", "sentence"]

#: Longer texts are cut: no posting needs more, and the wire contract allows no more.
MAX_CHARS = 60_000
_BULLET = re.compile(r"[ \t]*(?:[-–—*•·●▪◦○‣⁃+>]|\(?\d{1,2}[.)]|\(?[a-z]\))(?:[ \t]+|(?<=[-–•*·])(?=[A-Z]))")
_INLINE_BULLET = re.compile(r"\s+[•●▪◦‣⁃·]\s+")
#: A full stop ends a sentence only before white space and something that can begin one.
_STOP = re.compile(r"(?<=[.!?…。])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-ZÀ-ÞΑ-ΩА-Я0-9])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.?g|i\.?e|etc|incl|approx|min|max|no|nr|vs|mr|mrs|ms|dr|prof|sr|jr|st|inc|ltd|co|corp|dept|"
    r"ph\.d|b\.sc|m\.sc|b\.s|m\.s|b\.a|m\.a|u\.s|u\.k|e\.u)|\b[A-Z])\.$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """`text == source[start:end]`; `heading` is the index of the heading above it, -1 where there is none."""

    start: int
    end: int
    kind: Kind
    text: str
    heading: int = -1


def passages(text: str) -> list[Passage]:
    """In reading order, never overlapping. Blank lines and bullets belong to no passage.

    Text beyond MAX_CHARS is not read.
    """
    out: list[Passage] = []
    heading, listing = -1, False
    lines = list(_joined(text, _lines(text[:MAX_CHARS])))
    for number, (start, end, bullet) in enumerate(lines):
        if not bullet and number + 1 < len(lines) and is_heading(text[start:end]):
            heading, listing = len(out), False
            out.append(Passage(start, end, "heading", text[start:end]))
            continue
        if listing and not bullet:
            heading = -1  # a heading over a list says nothing of the prose after the list
        listing = bullet
        kind: Kind = "item" if bullet else "sentence"
        for first, last in _sentences(text, start, end):
            out.append(Passage(first, last, kind, text[first:last], heading))
    return out


def _joined(text: str, lines: Iterable[tuple[int, int, bool]]) -> Iterator[tuple[int, int, bool]]:
    """Lines that were broken by width, not by meaning, are one: what goes on in lower case goes on."""
    held: tuple[int, int, bool] | None = None
    for start, end, bullet in lines:
        gap = text[held[1] : start].count("\n") if held else 0
        if held and not bullet and gap == 1 and text[start].islower() and text[held[1] - 1] not in ".!?:":
            held = (held[0], end, held[2])
            continue
        if held:
            yield held
        held = (start, end, bullet)
    if held:
        yield held


def _lines(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether a bullet stood before it) of every line that says something."""
    for match in re.finditer(r"[^\r\n]+", text):
        line_start, line = match.start(), match.group()
        cuts = [0, *(m.start() for m in _INLINE_BULLET.finditer(line)), len(line)]
        for at, (first, last) in enumerate(pairwise(cuts)):
            piece = line[first:last].lstrip() if at else line[first:last]
            offset = line_start + last - len(piece)
            bullet = _BULLET.match(piece)
            start = offset + (bullet.end() if bullet else len(piece) - len(piece.lstrip()))
            end = line_start + len(line[:last].rstrip())
            if end > start and any(c.isalnum() for c in text[start:end]):
                yield start, end, bullet is not None


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    first = start
    for stop in _STOP.finditer(text, start, end):
        head = text[first : stop.start()]
        if _ABBREVIATION.search(head[-12:]):
            continue
        yield first, first + len(head.rstrip())
        first = stop.end()
    if first < end:
        yield first, end
