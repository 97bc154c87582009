"""Education sections -> entries. A degree or, failing one, a school opens an entry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from features.places import Gazetteer
from features.resume.cleaning import BULLETS
from features.resume.dates import DateRange, find_ranges
from features.resume.levels import degrees
from features.resume.records import Education, Field, Line, Location, ReadDocument, Section
from features.resume.sections import lines_in
from features.resume.vocabulary import is_subject, school_spans

Text = Field[str]
_PLACE = re.compile(r"\bCity\b\s*,?\s*(?:\bState\b)?(?:\s*,\s*(?:USA?|United States|[A-Z]\w+))?|,\s*State\b")
_SCORE = re.compile(
    r"(?:\b(?:c?gpa|grade(?: point average)?|average|note|percentage|score)\b\s*(?:of|is|:|-|"
    r"–)?\s*(?:(?:c?gpa|average)\s*[:\s]\s*)?)"
    r"(?P<value>\d{1,3}(?:[.,]\d{1,3})?\s?%?(?:\s?/\s?\d{1,3}(?:[.,]\d{1,2})?)?|[^\n|;,]{1,40}(?=$|[\n|;]))",
    re.IGNORECASE,
)
_EDGE = re.compile(r"\t|\s[|•·]\s|\s+[-–—]{1,2}\s+|\s*[:;]\s|\s+:|,\s|\s,|[()]|$")
_LEAD = re.compile(
    r"^[\s,:;.\-–—|•·*(]+(?:(?:in|of|with|major(?:ing)?(?: in)?|en|im|in der|for|the|degree in|"
    r"degree)\b[\s:]*)*",
    re.IGNORECASE,
)
_CONNECTOR = re.compile(
    r"^(?:of|the|at|for|and|de|di|da|do|del|della|la|le|el|du|des|der|für|und|&|in|y|e|του|της|и|im)$",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?:grade|courses?|gpa|note|thesis|minor|major|honou?rs|relevant|activities)\b", re.IGNORECASE
)
_STOP = re.compile(
    r"\b(?:gpa|coursework|course work|honou?rs|dean|magna|summa|cum laude|minor|thesis|graduated|relevant|"
    r"activities|"
    r"member|expected|awarded|emphasis|concentration|specializ\w+|completed|awards?|scholarship)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Something that may open an entry."""

    kind: str  # "degree" or "school"
    start: int
    end: int
    level: int = 0


def find_education(document: ReadDocument, section: Section, gazetteer: Gazetteer) -> list[Education]:
    """Entries of one education section, in its order."""
    found: list[Education] = []
    lines = lines_in(document, section)
    for start, end in _blocks(document.text, lines):
        entry = _entry(document.text, start, end, gazetteer)
        if entry is not None and not any(_says_again(entry, known) for known in found):
            found.append(entry)
    return found


def _second_line(words: str, degree: tuple[int, int] | None) -> tuple[int, int] | None:
    """A school without a word that says so: the short line under the degree."""
    first, _, rest = words.partition("\n")
    line = rest.lstrip("\n").partition("\n")[0]
    start = len(words) - len(rest.lstrip("\n")) if rest else 0
    bare = line.split("\t")[0].split(" | ")[0].strip()
    wordy = not 1 < len(bare) <= 80 or bare.endswith((".", ":")) or len(bare.split()) > 9
    if wordy or not bare[0].isupper() or bare[0] in BULLETS or _STOP.match(bare) or _NOTE.match(bare):
        return None
    if find_ranges(bare) or degrees(bare) or (degree is not None and degree[0] > len(first)):
        return None
    at = words.index(bare, start)
    return at, at + len(bare)


def _first_cell(words: str, school: tuple[int, int] | None, dates: int) -> tuple[int, int] | None:
    """A degree in words we do not know: what stands left of the dates, up to a comma."""
    cell = words[: words.rfind("\t", 0, dates + 1)] if "\t" in words[: dates + 1] else ""
    part = cell.split(", ")[0].strip()
    if not part or len(part) > 60 or "\n" in part or (school is not None and school[0] < len(cell)):
        return None
    at = words.index(part)
    return at, at + len(part)


