"""Pieces of lines -> reading order. Columns are read one after the other, tables row by row.

A gutter is a strip of white that no piece crosses over several rows, with text on both sides (recursive
XY-cut, Nagy & Seth 1984, with left edges as candidates). Whether what stands beside it is a column, or dates
and labels that belong to the text beside them, is decided by how the two sides line up, see `_is_table`.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from features.resume.pdf_words import Piece

MIN_ROWS = 3
MAX_DEPTH = 4
MAX_CANDIDATES = 6
#: Two baselines nearer than this share of the letter size are one row.
SAME_ROW = 0.35
#: White space, in em, below which two pieces of a row are one phrase and above which they are cells.
CELL_GAP = 1.6
_DATE_LIKE = re.compile(r"(?:19|20)\d\d|present|current|\d{1,2}/\d{2,4}", re.IGNORECASE)


class Row(NamedTuple):
    """One line of text. `gap` is the white above in points, -1 at the start of a column."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    gap: float
    table: bool


def reading_order(pieces: list[Piece]) -> list[Row]:
    """Rows in the order a person reads them."""
    return _arrange(pieces, 0) if pieces else []


def _arrange(pieces: list[Piece], depth: int) -> list[Row]:
    cut = _best_cut(pieces) if depth < MAX_DEPTH and len(pieces) >= 2 * MIN_ROWS else None
    if cut is None:
        return _merged(pieces)
    x, top, bottom = cut
    above = [p for p in pieces if p.y > top]
    below = [p for p in pieces if p.y < bottom]
    band = [p for p in pieces if bottom <= p.y <= top]
    left = [p for p in band if p.x0 < x]
    right = [p for p in band if p.x0 >= x]
    parts = (above, left, right, below)
    return [row for part in parts if part for row in _arrange(part, depth + 1)]


def _best_cut(pieces: list[Piece]) -> tuple[float, float, float] | None:
    """(x, highest y, lowest y) of the gutter with the most text beside it, if it divides columns."""
    best: tuple[int, tuple[float, float, float]] | None = None
    for x in _left_edges(pieces):
        for left, right in _bands(pieces, x):
            weight = min(len(left), len(right)) * 4 + len(left) + len(right)
            if best is not None and weight <= best[0]:
                continue
            if _gutter(left, right) and not _is_table(left, right) and not _is_table(right, left):
                both = left + right
                best = weight, (x, max(p.y for p in both), min(p.y for p in both))
    return best[1] if best else None


def _left_edges(pieces: list[Piece]) -> list[float]:
    """Where several pieces begin, but the leftmost edge; the most used first."""
    edges = Counter(round(p.x0 / 3) for p in pieces)
    margin = min(p.x0 for p in pieces)
    used = [(count + edges.get(edge + 1, 0), edge) for edge, count in edges.items() if edge * 3 > margin + 20]
    popular = sorted((item for item in used if item[0] >= MIN_ROWS), reverse=True)[:MAX_CANDIDATES]
    return [edge * 3 - 2.0 for _, edge in popular]


def _bands(pieces: list[Piece], x: float) -> list[tuple[list[Piece], list[Piece]]]:
    """Stretches of the page that no piece crosses at `x`, as (left, right) pieces; both sides filled."""
    bands: list[tuple[list[Piece], list[Piece]]] = []
    left: list[Piece] = []
    right: list[Piece] = []
    crossed = False
    for piece in sorted(pieces, key=lambda p: -p.y):
        if piece.x0 < x - 1 and piece.x1 > x + 1:
            bands.append(_trimmed(left, right, above=crossed, below=True))
            crossed = True
            left, right = [], []
        elif piece.x0 >= x - 1:
            right.append(piece)
        else:
            left.append(piece)
    bands.append(_trimmed(left, right, above=crossed, below=False))
    return [band for band in bands if len(band[0]) >= MIN_ROWS and len(band[1]) >= MIN_ROWS]


def _trimmed(
    left: list[Piece], right: list[Piece], *, above: bool, below: bool
) -> tuple[list[Piece], list[Piece]]:
    """Between lines that run across the page, short lines over or under a two-column list belong to the page
    and not to its left column: those the right one does not reach are left out. A column that goes on to the
    edge of the page is one."""
    if not left or not right:
        return left, right
    slack = 1.8 * max(p.size for p in right)
    top = max(p.y for p in right) + (slack if above else 1e9)
    bottom = min(p.y for p in right) - (slack if below else 1e9)
    return [p for p in left if bottom <= p.y <= top], right


def _gutter(left: list[Piece], right: list[Piece]) -> bool:
    """At least one em of white between the two, and more than one row of each at the same height."""
    em = max(left[0].size, right[0].size, 4.0)
    if min(p.x0 for p in right) - max(p.x1 for p in left) < 0.9 * em:
        return False
    overlap = min(max(p.y for p in left), max(p.y for p in right)) - max(
        min(p.y for p in left), min(p.y for p in right)
    )
    return overlap > 1.5 * em


def _is_table(labels: list[Piece], body: list[Piece]) -> bool:
    """Whether `labels` (dates, places, headings) belong to the rows of `body` beside them.

    Dates in most of them say so; else they come in short groups, each beginning at a row of the body, with
    white between the groups that the body does not have.
    """
    groups = _groups(labels)
    beside = sum(any(_same_row(group[0], p) for p in body) for group in groups)
    dated = sum(bool(_DATE_LIKE.search(p.text)) and len(p.text) < 40 for p in labels)
    if 2 * dated >= len(groups) and 2 * dated >= 0.8 * len(labels) and beside >= 0.6 * len(groups):
        return True
    short = sum(len(p.text) for p in labels) / len(labels) < 28
    sparse = len(labels) <= 0.6 * len(body) and len(groups) >= 2 and len(labels) <= 3.5 * len(groups)
    return short and sparse and beside >= 0.8 * len(groups)


def _groups(pieces: list[Piece]) -> list[list[Piece]]:
    groups: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: -p.y):
        if groups and groups[-1][-1].y - piece.y <= 1.9 * max(piece.size, 4.0):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return groups


def _same_row(a: Piece, b: Piece) -> bool:
    return abs(a.y - b.y) <= SAME_ROW * max(a.size, b.size, 4.0)


def _merged(pieces: list[Piece]) -> list[Row]:
    """Rows top down; pieces of one row become cells, divided by tabs."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: -p.y):
        if rows and _same_row(rows[-1][0], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    out: list[Row] = []
    above: float | None = None
    for row in rows:
        row.sort(key=lambda p: p.x0)
        out.append(_row(row, above))
        above = min(p.y for p in row)
    return out


def _row(row: list[Piece], above: float | None) -> Row:
    text, cells = row[0].text, 1
    for before, piece in pairwise(row):
        wide = piece.x0 - before.x1 > CELL_GAP * 0.9 * max(piece.size, before.size)
        text += ("\t" if wide else " ") + piece.text
        cells += wide
    longest = max(row, key=lambda p: len(p.text))
    y = row[0].y
    size = max(p.size for p in row)
    gap = -1.0 if above is None else max(0.0, above - y - size)
    letters = sum(len(p.text) for p in row)
    bold = 2 * sum(len(p.text) for p in row if p.bold) > letters
    return Row(text, row[0].x0, max(p.x1 for p in row), y, longest.size, bold, gap, cells > 2)
