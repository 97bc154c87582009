"""A resume file -> ParsedResume. The bytes are only ever looked at by a confined child process.

`Parser` is what a server holds: it bounds how many children run at once and loads the gazetteer once.
`parse_resume`, `read_document` and `parse_text` are the same for a script, on one shared parser.
"""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from functools import lru_cache

from features.places import Gazetteer
from features.resume import contact
from features.resume.dates import find_ranges
from features.resume.documents import document_of, document_of_text
from features.resume.errors import NoTextError
from features.resume.finish import finished
from features.resume.listed import (
    find_certificates,
    find_languages,
    find_projects,
    find_skills,
    stated_languages,
)
from features.resume.plain import text_lines
from features.resume.positions import experience_years, find_positions
from features.resume.records import (
    Basics,
    Certificate,
    Education,
    Field,
    Language,
    Limits,
    Line,
    Notice,
    ParsedResume,
    Position,
    Profile,
    Project,
    ReadDocument,
    Section,
    SectionKind,
    Text,
)
from features.resume.rendered import Rendered, render
from features.resume.runner import Children
from features.resume.schooling import find_education
from features.resume.sections import find_sections
from features.resume.tongue import language_of
from features.resume.vocabulary import is_title_like

MAX_CHILDREN = 2
#: Seconds a caller waits for a place before it is told that the parser is busy.
PATIENCE = 20.0


class Parser:
    """Thread-safe; make one for a process. `patience` in seconds. The gazetteer is loaded at the first parse
    (about a second) unless given."""

    def __init__(
        self,
        *,
        max_children: int = MAX_CHILDREN,
        patience: float = PATIENCE,
        limits: Limits | None = None,
        gazetteer: Gazetteer | None = None,
    ) -> None:
        self._children = Children(max_children, patience)
        self._limits = limits or Limits()
        self._gazetteer = gazetteer
        self._loading = threading.Lock()

    def read_document(self, data: bytes, filename: str = "", limits: Limits | None = None) -> ReadDocument:
        """The text and layout alone. `filename` is never trusted and not looked at: the content decides what
        the file is (see `kinds`). Raises ResumeError."""
        limits = limits or self._limits
        return document_of(self._children.read(data, limits), limits)

    def parse(
        self, data: bytes, filename: str = "", limits: Limits | None = None, *, today: date | None = None
    ) -> ParsedResume:
        """Raises ResumeError; ParserBusyError if all children were at work for `patience` seconds."""
        return self.structure(self.read_document(data, filename, limits), today=today)

    def parse_text(self, text: str, *, today: date | None = None) -> ParsedResume:
        """Text that was pasted. Needs no child: nothing is decoded. Raises NoTextError, TooLargeError."""
        lines = finished(text_lines(text, {"max_chars": self._limits.max_chars}))
        if not any(char.isalpha() for line in lines for char in line.text):
            raise NoTextError("There is no text here; please paste the resume.")
        return self.structure(document_of_text(text, [list(line) for line in lines]), today=today)

    def structure(self, document: ReadDocument, *, today: date | None = None) -> ParsedResume:
        """What `document` says. Pure: same document and day, same answer."""
        day = today or datetime.now(UTC).date()
        if document.structured is not None:
            return _structured(document, render(document.structured), day)
        return _Structure(document, self._places(), day).resume()

    def _places(self) -> Gazetteer:
        with self._loading:
            if self._gazetteer is None:
                self._gazetteer = Gazetteer.load()
            return self._gazetteer


