"""Work sections -> positions. A date opens an entry; the short lines around it are its head, the rest its "
"body."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from features.places import Gazetteer
from features.resume.dates import DateRange, find_ranges, months_of
from features.resume.headers import Head, Part, head_of, parts_of
from features.resume.highlights import highlights
from features.resume.records import Field, Line, PartialDate, Position, ReadDocument, Section
from features.resume.sections import lines_in
from features.resume.vocabulary import begins_as_body, company_score, title_score

MAX_HEAD_CHARS = 110
MAX_POSITIONS = 100
MAX_HEAD_WORDS = 14
_SENTENCE = re.compile(r"[.!?]\s+[A-Z]|[.!?;]$")
_SHORT = re.compile(
    r"\b((?:sr|jr|dr|mr|ms|st|no|inc|ltd|corp|co|llc|dept|asst|assoc|mgr|sgt|lt|capt|bros|mt|ft|[A-Z]|u\.s|u\.s\.a|"
    r"s\.a|b\.v|l\.p|a\.s|n\.y|d\.c))\.",
    re.IGNORECASE,
)
_PLACEHOLDER_END = re.compile(r"City\s*,?\s*State(?:\s*,\s*(?:USA?|United States))?")
_COMPANY_LINE = re.compile(r"\bCompany\s?Name\b")


#: A single date behind one of these is part of a sentence.
_INSIDE = re.compile(r"(?:in|since|during|of|by|for|until|from|before|after|the|through)\s+$", re.IGNORECASE)
#: "Cashier Current Company Name": a post that goes on and does not say since when.
_STILL = re.compile(r"(?:^|[\s,(])(current|present)\b(?=\s*(?:$|[),]|\bCompany\s?Name\b))", re.IGNORECASE)


@dataclass(slots=True)
class _Entry:
    """Indices of lines; `range` of the anchor."""

    anchor: int
    range: DateRange | None
    head: list[int] = field(default_factory=list)
    end: int = 0


def find_positions(document: ReadDocument, section: Section, gazetteer: Gazetteer) -> list[Position]:
    """Positions of one work section, in its order."""
    lines = lines_in(document, section)
    entries = _entries(document.text, lines, gazetteer)
    order = _usual_order(document.text, lines, entries, gazetteer)
    positions: list[Position] = []
    for number, entry in enumerate(entries):
        stop = min(entries[number + 1].head) if number + 1 < len(entries) else len(lines)
        position = _position(document.text, lines, entry, stop, order, gazetteer)
        if position is not None:
            positions.append(_inherited(position, positions, lines, entry))
    return positions


def _entries(text: str, lines: list[Line], gazetteer: Gazetteer) -> list[_Entry]:
    anchors = [
        _Entry(i, found)
        for i, line in enumerate(lines)
        if (found := _anchor(text[line.start : line.end], line)) is not None
    ]
    anchors = _with_undated(text, lines, anchors)
    before = _heads_stand_before(text, lines, anchors, gazetteer)
    taken = -1
    for number, entry in enumerate(anchors):
        limit = anchors[number + 1].anchor if number + 1 < len(anchors) else len(lines)
        entry.head = _head_lines(text, lines, entry, (taken, limit), before, gazetteer)
        taken = max(entry.head)
    return anchors


def _anchor(words: str, line: Line) -> DateRange | None:
    """The date range that makes this line the head of an entry."""
    if len(words) > 400 and not _PLACEHOLDER_END.search(words):
        return None
    ranges = find_ranges(words[:300])
    if not ranges:
        return None
    found = next((r for r in ranges if not r.single), ranges[0])
    rest = (words[: found.start] + " " + words[found.end :]).strip(" \t,;:()|–—-.")
    cut = _PLACEHOLDER_END.search(rest)
    rest = rest[: cut.end()] if cut else rest
    if begins_as_body(rest) and not _COMPANY_LINE.search(words):
        return None
    if found.single and (line.bullet or len(rest.split()) > 14 or not _at_edge(words, found)):
        return None
    if line.bullet and (len(rest.split()) > 8 or _is_sentence(rest)):
        return None
    if rest and (
        len(rest) > MAX_HEAD_CHARS + 30 or len(rest.split()) > MAX_HEAD_WORDS + 6 or _is_sentence(rest)
    ):
        return None
    if found.single and _INSIDE.search(words[: found.start]):
        return None
    if (
        found.single
        and rest
        and max(title_score(rest), company_score(rest)) < 0.5
        and not _own_cell(words, found)
    ):
        return None
    return found


def _at_edge(words: str, found: DateRange) -> bool:
    return (
        not words[: found.start].strip(" \t(,")
        or not words[found.end :].strip(" \t),.:")
        or bool(_COMPANY_LINE.search(words[found.end :]))
    )


def _own_cell(words: str, found: DateRange) -> bool:
    """Whether the date stands alone at the right: "Engineer<tab>2015"."""
    return words[: found.start].endswith("\t") and not words[found.end :].strip()


def _is_sentence(rest: str) -> bool:
    rest = _SHORT.sub(r"\1", rest)
    return bool(_SENTENCE.search(rest)) and len(rest.split()) > 5


def _with_undated(text: str, lines: list[Line], anchors: list[_Entry]) -> list[_Entry]:
    """Entries without a date: a short line that names both a post and an employer, with white space above."""
    dated = {entry.anchor for entry in anchors}
    near = {i + d for i in dated for d in (-2, -1, 0, 1, 2)}
    extra = []
    for i, line in enumerate(lines):
        words = text[line.start : line.end]
        cut = _PLACEHOLDER_END.search(words)
        words = words[: cut.end()] if cut else words
        if i in near or line.bullet or len(words) > MAX_HEAD_CHARS or _is_sentence(words):
            continue
        both = title_score(_COMPANY_LINE.sub(" ", words)) >= 0.8 and company_score(words) >= 0.7
        named = bool(_COMPANY_LINE.search(words))
        if (named and (both or i > 0)) or (both and (line.gap >= 0.4 or line.gap < 0 or not anchors)):
            extra.append(_Entry(i, next(iter(find_ranges(words)), None)))
            near |= {i, i + 1}
    return sorted([*anchors, *extra], key=lambda entry: entry.anchor)[:MAX_POSITIONS]


def _is_head_like(text: str, line: Line) -> bool:
    words = text[line.start : line.end]
    cut = _PLACEHOLDER_END.search(words)
    words = words[: cut.end()] if cut else words
    return (
        not line.bullet and len(words) <= MAX_HEAD_CHARS and len(words.split()) <= MAX_HEAD_WORDS
        and not _is_sentence(words) and not words[:1].islower() and not begins_as_body(words)
    )  # fmt: skip


def _quality(text: str, line: Line, gazetteer: Gazetteer) -> float:
    """How much a line reads like the head of an entry."""
    if not _is_head_like(text, line):
        return 0.0
    words = text[line.start : line.end]
    place = 0.6 if len(words) <= 60 and gazetteer.is_place(words) else 0.0
    bonus = 0.2 * line.bold + 0.2 * line.heading
    return max(title_score(words), company_score(words), place, 0.15) + bonus


def _heads_stand_before(text: str, lines: list[Line], anchors: list[_Entry], gazetteer: Gazetteer) -> bool:
    """Whether, in this section, posts stand above their dates rather than below or beside them."""
    before = after = 0.0
    taken = {entry.anchor for entry in anchors}
    for entry in anchors:
        above, below = entry.anchor - 1, entry.anchor + 1
        if above >= 0 and above not in taken:
            fresh = (
                1.0
                if above == 0 or lines[above].gap != 0 or not _is_head_like(text, lines[above - 1])
                else 0.7
            )
            tight = 0.3 if lines[entry.anchor].gap >= 0.4 else 1.0
            before += fresh * tight * _quality(text, lines[above], gazetteer)
        if below < len(lines) and below not in taken:
            tight = 0.5 if lines[below].gap >= 0.4 else 1.0
            after += tight * _quality(text, lines[below], gazetteer)
    return before > after


def _head_lines(
    text: str, lines: list[Line], entry: _Entry, bounds: tuple[int, int], before: bool, gazetteer: Gazetteer
) -> list[int]:
    """The anchor and, while title or employer is missing, its neighbours on the usual side first."""
    head = [entry.anchor]
    sides = (-1, 1) if before else (1, -1)
    for side in sides:
        for step in (1, 2):
            if _complete(text, lines, head, entry, gazetteer):
                break
            at = entry.anchor + side * step
            if not bounds[0] < at < bounds[1] or not _is_head_like(text, lines[at]):
                break
            if side == 1 and lines[at].gap >= 0.4 and not _is_named(text, lines[at]):
                break
            if side == -1 and lines[at + 1].gap >= 0.4 and not before:
                break
            if side == -1 and not before and _quality(text, lines[at], gazetteer) < 0.5:
                break
            if side == -1 and at - 1 > bounds[0] and _continues(text, lines, at):
                break
            head.append(at)
    return sorted(head)


def _is_named(text: str, line: Line) -> bool:
    words = text[line.start : line.end]
    return max(title_score(words), company_score(words)) >= 0.8


def _continues(text: str, lines: list[Line], at: int) -> bool:
    """Whether a line above the dates is the end of the previous body: no white space and no better look."""
    line, above = lines[at], lines[at - 1]
    if line.gap != 0 or line.bold != above.bold or line.heading:
        return False
    return above.bullet or _quality(text, line, _NO_PLACES) < 0.5


class _NoPlaces(Gazetteer):
    def __init__(self) -> None:
        super().__init__({})


_NO_PLACES = _NoPlaces()


def _complete(text: str, lines: list[Line], head: list[int], entry: _Entry, gazetteer: Gazetteer) -> bool:
    found = head_of(_parts(text, lines, sorted(head), entry, gazetteer), None)
    return found.title is not None and found.company is not None


def _parts(text: str, lines: list[Line], head: list[int], entry: _Entry, gazetteer: Gazetteer) -> list[Part]:
    parts: list[Part] = []
    for i in head:
        line = lines[i]
        words = text[line.start : line.end]
        cut = _PLACEHOLDER_END.search(words)
        if cut:  # what follows a place on the same line is the body
            tail = words[cut.end() :]
            dated = entry.range is not None and i == entry.anchor and entry.range.start >= cut.end()
            words = (
                words if dated or (len(tail.split()) <= 8 and not _is_sentence(tail)) else words[: cut.end()]
            )
        if entry.range is not None and i == entry.anchor:
            blank = " " * (entry.range.end - entry.range.start)
            words = words[: entry.range.start] + "\t" + blank[1:] + words[entry.range.end :]
        if entry.range is None and i == entry.anchor:
            words = _STILL.sub(lambda m: "\t" + " " * (len(m.group()) - 1), words)
        parts += parts_of(words, line.start, i, gazetteer)
    return parts


def _usual_order(text: str, lines: list[Line], entries: list[_Entry], gazetteer: Gazetteer) -> bool | None:
    """Whether titles come before employers in the entries where both are beyond doubt."""
    votes = 0
    for entry in entries:
        head = head_of(_parts(text, lines, entry.head, entry, gazetteer), None)
        if head.title and head.company and min(head.title.confidence, head.company.confidence) > 0.8:
            votes += 1 if head.title_first else -1
    return None if votes == 0 else votes > 0


def _position(
    text: str, lines: list[Line], entry: _Entry, stop: int, order: bool | None, gazetteer: Gazetteer
) -> Position | None:
    head: Head = head_of(_parts(text, lines, entry.head, entry, gazetteer), order)
    if head.title is None and head.company is None:
        return None
    anchor = lines[entry.anchor]
    body = lines[max(entry.head) + 1 : stop]
    last = body[-1] if body else lines[max(entry.head)]
    first, final, current = _dates(text, entry.range, anchor)
    if entry.range is None:
        current = _still(text, anchor)
    return Position(
        lines[min(entry.head)].start, last.end, head.title, head.company, head.place, first, final, current,
        highlights(text, body),
    )  # fmt: skip


def _dates(
    text: str, found: DateRange | None, line: Line
) -> tuple[PartialDate | None, PartialDate | None, Field[bool] | None]:
    """A single date is a start ("January 2006 Acme"), but an end where it stands alone at the right."""
    if found is None:
        return None, None, None
    confidence = 0.6 if found.single else 0.95
    first = Field(found.first.value, line.start + found.first.start, line.start + found.first.end, confidence)
    if found.ends or (found.single and _own_cell(text[line.start : line.end], found)):
        return None, first, None
    last = found.last
    final = Field(last.value, line.start + last.start, line.start + last.end, confidence) if last else None
    present = found.present
    current = Field(True, line.start + present[0], line.start + present[1], confidence) if present else None
    return first, final, current


def _still(text: str, line: Line) -> Field[bool] | None:
    match = _STILL.search(text, line.start, line.end)
    return Field(True, match.start(1), match.end(1), 0.7) if match else None


def _inherited(position: Position, earlier: list[Position], lines: list[Line], entry: _Entry) -> Position:
    """Several posts under one employer: a head with a title only, right after one whose employer came "
    "first."""
    if position.name is not None or not earlier or position.position is None:
        return position
    above = earlier[-1]
    first = lines[min(entry.head)]
    led = above.name is not None and above.position is not None and above.name.start < above.position.start
    if not led or above.name is None or first.size > 1.08 or first.gap > 1.5:
        return position
    name = Field(above.name.value, above.name.start, above.name.end, 0.45)
    return Position(
        position.start, position.end, position.position, name, above.location, position.start_date,
        position.end_date, position.current, position.highlights,
    )  # fmt: skip


def experience_years(positions: tuple[Position, ...], today: date) -> float | None:
    """Years in work; months that overlap count once. A post that goes on counts up to `today`."""
    now = today.year * 12 + today.month - 1
    spans = []
    for position in positions:
        if position.start_date is None or (position.end_date is None and position.current is None):
            continue
        first = months_of(position.start_date.value, end=False)
        last = months_of(position.end_date.value, end=True) if position.end_date else now
        if first <= min(last, now):
            spans.append((first, min(last, now)))
    if not spans:
        return None
    total, reach = 0, -1
    for first, last in sorted(spans):
        total += max(0, last - max(first, reach + 1) + 1)
        reach = max(reach, last)
    return round(total / 12, 2)
