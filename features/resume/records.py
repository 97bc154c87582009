"""What is read from a resume: the document (text and layout) and the structured resume.

All spans are character offsets `[start, end)` into `ReadDocument.text`. `confidence` is 0..1: how sure the
reader is that the value is what the field says, by the strength of the rule that found it; it is not a
calibrated probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from features.resume.export import json_resume

Kind = Literal["pdf", "docx", "txt", "json-resume", "linkedin"]
SectionKind = Literal[
    "header", "summary", "work", "education", "skills", "languages", "certificates", "projects",
    "awards", "publications", "volunteer", "interests", "references", "personal", "other",
]  # fmt: skip
CefrLevel = Literal["A1", "A2", "B1", "B2", "C1", "C2", ""]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Bytes and MB (2^20 bytes) as named; seconds of wall clock and of CPU."""

    max_bytes: int = 5 * 2**20
    max_pages: int = 20
    max_chars: int = 200_000
    #: Text, path and image objects of a PDF together.
    max_objects: int = 100_000
    max_zip_entries: int = 2_000
    max_unpacked_bytes: int = 50 * 2**20
    max_zip_ratio: int = 200
    memory_mb: int = 512
    cpu_seconds: int = 8
    wall_seconds: float = 12.0
    max_output_bytes: int = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know. `code` is "hidden_text" (`detail` names the trick: "invisible render
    mode", "colour of the background", "smaller than 2 pt", "outside the page", "marked as hidden"; `text` is
    what was hidden, at most 500 characters), "repeated_lines" (running headers and footers left out),
    "unmapped_characters", "no_sections", "no_positions". `page` counts from 1; 0 = the whole document."""

    code: str
    detail: str
    page: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the reading order with its look. `size` is in points relative to the document's body text
    (1.0 = body), `gap` the white space above in lines of the body (0 = none; -1 = first of its column),
    `left` the left edge as a share of the page's width. Plain text has size 1.0 and gap counted in empty
    lines. `table` marks a row of a table: its cells are separated by tabs."""

    start: int
    end: int
    page: int = 1
    size: float = 1.0
    bold: bool = False
    gap: float = 0.0
    left: float = 0.0
    bullet: bool = False
    table: bool = False
    heading: bool = False


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """`text` is the normalised reading-order text (NFC, one line per visual line, hyphenation joined, hidden
    text and running headers left out). `sandbox` says which protections held: name -> whether."""

    kind: Kind
    text: str
    pages: int
    lines: tuple[Line, ...]
    warnings: tuple[Notice, ...] = ()
    links: tuple[str, ...] = ()
    #: The validated document itself, for kinds that are structured already (json-resume, linkedin).
    structured: Mapping[str, Any] | None = None
    sandbox: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """A value and where it stands. `value` may be normalised (dates, levels); the text between `start` and
    `end` is what was written."""

    value: T
    start: int
    end: int
    confidence: float


Text = Field[str]
#: ISO 8601 to the precision stated: "2019", "2019-03", "2019-03-14".
PartialDate = Field[str]


@dataclass(frozen=True, slots=True)
class Location:
    """`text` as written; city, region and ISO 3166-1 alpha-2 country where the gazetteer knows the place."""

    text: str
    city: str = ""
    region: str = ""
    country: str = ""
    address: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    network: str
    username: str
    url: Text


@dataclass(frozen=True, slots=True)
class Basics:
    """`name`, `email`, `phone`, `url`, `location.address`, `profiles` are contact data: shown to their owner,
    masked in `ParsedResume.model_text()`. `label` is the professional title under the name."""

    name: Text | None = None
    label: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    url: Text | None = None
    location: Field[Location] | None = None
    summary: Text | None = None
    profiles: tuple[Profile, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """One job. `name` is the employer. `end_date` is None when `current` or when none is stated.
    `current` is a field whose span is the word that says so ("Present"). `start`/`end` span the entry."""

    start: int
    end: int
    position: Text | None = None
    name: Text | None = None
    location: Field[Location] | None = None
    start_date: PartialDate | None = None
    end_date: PartialDate | None = None
    current: Field[bool] | None = None
    highlights: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Education:
    """`study_type` is the degree as written ("BSc", "Master of Arts"); `level` its ISCED 2011 level 3..8
    where known (3 upper secondary, 5 short-cycle, 6 bachelor, 7 master, 8 doctor), else 0."""

    start: int
    end: int
    institution: Text | None = None
    area: Text | None = None
    study_type: Text | None = None
    level: int = 0
    location: Field[Location] | None = None
    start_date: PartialDate | None = None
    end_date: PartialDate | None = None
    score: Text | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """`language` is the English name of the language; `fluency` as written; `cefr` what that means on the
    Common European Framework, "" where nothing comparable is stated ("native" counts as C2)."""

    language: Text
    fluency: Text | None = None
    cefr: CefrLevel = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    name: Text
    issuer: Text | None = None
    date: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Project:
    start: int
    end: int
    name: Text | None = None
    description: Text | None = None
    url: Text | None = None
    start_date: PartialDate | None = None
    end_date: PartialDate | None = None
    highlights: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """`title` is the heading (None for the header and for text before any heading); `[start, end)` is the
    body without the heading."""

    kind: SectionKind
    start: int
    end: int
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class ParsedResume:
    """`experience_years` merges overlapping positions and counts a current one up to the day of parsing;
    None where no position states a date. `skills` are those the resume lists itself, in its own words.
    `language` is the ISO 639-1 code of the text's language, "" if unsure. `private` are the spans that
    `model_text` blanks: names, contact data, street addresses, birth dates and other protected attributes."""

    document: ReadDocument
    basics: Basics = Basics()
    work: tuple[Position, ...] = ()
    education: tuple[Education, ...] = ()
    skills: tuple[Text, ...] = ()
    languages: tuple[Language, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    projects: tuple[Project, ...] = ()
    links: tuple[Text, ...] = ()
    sections: tuple[Section, ...] = ()
    experience_years: float | None = None
    language: str = ""
    warnings: tuple[Notice, ...] = ()
    private: tuple[tuple[int, int], ...] = ()

    @property
    def text(self) -> str:
        """The text all spans refer to. Holds contact data: never give it to a model."""
        return self.document.text

    def model_text(self) -> str:
        """`text` with every private span replaced by as many spaces (line breaks stay), so spans hold."""
        pieces, at = [], 0
        for start, end in sorted(self.private):
            start = max(start, at)
            if end > start:
                pieces += [self.text[at:start], _blank(self.text[start:end])]
                at = end
        return "".join([*pieces, self.text[at:]])

    def to_json_resume(self) -> dict[str, Any]:
        """JSON Resume 1.0.0 (jsonresume.org/schema) plus one block `x-jobpilot`: `kind`, `pages`, `language`,
        `experienceYears`, `warnings`, `sections`, `current` (work indices) and `fields`, which maps the JSON
        pointer (RFC 6901) of every value to `{"start", "end", "confidence"}`."""
        return json_resume(self)


def _blank(text: str) -> str:
    return "".join(char if char == "\n" else " " for char in text)