def _says_again(entry: Education, known: Education) -> bool:
    """Some resumes print every entry twice, the second time with less."""
    if _key(entry.study_type) != _key(known.study_type):
        return False
    if _key(entry.institution) not in ("", _key(known.institution)):
        return False
    one, other = _key(entry.area), _key(known.area)
    dates = entry.end_date is None or known.end_date is None or entry.end_date.value == known.end_date.value
    return dates and (one == other or not other or one.startswith(other[:12]) or not one)


def _key(field: Text | None) -> str:
    return "".join(char for char in field.value.casefold() if char.isalnum()) if field else ""


def _blocks(text: str, lines: list[Line]) -> list[tuple[int, int]]:
    """Spans of entries: a new one where a degree, a school or a date comes that the open one has already."""
    blocks: list[tuple[int, int]] = []
    start = end = -1
    has: set[str] = set()
    for line in lines:
        for piece in _pieces(text, line):
            kinds = _kinds(text, *piece, line)
            opens = (
                start < 0
                or (kinds & has & {"degree", "school"})
                or ("date" in kinds & has and (kinds & {"degree", "school"} or line.gap >= 0.4))
            )
            if (
                kinds & {"degree", "school", "date"}
                and opens
                and not (line.bullet and start >= 0 and "degree" not in kinds)
            ):
                if start >= 0:
                    blocks.append((start, end))
                start, has = piece[0], set()
            if start >= 0:
                end = piece[1]
                has |= kinds
    if start >= 0:
        blocks.append((start, end))
    return blocks


def _pieces(text: str, line: Line) -> list[tuple[int, int]]:
    """A line, cut where a second degree begins in it: "MBA ... 2012 BSc ... 2008"."""
    words = text[line.start : line.end]
    marks = degrees(words)
    cuts = [0]
    for before, mark in pairwise(marks):
        between = words[before[1] : mark[0]]
        if school_spans(between) and (find_ranges(between) or len(between) > 25):
            cuts.append(mark[0])
    return [(line.start + a, line.start + b) for a, b in zip(cuts, [*cuts[1:], len(words)], strict=True)]


def _kinds(text: str, start: int, end: int, line: Line) -> set[str]:
    words = text[start:end]
    kinds = set()
    named = degrees(words)
    prose = len(words) > 160 or bool(
        re.match(
            r"(?:relevant |honou?rs|activities|thesis|gpa|minor|member|courses?)\b", words, re.IGNORECASE
        )
    )
    if (named and not prose and not (line.bullet and named[0][0] > 30)) or (
        named and prose and named[0][0] <= 4
    ):
        kinds.add("degree")
    if school_spans(words) and (not prose or school_spans(words)[0][0] < 90) and not _STOP.match(words):
        kinds.add("school")
    if find_ranges(words) and len(words) < 160:
        kinds.add("date")
    return kinds


def _entry(text: str, start: int, end: int, gazetteer: Gazetteer) -> Education | None:
    words = text[start:end]
    named = degrees(words)
    ranges = find_ranges(words)
    school = _school(words, named, ranges, gazetteer)
    degree = _degree(words, named, school)
    if school is None:
        school = _second_line(words, degree)
    if degree is None and ranges and "\t" in words[: ranges[0].start + 1]:
        degree = _first_cell(words, school, ranges[0].start)
    if school is None and degree is None:
        return None
    area = _area(words, degree, school, ranges)
    first, last = _dates(ranges, start)
    place = _place(words, start, school, gazetteer)
    score = _SCORE.search(words)
    level = max((level for _, _, level in named[:2]), default=0)
    return Education(
        start, end,
        institution=_field(words, school, start, 0.85),
        area=_field(words, area, start, 0.7),
        study_type=_field(words, degree, start, 0.9),
        level=level, location=place, start_date=first, end_date=last,
        score=_field(words, score.span("value"), start, 0.85) if score else None,
    )  # fmt: skip


