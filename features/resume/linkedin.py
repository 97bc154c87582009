"""The ZIP of CSV tables a LinkedIn member can ask for ("Get a copy of your data") -> a JSON Resume "
"document."""

from __future__ import annotations

import csv
import io
from typing import Any

from features.resume.dates import find_dates
from features.resume.errors import MalformedFileError, NoTextError
from features.resume.plain import decode
from features.resume.raw import RawDocument

EXPORT_FILES = frozenset(
    {"Profile.csv", "Positions.csv", "Education.csv", "Skills.csv", "Languages.csv", "Certifications.csv"}
)
MAX_ROWS = 500
#: Our field -> LinkedIn's column.
_WORK = {"name": "Company Name", "position": "Title", "summary": "Description", "location": "Location"}
_SCHOOL = {"institution": "School Name", "studyType": "Degree Name"}
_PROJECT = {"name": "Title", "description": "Description", "url": "Url"}


def read_linkedin(tables: dict[str, bytes], limits: dict[str, Any]) -> RawDocument:
    """Raises NoTextError if all tables are empty, MalformedFileError if one is no CSV."""

    def rows(name: str) -> list[dict[str, str]]:
        return _rows(tables.get(name, b""))

    document: dict[str, Any] = {
        "basics": _basics(rows("Profile.csv"), rows("Email Addresses.csv"), rows("PhoneNumbers.csv")),
        "work": [
            _dated(_pick(row, _WORK), row, "Started On", "Finished On") for row in rows("Positions.csv")
        ],
        "education": [
            _dated(_pick(row, _SCHOOL), row, "Start Date", "End Date") for row in rows("Education.csv")
        ],
        "skills": [{"name": row["Name"]} for row in rows("Skills.csv") if row.get("Name")],
        "languages": [
            _pick(row, {"language": "Name", "fluency": "Proficiency"}) for row in rows("Languages.csv")
        ],
        "certificates": [_certificate(row) for row in rows("Certifications.csv")],
        "projects": [
            _dated(_pick(row, _PROJECT), row, "Started On", "Finished On") for row in rows("Projects.csv")
        ],
    }
    if not any(document.values()):
        raise NoTextError("This LinkedIn export is empty; please ask LinkedIn for the larger archive.")
    return RawDocument("linkedin", [], 1, [], [], document)


def _rows(data: bytes) -> list[dict[str, str]]:
    """Some tables open with notes; the header is the first row of several columns."""
    text = decode(data)
    try:
        table = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if any(row)]
    except csv.Error:
        raise MalformedFileError(
            "A table of this LinkedIn export is damaged; please ask for it again."
        ) from None
    if not table:
        return []
    start = next((i for i, row in enumerate(table) if len(row) > 1), 0)
    header = [cell.strip() for cell in table[start]]
    found = [dict(zip(header, (cell.strip() for cell in row), strict=False)) for row in table[start + 1 :]]
    return [row for row in found if any(row.values())][:MAX_ROWS]


def _pick(row: dict[str, str], columns: dict[str, str]) -> dict[str, Any]:
    return {ours: row[theirs] for ours, theirs in columns.items() if row.get(theirs)}


def _dated(entry: dict[str, Any], row: dict[str, str], start: str, end: str) -> dict[str, Any]:
    for name, column in (("startDate", start), ("endDate", end)):
        dates = find_dates(row.get(column, ""))
        if dates:
            entry[name] = dates[0].value
    return entry


def _certificate(row: dict[str, str]) -> dict[str, Any]:
    entry = _pick(row, {"name": "Name", "issuer": "Authority"})
    dates = find_dates(row.get("Started On", ""))
    return entry | ({"date": dates[0].value} if dates else {})


def _basics(
    profile: list[dict[str, str]], emails: list[dict[str, str]], phones: list[dict[str, str]]
) -> dict[str, Any]:
    row = profile[0] if profile else {}
    name = " ".join(part for part in (row.get("First Name"), row.get("Last Name")) if part)
    basics = _pick(row, {"label": "Headline", "summary": "Summary"}) | ({"name": name} if name else {})
    primary = [e for e in emails if e.get("Primary", "").lower() == "yes"] or emails
    if primary and primary[0].get("Email Address"):
        basics["email"] = primary[0]["Email Address"]
    if phones and phones[0].get("Number"):
        basics["phone"] = phones[0]["Number"]
    if row.get("Geo Location"):
        basics["location"] = {"address": row["Geo Location"]}
    return basics
