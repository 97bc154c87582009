"""Sections that list things: skills, languages, certificates, projects."""

from __future__ import annotations

import re
from collections.abc import Iterator

from features.resume.cleaning import BULLETS
from features.resume.dates import find_ranges
from features.resume.highlights import highlights
from features.resume.language_names import LANGUAGES
from features.resume.levels import cefr_of, fluency_span
from features.resume.records import (
    Certificate,
    Field,
    Language,
    Line,
    Project,
    ReadDocument,
    Section,
)
from features.resume.sections import lines_in

Text = Field[str]
MAX_SKILLS = 300
MAX_SKILL_CHARS, MAX_SKILL_WORDS = 60, 6
_BULLET = re.compile(rf"^(?:[{BULLETS}\-–—*+]|o(?= ))\s*")
_LABEL = re.compile(r"^([^\W\d_][^:\n]{1,45}?)\s*(?::|\s[–—-](?=\s))\s*(?=\S)")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>()|,;]+", re.IGNORECASE)
_EDGES = " \t,;:|–—-•·./\\"
_KEEPS_DOT = re.compile(r"^\.(?=net\b)", re.IGNORECASE)


def find_skills(document: ReadDocument, section: Section) -> list[Text]:
    """What the section lists: cut at commas, semicolons, bars, bullets and cells; labels of groups dropped;
    sentences left out."""
    lines = lines_in(document, section)
    commas = _by_commas(document.text, lines)
    found: list[Text] = []
    seen: set[str] = set()
    for start, end in _runs(document.text, lines, joined=commas):
        # a group may run over its line end where the section as a whole does not
        run = document.text[start:end]
        runs_on = commas or run.count(",") > run.count("\n") > 0
        for skill in _items(document.text, start, end, commas=runs_on):
            key = skill.value.casefold()
            if key not in seen and len(found) < MAX_SKILLS:
                seen.add(key)
                found.append(skill)
    return found


def _by_commas(text: str, lines: list[Line]) -> bool:
    """Whether the list runs over line ends: "Java, Python,\nSpring"."""
    body = [text[line.start : line.end] for line in lines]
    return sum(words.count(",") + words.count(";") for words in body) >= 1.5 * max(1, len(body))


def _runs(text: str, lines: list[Line], *, joined: bool) -> Iterator[tuple[int, int]]:
    """Spans that are cut on their own; lines go together where the list runs over their ends."""
    start = end = -1
    for line in lines:
        words = text[line.start : line.end]
        goes_on = (
            start >= 0
            and not line.bullet
            and line.gap < 0.4
            and not _LABEL.match(words)
            and (joined or text[end - 1] in ",;" or words[:1].islower())
            and text[end - 1] != "."
        )
        if not goes_on:
            if start >= 0:
                yield start, end
            start = line.start
        end = line.end
    if start >= 0:
        yield start, end


def _items(text: str, start: int, end: int, *, commas: bool) -> Iterator[Text]:
    bullet = _BULLET.match(text[start:end])
    start += bullet.end() if bullet else 0
    label = _LABEL.match(text[start:end])
    if label and (text.find(",", start, end) >= 0 or len(label.group(1).split()) <= 4):
        start += label.end()
    at, depth = start, 0
    for i in range(start, end + 1):
        char = text[i] if i < end else ","
        depth += (char in "([") - (char in ")]" and depth > 0)
        cut = i == end or (
            depth == 0 and (char in f";|\t{BULLETS}" or (char == "," and not _in_number(text, i)))
        )
        cut = cut or (char == "\n" and not commas)
        if cut:
            yield from _item(text, at, i)
            at = i + 1


def _in_number(text: str, i: int) -> bool:
    return text[i - 1 : i].isdigit() and text[i + 1 : i + 2].isdigit()


def _item(text: str, start: int, end: int) -> Iterator[Text]:
    raw = text[start:end]
    stripped = raw.strip(_EDGES + "\n")
    if not stripped:
        return
    at = start + raw.index(stripped)
    if _KEEPS_DOT.match(text[at - 1 : at + 4]):
        at, stripped = at - 1, "." + stripped
    stripped = re.sub(r"^(?:and|&|und|et|y)\s+", "", stripped)
    at = text.index(stripped, at)
    value = " ".join(stripped.split())
    if len(value) > MAX_SKILL_CHARS or len(value.split()) > MAX_SKILL_WORDS or find_ranges(value):
        return
    if not any(char.isalpha() for char in value):
        return
    few = len(value.split()) <= 3
    yield Field(value, at, at + len(stripped), 0.85 if few else 0.65)