def _field(words: str, span: tuple[int, int] | None, start: int, confidence: float) -> Text | None:
    if span is None:
        return None
    value = words[span[0] : span[1]]
    lead = len(value) - len(value.lstrip())
    value = value.strip()
    return (
        Field(
            " ".join(value.split()), start + span[0] + lead, start + span[0] + lead + len(value), confidence
        )
        if value
        else None
    )


def _degree(
    words: str, named: list[tuple[int, int, int]], school: tuple[int, int] | None
) -> tuple[int, int] | None:
    """The first degree that is not part of the school's name ("Boston High School")."""
    for begin, end, _ in named:
        if school is not None and school[0] < begin and end <= school[1]:
            continue
        if school is not None and begin == school[0] and end < school[1]:
            continue
        return begin, end
    return None


def _school(
    words: str, named: list[tuple[int, int, int]], ranges: list[DateRange], gazetteer: Gazetteer
) -> tuple[int, int] | None:
    """The school's whole name around its keyword, between separators, dates and degrees."""
    best: tuple[int, int] | None = None
    for begin, end in school_spans(words):
        if any(b <= begin and end <= e and not _is_named_school(words, b, e) for b, e, _ in named):
            continue
        if words[begin].islower() and not re.search(r"[A-Z]\w+\s+(?:\w+\s+)?$", words[:begin]):
            continue
        left = _expand_left(words, begin, named, ranges)
        right = _expand_right(words, end, named, ranges)
        if best is None or (left <= best[1] + 2 and right > best[1]):
            best = (left, right) if best is None else (best[0], right)
        if best and right >= best[1]:
            break
    return best


def _is_named_school(words: str, begin: int, end: int) -> bool:
    """ "Fairfield Central High School": the keyword is in a degree's words, but a name stands before it."""
    if "school" not in words[begin:end].lower() or re.search(
        r"diploma|degree|certificate|graduate", words[begin:end], re.IGNORECASE
    ):
        return False
    before = re.search(r"([A-Z][\w.'’&-]+)\s*$", words[:begin])
    return bool(before) and not degrees(before.group(1) if before else "")


def _expand_left(words: str, begin: int, named: list[tuple[int, int, int]], ranges: list[DateRange]) -> int:
    floor = max([0, *(e for b, e, _ in named if e <= begin), *(r.end for r in ranges if r.end <= begin)])
    run = words[floor:begin]
    edges = [m.end() for m in _EDGE.finditer(run) if m.end() <= len(run) and m.group()]
    comma_free = [m.end() for m in re.finditer(r"\n", run)]
    floor += max([0, *edges, *comma_free])
    tokens = list(re.finditer(r"\S+", words[floor:begin]))
    keep = floor + (tokens[0].start() if tokens else 0)
    joined = [
        t
        for t in tokens
        if not (t.group()[:1].isupper() or _CONNECTOR.match(t.group()) or t.group()[:1].isdigit())
    ]
    if joined:
        keep = floor + joined[-1].end()
    fields = [t for t in tokens if is_subject(t.group()) and floor + t.start() >= keep]
    after_fields = floor + fields[-1].end() if fields else keep
    if fields:
        keep = _behind_subjects(words, keep, begin, (floor + fields[-1].start(), after_fields))
    lead = _CONNECTOR.match(words[keep:begin].split()[0]) if words[keep:begin].split() else None
    if lead:
        keep = words.index(words[keep:begin].split()[0], keep) + len(words[keep:begin].split()[0])
    return keep + len(words[keep:begin]) - len(words[keep:begin].lstrip())


def _behind_subjects(words: str, keep: int, begin: int, last: tuple[int, int]) -> int:
    """Where the name begins if subjects stand before it: "Business Management Canisius College". A subject
    right before the keyword belongs to the name ("Culinary Institute"), but not before "University"."""
    if words[last[1] : begin].strip():
        return last[1] if re.search(r"[A-Z]", words[last[1] : begin]) else keep
    if words[begin:].lower().startswith("universit"):
        return last[1] if re.match(r"\w+\s+(?:of|at|for)\b", words[begin:]) else keep
    return last[0]


