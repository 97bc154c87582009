"""A resume from elsewhere (a JSON Resume of any tool, or what our reader made of a file) as a document.

The document is strict and the world is not. What is almost right is put right (an older schema's names, a
date as a moment, a number as a text); what is not is left out and told, never guessed. Where a value was read
(`x-jobpilot.fields`) stays with it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from app.errors import InvalidInputError
from app.resume.document import Document
from app.resume.pointers import child, exists, parts, resolve
from app.resume.provenance import Cited
from app.resume.tailor import Plan, carry_out

Json = dict[str, Any]
_ROUNDS = 12
#: Names of fields in JSON Resume before 1.0.0, by section.
_OLD_NAMES = {
    "basics": {"picture": "image", "website": "url"},
    "work": {"company": "name", "website": "url"},
    "volunteer": {"website": "url"},
    "education": {"website": "url", "gpa": "score"},
    "publications": {"website": "url"},
    "projects": {"title": "name"},
    "languages": {"name": "language", "level": "fluency"},
}
PERIOD = ("startDate", "endDate")
_PRESENT = re.compile(r"^(?:present|current|now|today|ongoing|heute|aktuell|-|–)$", re.IGNORECASE)
_DATES = frozenset({"startDate", "endDate", "date", "releaseDate"})
_DATE = re.compile(r"^(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?(?:T.*)?$")
_HOST = re.compile(r"^(?:www\.|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`path` is a JSON pointer into what was sent."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    document: Document
    left_out: list[LeftOut]


@dataclass(slots=True)
class _State:
    """What is still sent, and what of it is not taken."""

    data: Json
    plan: Plan = field(default_factory=Plan)
    gone: dict[str, str] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)


def imported(data: Mapping[str, Any]) -> Imported:
    """Raises InvalidInputError when nothing of it is a resume."""
    ours = data.get("x-jobpilot")
    fields = ours.get("fields", {}) if isinstance(ours, dict) else {}
    sent = {name: value for name, value in data.items() if name not in ("x-jobpilot", "$schema", "meta")}
    state = _State({name: _usual(copy.deepcopy(value), name) for name, value in sent.items()})
    for _ in range(_ROUNDS):
        made, origins = carry_out(state.data, state.plan, frozenset(state.gone))
        try:
            Document.model_validate(made)
        except ValidationError as error:
            for wrong in error.errors(include_url=False):
                _mend(state, made, origins, wrong)
        else:
            told = [LeftOut(path, why) for path, why in (state.gone | state.cut).items()]
            return Imported(_with_fields(made, origins, fields), told)
    raise InvalidInputError("too much of it is no JSON Resume")


def _usual(value: Any, section: str, name: str = "") -> Any:
    """Names and notations that have one meaning, as the standard has them."""
    if isinstance(value, dict):
        names = _OLD_NAMES.get(section, {})
        renamed = {
            key if key not in names or names[key] in value else names[key]: item
            for key, item in value.items()
        }
        return {key: _usual(item, section, key) for key, item in renamed.items() if item is not None}
    if isinstance(value, list):
        return [_usual(item, section, name) for item in value if item is not None]
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        return _notation(value.strip(), name)
    return value


def _notation(text: str, name: str) -> str:
    if name == PERIOD[1] and _PRESENT.match(text):
        return ""
    if name in _DATES and (found := _DATE.match(text)):
        year, *rest = found.groups()
        return "-".join([year, *(part.zfill(2) for part in rest if part)])
    if name == "url" and _HOST.match(text):
        return f"https://{text}"
    return text


def _mend(state: _State, made: Json, origins: Mapping[str, Cited], wrong: Any) -> None:
    """Shortens what is too long, and takes out what is wrong otherwise."""
    source = _source("".join(child("", step) for step in wrong["loc"]), origins)
    most = wrong.get("ctx", {}).get("max_length", 0)
    match wrong["type"]:
        case "string_too_long":
            text = resolve(state.data, source)[:most]
            _put(state.data, source, text.rpartition(" ")[0] or text)
            state.cut[source] = f"cut: more than {most} characters"
        case "too_long":
            state.plan.items[source] = list(range(most))
            state.cut[source] = f"cut: more than {most} entries"
        case _ if exists(state.data, child(source, "startDate")):  # of an entry: its dates are in no order
            state.gone |= dict.fromkeys((child(source, name) for name in PERIOD), wrong["msg"])
        case _:
            state.gone[source] = wrong["msg"]
            _no_half_period(state, source)


def _no_half_period(state: _State, source: str) -> None:
    """An end that cannot be read must not turn into none: the entry would go on."""
    entry, _, name = source.rpartition("/")
    start = child(entry, PERIOD[0])
    if name == PERIOD[1] and exists(state.data, start):
        state.gone[start] = "the end of the period cannot be read"


def _source(pointer: str, origins: Mapping[str, Cited]) -> str:
    """Where the value of the copy was: entries before it may be gone."""
    depth = len(parts(pointer))
    below = (
        cited.source for path, cited in origins.items() if path == pointer or path.startswith(pointer + "/")
    )
    source = next(below, pointer)
    return "".join(child("", step) for step in parts(source)[:depth])


def _put(data: Any, pointer: str, value: Any) -> None:
    *path, last = parts(pointer)
    owner = resolve(data, "".join(child("", step) for step in path))
    owner[int(last) if isinstance(owner, list) else last] = value


def _with_fields(made: Json, origins: Mapping[str, Cited], fields: Any) -> Document:
    return Document.model_validate(made | {"x-jobpilot": {"fields": dict(_moved(made, origins, fields))}})


def _moved(made: Json, origins: Mapping[str, Cited], fields: Any) -> Iterator[tuple[str, Json]]:
    """Spans of the values that were taken, under their new pointers."""
    known = fields if isinstance(fields, dict) else {}
    places = {cited.source: path for path, cited in origins.items()}
    for pointer, found in known.items():
        place = places.get(pointer)
        if place is None or not isinstance(found, dict) or not exists(made, place):
            continue
        span = {name: found.get(name) for name in ("start", "end", "confidence")}
        if all(isinstance(value, int | float) and value >= 0 for value in span.values()):
            yield place, span