class _Structure:
    """One document being read; each step uses what earlier ones found."""

    def __init__(self, document: ReadDocument, gazetteer: Gazetteer, today: date) -> None:
        self.document, self.gazetteer, self.today = document, gazetteer, today
        self.sections = find_sections(document)

    def resume(self) -> ParsedResume:
        document = self.document
        work = tuple(self._work())
        basics, extra = self._basics()
        languages = self._languages()
        links = tuple(contact.links(document.text, [(m.start, m.end) for m in contact.emails(document.text)]))
        known = [basics.name, basics.email, basics.phone, basics.url, *extra, *links]
        known += [profile.url for profile in basics.profiles]
        return ParsedResume(
            document,
            basics,
            work,
            tuple(self._education()),
            tuple(self._skills()),
            tuple(languages),
            tuple(self._certificates()),
            tuple(self._projects()),
            links,
            self.sections,
            experience_years(work, self.today),
            language_of(document.text),
            document.warnings + self._notices(work),
            tuple(contact.private_spans(document.text, known, basics.name, basics.location)),
        )

    def _of(self, kind: SectionKind) -> list[Section]:
        return [section for section in self.sections if section.kind == kind]

    def _work(self) -> list[Position]:
        return [p for s in self._of("work") for p in find_positions(self.document, s, self.gazetteer)]

    def _education(self) -> list[Education]:
        return [e for s in self._of("education") for e in find_education(self.document, s, self.gazetteer)]

    def _skills(self) -> list[Text]:
        found: dict[str, Text] = {}
        for section in self._of("skills"):
            for skill in find_skills(self.document, section):
                found.setdefault(skill.value.casefold(), skill)
        return list(found.values())

    def _languages(self) -> list[Language]:
        found = [spoken for s in self._of("languages") for spoken in find_languages(self.document, s)]
        return found or stated_languages(self.document)

    def _certificates(self) -> list[Certificate]:
        return [c for s in self._of("certificates") for c in find_certificates(self.document, s)]

    def _projects(self) -> list[Project]:
        return [p for s in self._of("projects") for p in find_projects(self.document, s)]

    def _basics(self) -> tuple[Basics, list[Text]]:
        """The basics, and further contact fields that are private but have no place in them."""
        document, header = self.document, self._header()
        addresses = contact.emails(document.text)
        dates = [(r.start, r.end) for r in find_ranges(document.text)]
        phones = contact.phones(document.text, dates)
        name = contact.find_name(document, header, addresses)
        links = contact.links(document.text, [(a.start, a.end) for a in addresses])
        profiles = [p for link in links if (p := contact.profile_of(link)) is not None]
        profiles += list(contact.handles(document.text))
        sites = [link for link in links if contact.profile_of(link) is None and link.start < header.end]
        taken = [(f.start, f.end) for f in [*addresses, *phones, *links] + ([name] if name else [])]
        location = contact.find_location(document, header, self.gazetteer, taken)
        for section in self._of("personal"):
            location = location or contact.find_location(document, section, self.gazetteer, taken)
        basics = Basics(
            name,
            self._label(header, name, taken),
            addresses[0] if addresses else None,
            phones[0] if phones else None,
            sites[0] if sites else None,
            location,
            self._summary(),
            tuple({p.url.value: p for p in profiles}.values()),
        )
        return basics, [*addresses[1:], *phones[1:], *sites[1:]]

    def _header(self) -> Section:
        return next((s for s in self.sections if s.kind == "header"), Section("header", 0, 0))

    def _label(self, header: Section, name: Text | None, taken: list[tuple[int, int]]) -> Text | None:
        """The professional title near the name."""
        for line in self.document.lines:
            if line.start >= header.end:
                return None
            words = self.document.text[line.start : line.end]
            used = any(s < line.end and line.start < e for s, e in taken)
            if used or len(words) > 90 or words.endswith("."):
                continue
            if is_title_like(words):
                return Field(words, line.start, line.end, 0.75 if name else 0.6)
            if (
                name is not None
                and self._follows(line, name)
                and contact.place_in(words, 0, self.gazetteer) is None
            ):
                return Field(words, line.start, line.end, 0.5)
        return None

    def _follows(self, line: Line, name: Text) -> bool:
        """Whether a line stands right under the name and holds a phrase, not a list of contacts."""
        between = self.document.text[name.end : line.start]
        words = self.document.text[line.start : line.end]
        plain = not any(mark in words for mark in "|@:•\t") and not any(char.isdigit() for char in words)
        return line.start > name.end and not between.strip() and plain and len(words.split()) <= 10

    def _summary(self) -> Text | None:
        for section in self._of("summary"):
            body = self.document.text[section.start : section.end]
            words = body.strip()
            if words:
                start = section.start + body.index(words)
                return Field(" ".join(words.split()), start, start + len(words), 0.85)
        return None

    def _notices(self, work: tuple[Position, ...]) -> tuple[Notice, ...]:
        notices = []
        if all(section.title is None for section in self.sections):
            notices.append(Notice("no_sections", "no headings were recognised"))
        if not work:
            notices.append(Notice("no_positions", "no positions were recognised"))
        return tuple(notices)


def _structured(document: ReadDocument, found: Rendered, today: date) -> ParsedResume:
    """A file that was data already: everything is stated."""
    work = tuple(found.work)
    basics = found.basics
    known = [basics.name, basics.email, basics.phone, basics.url, *(p.url for p in basics.profiles)]
    profiles: tuple[Profile, ...] = basics.profiles
    links = tuple(f for f in (basics.url, *(p.url for p in profiles), *(p.url for p in found.projects)) if f)
    return ParsedResume(
        document, basics, work, tuple(found.education), tuple(found.skills), tuple(found.languages),
        tuple(found.certificates), tuple(found.projects), links, tuple(found.sections),
        experience_years(work, today), language_of(document.text), document.warnings,
        tuple(contact.private_spans(document.text, known, basics.name, basics.location)),
    )  # fmt: skip


@lru_cache(1)
def _shared() -> Parser:
    return Parser()


def parse_resume(data: bytes, filename: str = "", limits: Limits | None = None) -> ParsedResume:
    """A file -> everything it says. See `Parser.parse`. Raises ResumeError."""
    return _shared().parse(data, filename, limits)


def read_document(data: bytes, filename: str = "", limits: Limits | None = None) -> ReadDocument:
    """A file -> its text and layout. Raises ResumeError."""
    return _shared().read_document(data, filename, limits)


def parse_text(text: str) -> ParsedResume:
    """Pasted text -> everything it says. Raises NoTextError, TooLargeError."""
    return _shared().parse_text(text)