def _expand_right(words: str, end: int, named: list[tuple[int, int, int]], ranges: list[DateRange]) -> int:
    stops = [len(words), *(b for b, _, _ in named if b >= end), *(r.start for r in ranges if r.start >= end)]
    ceiling = min(stops)
    newline = words.find("\n", end, ceiling)
    ceiling = newline if newline >= 0 else ceiling
    place = _PLACE.search(words, end, ceiling)
    ceiling = place.start() if place else ceiling
    edge = _EDGE.search(words, end, ceiling)
    ceiling = edge.start() if edge else ceiling
    at = end
    for token in re.finditer(r"\S+", words[end:ceiling]):
        word = token.group()
        first = words[end : end + token.start()].strip() == ""
        if first and not word[0].isalpha():
            at = end + token.end()
            continue
        if not (word[:1].isupper() or _CONNECTOR.match(word)) or word.casefold() in ("graduated", "gpa"):
            break
        at = end + token.end()
    name = words[end:at]
    while name.split() and _CONNECTOR.match(name.split()[-1]):
        name = name[: name.rindex(name.split()[-1])].rstrip()
    return end + len(name.rstrip("."))


def _area(
    words: str, degree: tuple[int, int] | None, school: tuple[int, int] | None, ranges: list[DateRange]
) -> tuple[int, int] | None:
    """What was studied: behind the degree, up to the school, a date, a place or a new line."""
    if degree is None:
        return None
    lead = _LEAD.match(words[degree[1] :])
    begin = degree[1] + (lead.end() if lead else 0)
    stops = [len(words), *(r.start for r in ranges if r.start >= begin)]
    if school is not None and school[0] >= begin:
        stops.append(school[0])
    place = _PLACE.search(words, begin)
    stops += [place.start()] if place else []
    end = min(stops)
    run = words[begin:end]
    stop = _STOP.search(run)
    run = run[: stop.start()] if stop else run
    edge = re.search(r"\t|\n|\s[|•·]\s|\s[-–—]\s|\s*[:;(]|\.\s", run)
    run = (run[: edge.start()] if edge and edge.start() > 0 else run).rstrip(" ,:;.-–—|(/&")
    for word in ("from", "at"):
        run = re.split(rf"\s+{word}\s+", run)[0]
    run = re.sub(r"[\s,]+\d$", "", run)
    if not run or len(run) > 90 or not any(char.isalpha() for char in run):
        return None
    again = degrees(run)
    if again and again[0][0] == 0 and again[0][1] == len(run):
        return None
    return begin, begin + len(run)


def _dates(ranges: list[DateRange], start: int) -> tuple[Field[str] | None, Field[str] | None]:
    """A single date is when it was finished."""
    if not ranges:
        return None, None
    found = next((r for r in ranges if not r.single), ranges[0])
    first = Field(found.first.value, start + found.first.start, start + found.first.end, 0.9)
    if found.single:
        return None, Field(first.value, first.start, first.end, 0.8)
    last = found.last
    return first, Field(last.value, start + last.start, start + last.end, 0.9) if last else None


def _place(
    words: str, start: int, school: tuple[int, int] | None, gazetteer: Gazetteer
) -> Field[Location] | None:
    """The place behind the school's name."""
    if school is None:
        return None
    for match in re.finditer(r"[^\n\t|•·;()–—]+", words[school[1] :]):
        part = match.group().strip(" ,:-")
        if part and len(part) <= 60 and gazetteer.is_place(part):
            found = gazetteer.resolve(part)
            at = start + school[1] + match.start() + match.group().find(part)
            if found is not None:
                region = found.admin1 if found.country == "US" else ""
                return Field(Location(part, found.city, region, found.country), at, at + len(part), 0.75)
        if match.start() > 60:
            break
    return None