_SPLIT_LANGUAGES = re.compile(rf"[,;|\n\t{BULLETS}]|\s(?:and|und|et|y|&)\s|/")
_SPOKEN = re.compile(
    r"(?<!programming )\b(?:languages?(?: spoken| known| skills)?|fluent in|native|bilingual(?: in)?|"
    r"speaks?|proficient in (?:spoken )?)\s*:?\s+"
    r"([^.\n]{3,120})",
    re.IGNORECASE,
)


def find_languages(document: ReadDocument, section: Section) -> list[Language]:
    """Human languages named in a section, each with the level that stands in the same item."""
    found: list[Language] = []
    for line in lines_in(document, section):
        found += _spoken(document.text, line.start, line.end, 0.95)
    return _once(found)


def stated_languages(document: ReadDocument) -> list[Language]:
    """Where there is no section: "Fluent in Spanish", "Languages: English, Greek"."""
    found: list[Language] = []
    for line in document.lines:
        words = document.text[line.start : line.end]
        match = _SPOKEN.search(words)
        if match:
            inner = line.start + match.start()
            found += _spoken(document.text, inner, line.start + match.end(), 0.7)
    return _once(found)


def _once(found: list[Language]) -> list[Language]:
    kept: dict[str, Language] = {}
    for spoken in found:
        known = kept.get(spoken.language.value)
        if known is None or (known.fluency is None and spoken.fluency is not None):
            kept[spoken.language.value] = spoken
    return list(kept.values())


def _spoken(text: str, start: int, end: int, confidence: float) -> list[Language]:
    """Each language with the words up to the next one."""
    names = [
        (start + m.start(), start + m.end(), LANGUAGES[m.group().casefold()])
        for m in re.finditer(r"[^\W\d_]+", text[start:end])
        if m.group().casefold() in LANGUAGES and m.group()[:1].isupper()
    ]
    found = []
    for number, (begin, stop, name) in enumerate(names):
        until = names[number + 1][0] if number + 1 < len(names) else end
        since = names[number - 1][1] if number else start
        level = _level(text, begin, stop, until) or _level_before(text, since, begin)
        fluency = Field(text[level[0] : level[1]], level[0], level[1], 0.85) if level else None
        cefr = cefr_of(fluency.value) if fluency else ""
        found.append(Language(Field(name, begin, stop, confidence), fluency, cefr))
    return found


def _level(text: str, begin: int, stop: int, until: int) -> tuple[int, int] | None:
    """What is said behind the language: "English (C1)", "Greek - native"."""
    after = text[stop:until]
    cut = re.search(r"[,;|\n]", after)
    near = after[: cut.start()] if cut and not re.match(r"\s*[,;|]\s*[a-zA-C]\w{0,12}\b", after) else after
    bracket = re.match(r"\s*\(([^()]*)\)", after)
    near = bracket.group() if bracket else near
    span = fluency_span(near[:80])
    if span is None:
        return None
    lead = re.match(r"[\s:(–—-]*", near)
    whole_start = lead.end() if lead else 0
    whole = near[whole_start:].rstrip(" )\n.,;|/&")
    whole = re.sub(r"\s(?:and|und|et|y|&)$", "", whole)
    if whole and len(whole) <= 50 and "\n" not in whole:
        return stop + whole_start, stop + whole_start + len(whole)
    return stop + span[0], stop + span[1]


def _level_before(text: str, since: int, begin: int) -> tuple[int, int] | None:
    """ "Fluent in Greek", "Native English speaker"."""
    before = text[max(since, begin - 40) : begin]
    cut = max(before.rfind(mark) for mark in ",;|\n")
    span = fluency_span(before[cut + 1 :])
    offset = max(since, begin - 40) + cut + 1
    return (offset + span[0], offset + span[1]) if span else None


_ISSUER = re.compile(r"\t|\s[|•·]\s|\s[-–—]\s|,\s(?=[A-Z])|\s(?:by|from|issued by)\s|\s\((?=[A-Z])")


def find_certificates(document: ReadDocument, section: Section) -> list[Certificate]:
    """One a line or item: name, issuer, date."""
    found: list[Certificate] = []
    lines = lines_in(document, section)
    for start, end in _certificate_runs(document.text, lines):
        certificate = _certificate(document.text, start, end)
        if certificate is not None:
            found.append(certificate)
    return found[:100]


