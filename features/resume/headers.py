"""The head of an entry ("Engineer, Acme Inc. | Berlin") -> title, employer, place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from features.places import Gazetteer
from features.resume.records import Field, Location
from features.resume.vocabulary import company_score, title_score

Text = Field[str]
MAX_PART_CHARS = 120
#: What people leave in from a template, or put in the place of what they will not say.
_PLACEHOLDER = re.compile(
    r"(?P<company>\[?\bCompany\s?Name\b\]?)|(?P<place>\[?\bCity\b\s*,?\s*\bState\b\]?(?:\s*,\s*(?:USA?|"
    r"United States|India|Canada|UK)\b)?"
    r"|(?:(?<=Name )|(?<=Name : )|(?<=Name - )|(?<=Name – ))\[?City\b\]?(?:\s*,\s*(?:[A-Z][a-z]+)\b)?)"
)
_SEPARATORS = re.compile(
    r"\t+|\s*[|•·▪►;]\s*|\s+[-–—─]{1,2}\s+|\s+:\s*|:\s+|\s+(?:at|@|bei|chez|presso)\s+(?=[^\W\d_])|\s{3,}|\s+-{2}\s*|^-{2}\s*"
)
_BRACKETS = re.compile(r"\(([^()]{2,60})\)")
_EDGES = " \t,;:|–—-•·.()[]/"
_KEPT_END = re.compile(
    r"\b(?:inc|ltd|corp|co|llc|bros|sr|jr|s\.a|b\.v|n\.v|e\.v|ph\.d|l\.p|u\.s|u\.s\.a)$", re.IGNORECASE
)
#: Legal forms at the end of a name leave no doubt.
_LEGAL = re.compile(
    r"\w\s(?:inc|llc|ltd|limited|gmbh|corp|corporation|ag|llp|plc|s\.?r\.?l|s\.?p\.?a|b\.?v|pty|ооо|зао|пао)\.?$",
    re.IGNORECASE,
)
_NO_TITLE_AFTER = frozenset("of for to in and & / - at the de for".split())
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Part:
    """A phrase of the head with what it may be."""

    text: str
    start: int
    line: int
    title: float
    company: float
    place: Field[Location] | None
    mark: str  # the separator before it

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Head:
    title: Text | None = None
    company: Text | None = None
    place: Field[Location] | None = None
    title_first: bool | None = None


def parts_of(text: str, start: int, line: int, gazetteer: Gazetteer) -> list[Part]:
    """The phrases of one line (dates already blanked by spaces of equal length)."""
    found: list[Part] = []
    for begin, raw, mark in _cut(text):
        for offset, phrase, inner in _phrases(raw, gazetteer):
            part = _part(phrase, start + begin + offset, line, inner or mark, gazetteer)
            if part is not None:
                found.append(part)
    return found


def _cut(text: str) -> Iterator[tuple[int, str, str]]:
    """(offset, phrase, separator before) at placeholders, brackets and separators."""
    marks = [(m.start(), m.end(), m.group()) for m in _PLACEHOLDER.finditer(text)]
    at, before = 0, ""
    for begin, end, word in marks:
        yield from _separated(text, at, begin, before)
        yield begin, word, "\t"
        at, before = end, "\t"
    yield from _separated(text, at, len(text), before)


def _separated(text: str, start: int, end: int, before: str) -> Iterator[tuple[int, str, str]]:
    at = start
    piece = text[start:end]
    cuts = [(m.start(), m.end(), m.group()) for m in _SEPARATORS.finditer(piece)]
    cuts += [
        cut
        for m in _BRACKETS.finditer(piece)
        for cut in ((m.start(), m.start() + 1, "("), (m.end() - 1, m.end(), ")"))
    ]
    for begin, stop, mark in sorted(cuts):
        if start + begin >= at:
            yield at, text[at : start + begin], before
            at, before = start + stop, mark
    yield at, text[at:end], before


def _phrases(raw: str, gazetteer: Gazetteer) -> Iterator[tuple[int, str, str]]:
    """A phrase cut at the commas behind which a place or an employer begins; (offset, phrase, mark)."""
    chunks = [(m.start(), m.group()) for m in re.finditer(r"[^,]+", raw)]
    at, begin, mark = 0, 0, ""
    while at < len(chunks):
        stop = at + 1
        if at > 0 or len(chunks) == 1:
            pass
        place_to = _place_run(raw, chunks, at, gazetteer)
        if place_to and at > 0:
            yield begin, raw[begin : chunks[at][0]], mark
            last = chunks[place_to - 1]
            yield chunks[at][0], raw[chunks[at][0] : last[0] + len(last[1])], ","
            begin = last[0] + len(last[1]) + 1
            mark = ","
            at = place_to
            continue
        if at > 0 and begin < chunks[at][0] and _turns(raw[begin : chunks[at][0]], chunks[at][1]):
            yield begin, raw[begin : chunks[at][0]], mark
            begin, mark = chunks[at][0], ","
        at = stop
    if begin < len(raw):
        yield begin, raw[begin:], mark


def _place_run(raw: str, chunks: list[tuple[int, str]], at: int, gazetteer: Gazetteer) -> int:
    """How far a place written with commas reaches from chunk `at`: 0 = not a place."""
    for stop in range(len(chunks), at, -1):
        last = chunks[stop - 1]
        phrase = raw[chunks[at][0] : last[0] + len(last[1])].strip(_EDGES)
        if 1 < len(phrase) <= 60 and stop - at <= 3 and gazetteer.is_place(phrase):
            return stop
    return 0


def _turns(before: str, chunk: str) -> bool:
    """Whether the comma divides a post from an employer (either way round)."""
    title, company = title_score(before), company_score(before)
    if len(chunk.strip()) < 2 or re.match(r"\s*(?:inc|llc|ltd|l\.?p|corp|co|s\.?a)\b", chunk, re.IGNORECASE):
        return False
    if _LEGAL.search(chunk.rstrip(" )")) and company == 0 and len(before.split()) <= 5:
        return True
    if title >= 0.5 and company_score(chunk) >= 0.7 and title_score(chunk) < 0.8:
        return True
    return company >= 0.7 and title < 0.8 and title_score(chunk) >= 0.8


def _part(raw: str, at: int, line: int, mark: str, gazetteer: Gazetteer) -> Part | None:
    lead = len(raw) - len(raw.lstrip(_EDGES))
    text = raw[lead:].rstrip(" \t,;:|–—-•·([/")
    if text.endswith(".") and not _KEPT_END.search(text[:-1]):
        text = text[:-1].rstrip()
    if text.endswith(")") and "(" not in text:
        text = text[:-1].rstrip()
    if len(text) < 2 or len(text) > MAX_PART_CHARS or not any(char.isalpha() for char in text):
        return None
    placeholder = _PLACEHOLDER.fullmatch(text)
    if placeholder and placeholder.group("company"):
        return Part(text, at + lead, line, 0.0, 0.95, None, mark)
    if placeholder:
        place = Field(Location(text), at + lead, at + lead + len(text), 0.8)
        return Part(text, at + lead, line, 0.0, 0.0, place, mark)
    found = gazetteer.resolve(text) if len(text) <= 60 and gazetteer.is_place(text) else None
    if found is not None:
        region = found.admin1 if found.country == "US" else ""
        value = Location(text, found.city, region, found.country)
        place = Field(value, at + lead, at + lead + len(text), 0.85)
        return Part(text, at + lead, line, 0.0, company_score(text) / 2, place, mark)
    return Part(text, at + lead, line, title_score(text), company_score(text), None, mark)


def head_of(parts: list[Part], title_first: bool | None) -> Head:
    """Title, employer and place among the phrases. `title_first` is what other entries of the resume do."""
    place = next((part.place for part in parts if part.place is not None), None)
    rest = [part for part in parts if part.place is None]
    if not rest:
        return Head(place=place)
    title, company = _assign(rest, title_first)
    if title is not None and company is None:
        split = _unjoin(title)
        if split is not None:
            title, company = split
    order = None if title is None or company is None else title.start < company.start
    return Head(_text(title, "title"), _text(company, "company"), place, order)


def _assign(parts: list[Part], title_first: bool | None) -> tuple[Part | None, Part | None]:
    """The pair (title, employer) with the highest joint score; ties go to the usual order."""
    if len(parts) == 1:
        only = parts[0]
        return (None, only) if only.company > only.title else (only, None)
    usual = True if title_first is None else title_first
    best: tuple[float, Part, Part] | None = None
    for i, one in enumerate(parts[:5]):
        for j, other in enumerate(parts[:5]):
            if i == j:
                continue
            score = one.title - 0.6 * one.company + other.company - 0.8 * other.title
            score += 0.3 if (one.start < other.start) == usual else 0.0
            score -= 0.08 * (i + j) + 0.15 * (other.mark == "(") + 0.1 * (one.mark == "(")
            if best is None or score > best[0]:
                best = score, one, other
    return (best[1], best[2]) if best else (None, None)


def _unjoin(part: Part) -> tuple[Part, Part] | None:
    """ "Accountant Acme Industries Inc": nothing stands between post and employer."""
    if part.company < 0.9 or part.title < 0.8:
        return _comma(part)
    words = list(_WORD.finditer(part.text))
    for word, after in pairwise(words):
        head, tail = part.text[: word.end()], part.text[after.start() :]
        joins = after.group().casefold() in _NO_TITLE_AFTER or word.group().casefold() in _NO_TITLE_AFTER
        if not joins and title_score(head) >= 0.9 and title_score(tail) < 0.5 and company_score(tail) >= 0.9:
            return _halves(part, word.end(), after.start())
    return None


def _comma(part: Part) -> tuple[Part, Part] | None:
    """ "Software Engineer, Google" where nothing else can be the employer."""
    head, comma, tail = part.text.rpartition(", ")
    plain = tail and tail[0].isupper() and len(tail.split()) <= 4 and title_score(tail) == 0
    if comma and plain and title_score(head) >= 0.9 and not re.search(r"\b(?:and|of|for|&)\b", tail):
        return _halves(part, len(head), len(head) + 2)
    return None


def _halves(part: Part, end: int, begin: int) -> tuple[Part, Part]:
    head, tail = part.text[:end], part.text[begin:]
    return (
        Part(head, part.start, part.line, title_score(head), 0.0, None, part.mark),
        Part(tail, part.start + begin, part.line, 0.0, 0.5, None, ","),
    )


def _text(part: Part | None, role: str) -> Text | None:
    if part is None:
        return None
    score = part.title if role == "title" else part.company
    confidence = 0.6 + 0.35 * score if score > 0 else 0.5
    return Field(part.text, part.start, part.end, round(min(confidence, 0.95), 2))
