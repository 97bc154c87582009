"""Letters of a page -> pieces of lines: what stands on one baseline without a wide gap, spaces put in.

Many PDFs hold no space characters; where a word ends is seen from the gaps, measured in em (the letter size)
against the usual gap of the same line, so that spaced-out headings do not fall apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from features.resume.pdf_glyphs import Glyph

#: A gap that ends a piece: the next one may be another column or a cell.
WIDE_GAP = 1.6
#: A gap that is a space, where the page writes its spaces and where it does not.
SPACE_GAP_WRITTEN, SPACE_GAP_UNWRITTEN = 0.20, 0.10
#: The share of a letter's occurrences that certainly stand inside a word, not before a space.
WITHIN_WORDS = 0.3
_RTL_FROM, _RTL_TO = "\u0590", "\u08ff"


class Piece(NamedTuple):
    """Text on one baseline. `bold` if most letters are; `size` of most letters, in points."""

    text: str
    x0: float
    x1: float
    y: float
    top: float
    bottom: float
    size: float
    bold: bool


def pieces(glyphs: list[Glyph]) -> list[Piece]:
    """Unordered pieces of upright text, then, each on its own, rotated text objects."""
    upright = [glyph for glyph in glyphs if glyph.style.upright]
    spaces = sum(glyph.char.isspace() for glyph in upright)
    written = spaces > 0.03 * len(upright)
    gap = SPACE_GAP_WRITTEN if written else SPACE_GAP_UNWRITTEN
    rows = _rows(upright if written else _with_seen_advances(upright))
    found = [piece for row in rows for part in _split(row) if (piece := _piece(part, gap)) is not None]
    return found + _rotated(glyphs)


def _with_seen_advances(glyphs: list[Glyph]) -> list[Glyph]:
    """Letters with their right edge where the next one of a word usually begins. The box alone misleads: an
    "f" reaches over its neighbour, and pages printed from a browser set letters by another font's widths."""
    distances: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for a, b in pairwise(glyphs):
        if abs(a.y - b.y) < 0.01 and 0 < b.x0 - a.x0 < 1.5 * a.style.size:
            distances[a.char, a.style.bold].append((b.x0 - a.x0) / a.style.size)
    usual = {
        key: sorted(seen)[int(len(seen) * WITHIN_WORDS)] for key, seen in distances.items() if len(seen) >= 6
    }
    return [
        glyph._replace(x1=min(glyph.x1, glyph.x0 + width * glyph.style.size))
        if (width := usual.get((glyph.char, glyph.style.bold)))
        else glyph
        for glyph in glyphs
    ]


def middle(values: Iterable[float]) -> float:
    """The upper median; `statistics` would cost the child 15 ms to import."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _rows(glyphs: list[Glyph]) -> list[list[Glyph]]:
    """Letters by baseline, top down; superscripts join the line they stand in."""
    rows: list[list[Glyph]] = []
    for glyph in sorted(glyphs, key=lambda g: -g.y):
        row = rows[-1] if rows else None
        if row is not None and row[0].y - glyph.y <= 0.4 * max(
            min(row[0].style.size, glyph.style.size), 0.5 * max(row[0].style.size, glyph.style.size)
        ):
            row.append(glyph)
        else:
            rows.append([glyph])
    return rows


def _split(row: list[Glyph]) -> list[list[Glyph]]:
    """Left to right, cut at wide gaps. Blanks at the ends of a part are dropped with the gap they fill."""
    ordered = row if _right_to_left(row) else sorted(row, key=lambda g: g.x0)
    parts: list[list[Glyph]] = []
    last: Glyph | None = None
    for glyph in ordered:
        if glyph.char.isspace():
            if parts:
                parts[-1].append(glyph)
            continue
        if last is None or glyph.x0 - last.x1 > WIDE_GAP * max(glyph.style.size, last.style.size, 1.0):
            parts.append([])
        parts[-1].append(glyph)
        last = glyph
    return parts


def _right_to_left(row: list[Glyph]) -> bool:
    return 2 * sum(_RTL_FROM <= glyph.char <= _RTL_TO for glyph in row) > len(row)


def _piece(part: list[Glyph], space_gap: float) -> Piece | None:
    letters = [glyph for glyph in part if not glyph.char.isspace()]
    if not letters:
        return None
    text = _spaced(part, space_gap, _letter_spacing(letters))
    size = middle(glyph.style.size for glyph in letters)
    bold = 2 * sum(glyph.style.bold for glyph in letters) > len(letters)
    return Piece(
        text,
        min(glyph.x0 for glyph in letters),
        max(glyph.x1 for glyph in letters),
        middle(glyph.y for glyph in letters),
        max(glyph.top for glyph in letters),
        min(glyph.bottom for glyph in letters),
        size,
        bold,
    )


def _letter_spacing(letters: list[Glyph]) -> float:
    """The usual gap between two letters in em; 0 where the line is too short to say."""
    if len(letters) < 6:
        return 0.0
    gaps = [(b.x0 - a.x1) / max(min(a.style.size, b.style.size), 1.0) for a, b in pairwise(letters)]
    return max(0.0, middle(gaps))


def _spaced(part: list[Glyph], space_gap: float, usual: float) -> str:
    out: list[str] = []
    last: Glyph | None = None
    for glyph in part:
        if glyph.char.isspace():
            if out and out[-1] != " ":
                out.append(" ")
            continue
        if last is not None and out[-1] != " ":
            em = max(min(last.style.size, glyph.style.size), 1.0)
            if (glyph.x0 - last.x1) / em - usual > space_gap:
                out.append(" ")
        out.append(glyph.char)
        last = glyph
    return "".join(out).strip()


def _rotated(glyphs: list[Glyph]) -> list[Piece]:
    by_object: dict[int, list[Glyph]] = {}
    for glyph in glyphs:
        if not glyph.style.upright:
            by_object.setdefault(glyph.obj, []).append(glyph)
    found = []
    for letters in by_object.values():
        text = "".join(glyph.char for glyph in letters).strip()
        if text:
            first = letters[0]
            found.append(
                Piece(text, first.x0, first.x1, first.y, first.top, first.bottom, first.style.size, False)
            )
    return found
