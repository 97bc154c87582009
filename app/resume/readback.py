"""What a machine reads in our file, held against what was written: the "what a parser sees" check.

Compares what a reader can be expected to find in the page (names, posts, employers, periods, degrees, skills
and so on), value by value. It knows no reader: both sides are JSON Resume.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from app.resume.document import Document
from app.resume.pointers import child, without
from app.resume.render.outline import printed_skills

Json = dict[str, Any]
#: Section -> fields of its entries that are held against each other.
COMPARED = {
    "work": ("position", "name", "startDate", "endDate", "highlights"),
    "education": ("studyType", "area", "institution", "startDate", "endDate"),
    "languages": ("language", "fluency"),
    "certificates": ("name", "issuer", "date"),
    "projects": ("name", "startDate", "endDate", "highlights"),
}
BASICS = ("name", "label", "email", "phone", "url")


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` points into the document; `written` or `read` is None where one side has nothing."""

    path: str
    written: Any
    read: Any


def differences(document: Document, read: Mapping[str, Any]) -> list[Difference]:
    """`read` is what a reader made of a file of this document, as JSON Resume."""
    data = without(document.json_data(), frozenset(document.x_jobpilot.hidden))
    return [
        *_entry("/basics", BASICS, data.get("basics", {}), read.get("basics", {})),
        *_sections(data, read),
        *_skills(data, read),
    ]


def _sections(data: Json, read: Mapping[str, Any]) -> Iterator[Difference]:
    for section, fields in COMPARED.items():
        pairs = zip_longest(data.get(section, []), read.get(section, []))
        for number, (written, found) in enumerate(pairs):
            at = child(f"/{section}", number)
            if written is None or found is None:
                yield Difference(at, written, found)
            else:
                yield from _entry(at, fields, written, found)


def _entry(at: str, fields: tuple[str, ...], written: Json, found: Mapping[str, Any]) -> Iterator[Difference]:
    for name in fields:
        one, other = written.get(name) or None, found.get(name) or None
        if one != other:
            yield Difference(child(at, name), one, other)


def _skills(data: Json, read: Mapping[str, Any]) -> Iterator[Difference]:
    """Readers list skills one by one; groups are for people."""
    written = printed_skills(data.get("skills", []))
    found = [
        name for item in read.get("skills", []) for name in item.get("keywords") or [item.get("name", "")]
    ]
    for pointer, one, other in _aligned(written, found):
        if one != other:
            yield Difference(pointer, one, other)


def _aligned(
    written: list[tuple[str, str]], found: list[str]
) -> Iterator[tuple[str, str | None, str | None]]:
    for pair, other in zip_longest(written, found):
        pointer, one = pair or ("/skills", None)
        yield pointer, one, other
