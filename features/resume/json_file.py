"""A JSON Resume (https://jsonresume.org/schema) -> the same, checked and bounded. Confined child only."""

from __future__ import annotations

import json
from typing import Any

from features.resume.errors import MalformedFileError, NoTextError, UnsupportedFileError
from features.resume.plain import decode
from features.resume.raw import RawDocument

#: What is read of each entry: "s" a string, "l" a list of strings.
_ENTRY: dict[str, dict[str, str]] = {
    "work": {"name": "s", "position": "s", "startDate": "s", "endDate": "s", "summary": "s", "location": "s",
             "url": "s", "highlights": "l", "company": "s"},
    "volunteer": {"organization": "s", "position": "s", "startDate": "s", "endDate": "s", "summary": "s",
                  "highlights": "l"},
    "education": {"institution": "s", "area": "s", "studyType": "s", "startDate": "s", "endDate": "s",
                  "score": "s", "courses": "l"},
    "skills": {"name": "s", "level": "s", "keywords": "l"},
    "languages": {"language": "s", "fluency": "s"},
    "certificates": {"name": "s", "date": "s", "issuer": "s"},
    "projects": {"name": "s", "description": "s", "startDate": "s", "endDate": "s", "url": "s",
                 "highlights": "l", "keywords": "l"},
    "awards": {"title": "s", "date": "s", "awarder": "s", "summary": "s"},
    "publications": {"name": "s", "publisher": "s", "releaseDate": "s", "summary": "s"},
    "interests": {"name": "s", "keywords": "l"},
}  # fmt: skip
_BASICS = ("name", "label", "email", "phone", "url", "website", "summary")
_PLACE = ("address", "postalCode", "city", "region", "countryCode")
_PROFILE = ("network", "username", "url")
MAX_ENTRIES = 500
MAX_LIST = 200


def read_json(data: bytes, limits: dict[str, Any]) -> RawDocument:
    """Raises UnsupportedFileError (JSON, but no resume), MalformedFileError (wrong types), NoTextError."""
    try:
        found = json.loads(decode(data))
    except (ValueError, RecursionError):
        raise MalformedFileError("This JSON cannot be read; please check it and retry.") from None
    if not isinstance(found, dict) or not ({"basics", *_ENTRY} & found.keys()):
        raise UnsupportedFileError("This JSON is not a JSON Resume; please upload one or a PDF or DOCX file.")
    document: dict[str, Any] = {"basics": _basics(found.get("basics"))}
    for section, fields in _ENTRY.items():
        document[section] = [_entry(section, entry, fields) for entry in _list(section, found.get(section))]
    if not any(document.values()):
        raise NoTextError("This JSON Resume is empty; please fill it in and retry.")
    return RawDocument("json-resume", [], 1, [], [], document)


def _list(section: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedFileError(f"In this JSON Resume, {section} is not a list; please mend it and retry.")
    return value[:MAX_ENTRIES]


def _entry(section: str, entry: Any, fields: dict[str, str]) -> dict[str, Any]:
    if isinstance(entry, str) and section in ("skills", "languages", "interests"):
        entry = {"language" if section == "languages" else "name": entry}
    if not isinstance(entry, dict):
        raise MalformedFileError(
            f"In this JSON Resume, {section} holds something else than entries; please mend it and retry."
        )
    out: dict[str, Any] = {}
    for name, kind in fields.items():
        value = entry.get(name)
        if value is None or value == "":
            continue
        out[name] = _texts(f"{section}.{name}", value) if kind == "l" else _text(f"{section}.{name}", value)
    if section == "work" and "name" not in out and "company" in out:  # before 1.0.0
        out["name"] = out["company"]
    out.pop("company", None)
    return out


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MalformedFileError(f"In this JSON Resume, {name} is not text; please mend it and retry.")
    return str(value)


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise MalformedFileError(f"In this JSON Resume, {name} is not a list; please mend it and retry.")
    return [_text(name, item) for item in value[:MAX_LIST] if item not in (None, "")]


def _basics(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedFileError("In this JSON Resume, basics is not an object; please mend it and retry.")
    out: dict[str, Any] = {
        name: _text(f"basics.{name}", value[name]) for name in _BASICS if value.get(name) not in (None, "")
    }
    if "website" in out:  # before 1.0.0
        out.setdefault("url", out["website"])
        del out["website"]
    place = value.get("location")
    if isinstance(place, dict):
        kept = {k: _text(f"location.{k}", place[k]) for k in _PLACE if place.get(k) not in (None, "")}
        out |= {"location": kept} if kept else {}
    profiles = [p for p in _list("profiles", value.get("profiles")) if isinstance(p, dict)]
    if profiles:
        out["profiles"] = [
            {k: _text(f"profiles.{k}", p[k]) for k in _PROFILE if p.get(k) not in (None, "")}
            for p in profiles
        ]
    return out
