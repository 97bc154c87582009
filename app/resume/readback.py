"""What a machine reads in our file, held against what was written: the "what a parser sees" check.

Compares what a reader can be expected to find in the page (names, posts, employers, periods, degrees, skills
and so on), value by value. It knows no reader: both sides are JSON Resume.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
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
    """One entry that was not read does not make all that follow it wrong."""
    for section, fields in COMPARED.items():
        written, found = data.get(section, []), list(read.get(section, []))
        keys = ([_key(item, fields) for item in side] for side in (written, found))
        for i, j in _pairs(*keys):
            at = f"/{section}" if i is None else child(f"/{section}", i)
            one, other = (side[k] if k is not None else None for side, k in ((written, i), (found, j)))
            if one is None or other is None:
                yield Difference(at, one, other)
            else:
                yield from _entry(at, fields, one, other)


def _key(item: Mapping[str, Any], fields: tuple[str, ...]) -> str:
    return json.dumps([item.get(name) for name in fields[:2]])


def _pairs(written: list[str], found: list[str]) -> Iterator[tuple[int | None, int | None]]:
    """Positions that belong together: what is equal, and between two of those the others as they come."""
    for _, i1, i2, j1, j2 in SequenceMatcher(None, written, found, autojunk=False).get_opcodes():
        yield from zip_longest(range(i1, i2), range(j1, j2))


def _entry(at: str, fields: tuple[str, ...], written: Json, found: Mapping[str, Any]) -> Iterator[Difference]:
    for name in fields:
        one, other = written.get(name) or None, found.get(name) or None
        if one != other:
            yield Difference(child(at, name), one, other)


def _skills(data: Json, read: Mapping[str, Any]) -> Iterator[Difference]:
    """Readers list skills one by one and once; groups are for people."""
    places: dict[str, tuple[str, str]] = {}
    for pointer, name in printed_skills(data.get("skills", [])):
        places.setdefault(name.casefold(), (pointer, name))
    written = list(places.values())
    found = [
        name for item in read.get("skills", []) for name in item.get("keywords") or [item.get("name", "")]
    ]
    for i, j in _pairs([name for _, name in written], found):
        pointer, one = ("/skills", None) if i is None else written[i]
        other = None if j is None else found[j]
        if one != other:
            yield Difference(pointer, one, other)