def _certificate_runs(text: str, lines: list[Line]) -> Iterator[tuple[int, int]]:
    longest = max((line.end - line.start for line in lines), default=0)
    start = end = -1
    for line in lines:
        words = text[line.start : line.end]
        above = text[text.rfind("\n", 0, max(end, 0)) + 1 : max(end, 0)]
        full = len(above) > 0.86 * longest and longest > 80 and "\t" not in above and not find_ranges(above)
        if start >= 0 and not line.bullet and line.gap < 0.4 and (words[:1].islower() or full):
            end = line.end
            continue
        if start >= 0:
            yield start, end
        start, end = line.start, line.end
    if start >= 0:
        yield start, end


def _certificate(text: str, start: int, end: int) -> Certificate | None:
    bullet = _BULLET.match(text[start:end])
    start += bullet.end() if bullet else 0
    words = text[start:end]
    dates = find_ranges(words)
    date = None
    if dates:
        first = dates[0].first
        date = Field(first.value, start + first.start, start + first.end, 0.85)
        words = words[: dates[0].start] + " " * (dates[0].end - dates[0].start) + words[dates[0].end :]
    cut = next((m for m in _ISSUER.finditer(words) if words[: m.start()].strip(_EDGES + "(")), None)
    head = words[: cut.start()] if cut else words
    name = _trimmed(head, start)
    issuer = _trimmed(words[cut.end() :], start + cut.end()) if cut else None
    if name is None and issuer is not None:
        name, issuer = issuer, None
    if name is None or len(name.value) > 160 or len(name.value) < 3:
        return None
    if issuer is not None and (len(issuer.value) > 80 or not issuer.value[:1].isupper()):
        issuer = None
    return Certificate(name, issuer, date)


def _trimmed(words: str, start: int) -> Text | None:
    bare = words.strip(_EDGES + "\n()")
    if not any(char.isalpha() for char in bare):
        return None
    at = start + words.index(bare)
    return Field(" ".join(bare.split()), at, at + len(bare), 0.75)


def find_projects(document: ReadDocument, section: Section) -> list[Project]:
    """A short line that is no bullet, with white space above, a date or another look, opens a project."""
    lines = lines_in(document, section)
    heads = [i for i, line in enumerate(lines) if _opens(document.text, lines, i)]
    found = []
    for number, head in enumerate(heads):
        stop = heads[number + 1] if number + 1 < len(heads) else len(lines)
        project = _project(document.text, lines[head:stop])
        if project is not None:
            found.append(project)
    return found[:60]


def _opens(text: str, lines: list[Line], i: int) -> bool:
    line = lines[i]
    words = text[line.start : line.end]
    if line.bullet or len(words) > 110 or words[:1].islower():
        return False
    if i == 0 or line.heading:
        return True
    above = lines[i - 1]
    new_look = line.bold and not above.bold
    after_body = above.bullet or text[above.start : above.end].rstrip().endswith(".")
    dated = bool(find_ranges(words)) and not words.endswith(".")
    return new_look or (line.gap >= 0.4 and not words.endswith(".")) or (dated and after_body)


def _project(text: str, lines: list[Line]) -> Project | None:
    head = lines[0]
    words = text[head.start : head.end]
    ranges = find_ranges(words)
    first = last = None
    if ranges:
        found = next((r for r in ranges if not r.single), ranges[0])
        single = Field(found.first.value, head.start + found.first.start, head.start + found.first.end, 0.85)
        first, last = (None, single) if found.single else (single, None)
        if found.last is not None:
            last = Field(found.last.value, head.start + found.last.start, head.start + found.last.end, 0.85)
        words = words[: found.start] + " " * (found.end - found.start) + words[found.end :]
    link = _URL.search(text, head.start, lines[-1].end)
    url = (
        Field(link.group().rstrip(".,"), link.start(), link.start() + len(link.group().rstrip(".,")), 0.9)
        if link
        else None
    )
    cut = re.search(r"\t|\s[|]\s|\s[–—]\s|:\s", words)
    name = _trimmed(words[: cut.start()] if cut and words[: cut.start()].strip(_EDGES) else words, head.start)
    if name is None:
        return None
    points = highlights(text, lines[1:])
    marked = {line.start for line in lines if line.bullet}
    bullets = tuple(p for p in points if _line_of(text, p) in marked)
    prose = [p for p in points if _line_of(text, p) not in marked]
    url_only = (
        url is not None
        and prose
        and prose[0].start <= url.start < prose[0].end
        and len(prose[0].value) < len(url.value) + 4
    )
    prose = prose[1:] if url_only else prose
    return Project(head.start, lines[-1].end, name, prose[0] if prose else None, url, first, last, bullets)


def _line_of(text: str, point: Text) -> int:
    return text.rfind("\n", 0, point.start) + 1
