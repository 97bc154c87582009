"""How places and values of a resume read on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.resume.importing import PERIOD
from app.resume.pointers import parts
from app.resume.render.wording import HEADINGS, day

TEMPLATES = {"classic": "Classic", "modern": "Modern", "compact": "Compact"}
FORMATS = {
    "pdf": "PDF",
    "docx": "Word (DOCX)",
    "md": "Markdown",
    "json": "JSON Resume",
    "txt": "Plain text",
}
PAPERS = {"a4": "A4", "letter": "US Letter"}
SOURCES = {
    "typed": "Written here",
    "parsed": "Read from a file",
    "imported": "Imported",
    "tailored": "Tailored to a posting",
}
_FIELDS = {
    "name": "name",
    "label": "headline",
    "startDate": "start",
    "endDate": "end",
    "studyType": "degree",
    "area": "field of study",
    "releaseDate": "date",
    "highlights": "point",
    "keywords": "entry",
    "url": "link",
    "countryCode": "country",
    "postalCode": "postal code",
}
#: What `name` is where it is more than the entry itself.
_NAMES = {"work": "employer", "basics": "name"}


def place(pointer: str) -> str:
    """ "/work/0/highlights/1" -> "Experience 1, point 2"; "" is the whole resume."""
    steps = parts(pointer)
    if not steps:
        return "The whole resume"
    section, *rest = steps
    if section == "basics":
        return _fields(rest, section).capitalize() or "About you"
    name = HEADINGS.get(section, section.capitalize())
    if rest and rest[0].isdecimal():
        name, rest = f"{name} {int(rest[0]) + 1}", rest[1:]
    return ", ".join(part for part in (name, _fields(rest, section)) if part)


def _fields(steps: list[str], section: str) -> str:
    words: list[str] = []
    for step in steps:
        if step.isdecimal():
            words.append(str(int(step) + 1))
        else:
            words.append(_NAMES.get(section, "") if step == "name" else _FIELDS.get(step, step))
    return " ".join(word for word in words if word)


def value(found: Any, name: str = "") -> str:
    """A value in words, lists with a line for each."""
    if found is None:
        return ""
    if isinstance(found, Mapping):
        return "\n".join(value(item, str(key)) for key, item in found.items())
    if isinstance(found, list | tuple):
        return "\n".join(value(item) for item in found)
    return day(found) if name in PERIOD else str(found)
