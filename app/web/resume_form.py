"""A resume as the fields of a form, and back: who somebody is, and where they worked.

Everything that has no field stays as it is. What a reader noted about a value (`x-jobpilot`) moves with it,
and goes when somebody writes another value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from app.resume.document import Document
from app.resume.pointers import child, parts, resolve
from app.web.resume_words import place

Json = dict[str, Any]
BASICS = ("name", "label", "summary")
WORK = ("position", "name", "startDate", "endDate", "highlights")
LABELS = {
    "name": "Name",
    "label": "Headline",
    "summary": "Summary",
    "position": "Position",
    "startDate": "From",
    "endDate": "Until",
    "highlights": "What you did there",
}
#: The highest number of entries of the document.
MOST = 60
WORDS = {
    "string_too_long": "That is too long.",
    "too_long": "There are too many lines: a position has 40 points at most.",
    "string_pattern_mismatch": "A date is a year, a month or a day: 2019, 2019-03 or 2019-03-14.",
    "value_error": "Check the dates: there is no such day, or the end is before the start.",
}


class Wrong(Exception):  # noqa: N818 - it is told to people, in a form
    """`errors` is field -> what is wrong with it; "" is the whole form."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


def fields(number: int) -> list[str]:
    """Names of the form's fields, with one empty position after `number`."""
    return [*BASICS, *(f"work-{i}-{name}" for i in range(min(number + 1, MOST)) for name in WORK)]


def stored(document: Document) -> dict[str, str]:
    """The document as the form shows it, with room for one more position."""
    data = document.json_data()
    basics, work = data.get("basics", {}), data.get("work", [])
    values = {name: str(basics.get(name, "")) for name in BASICS}
    for field in fields(len(work))[len(BASICS) :]:
        _, number, name = field.split("-")
        entry = work[int(number)] if int(number) < len(work) else {}
        found = entry.get(name, "")
        values[field] = "\n".join(found) if isinstance(found, list) else str(found)
    return values


def labels(values: Mapping[str, str]) -> dict[str, str]:
    """Field -> what it is called where it stands alone."""
    named = {}
    for field in values:
        *entry, name = field.split("-")
        named[field] = LABELS[name if entry or name != "name" else "name"]
        if entry:
            called = "Employer" if name == "name" else LABELS[name]
            named[field] = f"Experience {int(entry[1]) + 1}: {called.lower()}"
    return named


def changed(document: Document, values: Mapping[str, str]) -> Document:
    """The document with what was typed. A position of which nothing is left goes. Raises Wrong."""
    before = document.json_data()
    after: Json = {name: value for name, value in before.items() if name != "x-jobpilot"}
    after["basics"] = before.get("basics", {}) | {name: values[name] for name in BASICS}
    kept, after["work"] = _work(before.get("work", []), values)
    after["x-jobpilot"] = _noted(before, after, kept)
    try:
        return Document.model_validate(after)
    except ValidationError as error:
        raise Wrong(dict(_errors(error, kept))) from None


def _work(before: list[Json], values: Mapping[str, str]) -> tuple[list[int], list[Json]]:
    """(which entries of the form are left, those entries)."""
    kept, entries = [], []
    for number in range(min(len(before) + 1, MOST)):
        typed = {name: values[f"work-{number}-{name}"] for name in WORK}
        if any(typed.values()):
            old = before[number] if number < len(before) else {}
            lines = [line.strip(" \t•") for line in typed["highlights"].split("\n")]
            kept.append(number)
            entries.append(old | typed | {"highlights": [line for line in lines if line]})
    return kept, entries


def _noted(before: Json, after: Json, kept: list[int]) -> Json:
    ours = before.get("x-jobpilot", {})
    moved = dict(_moved([*ours.get("fields", {}), *ours.get("hidden", [])], kept))
    same = {old: new for old, new in moved.items() if _is_same(before, after, old, new)}
    fields_ = {same[old]: found for old, found in ours.get("fields", {}).items() if old in same}
    return {"fields": fields_, "hidden": [moved[old] for old in ours.get("hidden", []) if old in moved]}


def _moved(pointers: list[str], kept: list[int]) -> Iterator[tuple[str, str]]:
    """(old, new) pointers of what is still there: entries before it may be gone."""
    places = {str(old): new for new, old in enumerate(kept)}
    for pointer in pointers:
        steps = parts(pointer)
        if steps[0] != "work" or len(steps) == 1:
            yield pointer, pointer
        elif steps[1] in places:
            rest = "".join(child("", step) for step in steps[2:])
            yield pointer, child("/work", places[steps[1]]) + rest


def _is_same(before: Json, after: Json, old: str, new: str) -> bool:
    try:
        return bool(resolve(before, old) == resolve(after, new))
    except KeyError:
        return False


def _errors(error: ValidationError, kept: list[int]) -> Iterator[tuple[str, str]]:
    for item in error.errors(include_url=False, include_input=False):
        section, *rest = (str(step) for step in item["loc"])
        said = WORDS.get(item["type"], f"{item['msg']}.")
        if section == "basics" and rest and rest[0] in BASICS:
            yield rest[0], said
        elif section == "work" and rest:
            name = rest[1] if len(rest) > 1 and rest[1] in WORK else "endDate"
            yield f"work-{kept[int(rest[0])]}-{name}", said
        else:
            at = "".join(child("", step) for step in (section, *rest))
            yield "", f"{place(at)}: {said}"
