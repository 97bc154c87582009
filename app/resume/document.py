"""The resume document: JSON Resume 1.0.0 (https://jsonresume.org/schema), strict, with bounds on everything.

Unknown fields are refused, absent ones are empty. Text is Unicode NFC without control characters and without
marks that turn the direction of what follows. Beside the standard there is one block, `x-jobpilot`: where a
reader found each value, what is not to be shown, and where each value of a tailored resume comes from.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel

SCHEMA = "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json"
#: Bytes of a document as compact UTF-8 JSON.
MAX_BYTES = 200_000
#: Bidirectional overrides and isolates, and marks that show nothing; joiners stay, scripts need them.
_UNSEEN = dict.fromkeys(
    [0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_BREAKS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_BLANKS = re.compile(r"[^\S\n]+")
_GAPS = re.compile(r" *\n[ \n]*")
_DATE = r"^([12]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?)?$"
_EMAIL = r"^([^\s@<>\x22,;]+@[^\s@<>\x22,;]+)?$"
_URL = r"^(https?://[^\s<>\x22{}|\\^`]+)?$"
_POINTER = r"^(/([^~/]|~[01])*)+$"


def one_line(text: str) -> str:
    return _SPACES.sub(" ", _visible(text)).strip()


def paragraphs(text: str) -> str:
    """Every line break is a paragraph's end."""
    return _GAPS.sub("\n", _BLANKS.sub(" ", _visible(text))).strip()


def _visible(text: str) -> str:
    lines = _BREAKS.sub("\n", text).translate(_UNSEEN)
    kept = "".join(c for c in lines if c in "\n\t" or not _is_nonsense(c))
    return unicodedata.normalize("NFC", kept)


def _is_nonsense(char: str) -> bool:
    """Control characters, halves of pairs, private use, and what Unicode says is no character."""
    code = ord(char)
    noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return noncharacter or unicodedata.category(char) in ("Cc", "Cs", "Co")


def real_date(text: str) -> str:
    """Raises ValueError for a day the calendar does not have."""
    if len(text) == 10:
        date.fromisoformat(text)
    return text


Short = Annotated[str, StringConstraints(max_length=200), AfterValidator(one_line)]
Item = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line), Field(min_length=1)
]
Bullet = Annotated[
    str, StringConstraints(min_length=1, max_length=1000), AfterValidator(one_line), Field(min_length=1)
]
Prose = Annotated[str, StringConstraints(max_length=5000), AfterValidator(paragraphs)]
Url = Annotated[str, StringConstraints(max_length=500, pattern=_URL, strip_whitespace=True)]
Email = Annotated[str, StringConstraints(max_length=254, pattern=_EMAIL, strip_whitespace=True)]
PartialDate = Annotated[str, StringConstraints(max_length=10, pattern=_DATE), AfterValidator(real_date)]
Pointer = Annotated[str, StringConstraints(max_length=200, pattern=_POINTER)]


class Part(BaseModel):
    """Fields are camelCase on the wire; what is empty is left out of it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        serialize_by_alias=True,
    )

    # an annotation of the result would take the place of the JSON schema
    @model_serializer(mode="wrap")
    def without_empty(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        written: dict[str, Any] = handler(self)
        return {name: value for name, value in written.items() if value not in ("", None, [], (), {})}


class Dated(Part):
    """No `endDate` with a `startDate`: it goes on."""

    start_date: PartialDate = ""
    end_date: PartialDate = ""

    @model_validator(mode="after")
    def in_order(self) -> Self:
        shared = min(len(self.start_date), len(self.end_date))
        if self.start_date[:shared] > self.end_date[:shared]:
            raise ValueError("endDate is before startDate")
        return self


class Location(Part):
    address: Short = ""
    postal_code: Annotated[str, StringConstraints(max_length=20), AfterValidator(one_line)] = ""
    city: Short = ""
    country_code: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""
    region: Short = ""


class Profile(Part):
    network: Short = ""
    username: Short = ""
    url: Url = ""


class Basics(Part):
    name: Short = ""
    label: Short = ""
    image: Url = ""
    email: Email = ""
    phone: Annotated[str, StringConstraints(max_length=40), AfterValidator(one_line)] = ""
    url: Url = ""
    summary: Prose = ""
    location: Location = Location()
    profiles: tuple[Profile, ...] = Field((), max_length=20)


class Work(Dated):
    name: Short = Field("", description="the employer")
    location: Short = ""
    description: Short = Field("", description="what the employer does")
    position: Short = ""
    url: Url = ""
    summary: Prose = ""
    highlights: tuple[Bullet, ...] = Field((), max_length=40)


class Volunteer(Dated):
    organization: Short = ""
    position: Short = ""
    url: Url = ""
    summary: Prose = ""
    highlights: tuple[Bullet, ...] = Field((), max_length=40)


class Education(Dated):
    institution: Short = ""
    url: Url = ""
    area: Short = ""
    study_type: Short = ""
    score: Annotated[str, StringConstraints(max_length=60), AfterValidator(one_line)] = ""
    courses: tuple[Item, ...] = Field((), max_length=60)


class Award(Part):
    title: Short = ""
    date: PartialDate = ""
    awarder: Short = ""
    summary: Prose = ""


class Certificate(Part):
    name: Short = ""
    date: PartialDate = ""
    issuer: Short = ""
    url: Url = ""


class Publication(Part):
    name: Annotated[str, StringConstraints(max_length=400), AfterValidator(one_line)] = ""
    publisher: Short = ""
    release_date: PartialDate = ""
    url: Url = ""
    summary: Prose = ""


class Skill(Part):
    """A skill, or a group of them when it has `keywords`."""

    name: Short = ""
    level: Short = ""
    keywords: tuple[Item, ...] = Field((), max_length=100)


class Language(Part):
    language: Short = ""
    fluency: Short = ""


class Interest(Part):
    name: Short = ""
    keywords: tuple[Item, ...] = Field((), max_length=50)


class Reference(Part):
    name: Short = ""
    reference: Prose = ""


class Project(Dated):
    name: Short = ""
    description: Prose = ""
    highlights: tuple[Bullet, ...] = Field((), max_length=40)
    keywords: tuple[Item, ...] = Field((), max_length=50)
    url: Url = ""
    roles: tuple[Item, ...] = Field((), max_length=20)
    entity: Short = ""
    type: Short = ""


class Meta(Part):
    canonical: Url = ""
    version: Annotated[str, StringConstraints(max_length=40)] = ""
    last_modified: Annotated[str, StringConstraints(max_length=40)] = ""
    theme: Annotated[str, StringConstraints(max_length=60)] = ""


class Found(Part):
    """Characters `[start, end)` of the text that was read, and how sure the reader was (0..1)."""

    start: int = Field(ge=0, le=10_000_000)
    end: int = Field(ge=0, le=10_000_000)
    confidence: float = Field(0.0, ge=0, le=1, allow_inf_nan=False)


class Origin(Part):
    """The text at `path` of this document is the text at `source` of the document it was made from: all of
    it, or its sentences with these numbers (from 0)."""

    path: Pointer
    source: Pointer
    sentences: tuple[Annotated[int, Field(ge=0, le=5000)], ...] = Field((), max_length=500)


class Extension(Part):
    """Keys and entries that are JSON pointers (RFC 6901) name values of this document."""

    fields: dict[Pointer, Found] = Field(
        default_factory=dict, max_length=5000, description="as read from a file"
    )
    hidden: tuple[Pointer, ...] = Field((), max_length=500, description="kept here, left out of files")
    origins: tuple[Origin, ...] = Field((), max_length=5000)

    @model_validator(mode="after")
    def no_half_period(self) -> Self:
        """Without its end, what is over would read as going on."""
        if any(pointer.endswith(("/startDate", "/endDate")) for pointer in self.hidden):
            raise ValueError("a date can only be hidden with its entry")
        return self


EXAMPLE: dict[str, JsonValue] = {
    "basics": {"name": "Ada Example", "label": "Data Engineer", "email": "ada@example.org"},
    "work": [
        {
            "position": "Data Engineer",
            "name": "Acme Analytics",
            "startDate": "2019-03",
            "highlights": ["Cut the nightly load from 6 hours to 40 minutes."],
        }
    ],
    "skills": [{"name": "Data", "keywords": ["Python", "Spark"]}],
}


class Document(Part):
    """A resume. Sections are printed in the usual order, whatever order they have here."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    schema_: Url = Field("", alias="$schema")
    basics: Basics = Basics()
    work: tuple[Work, ...] = Field((), max_length=60)
    volunteer: tuple[Volunteer, ...] = Field((), max_length=40)
    education: tuple[Education, ...] = Field((), max_length=40)
    awards: tuple[Award, ...] = Field((), max_length=60)
    certificates: tuple[Certificate, ...] = Field((), max_length=100)
    publications: tuple[Publication, ...] = Field((), max_length=200)
    skills: tuple[Skill, ...] = Field((), max_length=200)
    languages: tuple[Language, ...] = Field((), max_length=40)
    interests: tuple[Interest, ...] = Field((), max_length=60)
    references: tuple[Reference, ...] = Field((), max_length=40)
    projects: tuple[Project, ...] = Field((), max_length=100)
    meta: Meta = Meta()
    x_jobpilot: Extension = Field(Extension(), alias="x-jobpilot")

    def json_data(self) -> dict[str, Any]:
        """As JSON values, what is empty left out."""
        written: dict[str, Any] = self.model_dump(mode="json")
        return written
