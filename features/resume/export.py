"""ParsedResume -> JSON Resume 1.0.0 (https://jsonresume.org/schema) with spans beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from features.resume import records as r

SCHEMA = "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json"


def json_resume(resume: r.ParsedResume) -> dict[str, Any]:
    """Only what was found is present. See `ParsedResume.to_json_resume`."""
    out = _Writer()
    document: dict[str, Any] = {"$schema": SCHEMA}
    document["basics"] = _basics(out, resume.basics)
    document["work"] = [_work(out, f"/work/{i}", w) for i, w in enumerate(resume.work)]
    document["education"] = [_education(out, f"/education/{i}", e) for i, e in enumerate(resume.education)]
    document["skills"] = [
        out.values(f"/skills/{i}", {"name": skill}) for i, skill in enumerate(resume.skills)
    ]
    document["languages"] = [
        out.values(f"/languages/{i}", {"language": spoken.language, "fluency": spoken.fluency})
        for i, spoken in enumerate(resume.languages)
    ]
    document["certificates"] = [
        out.values(f"/certificates/{i}", {"name": c.name, "date": c.date, "issuer": c.issuer})
        for i, c in enumerate(resume.certificates)
    ]
    document["projects"] = [_project(out, f"/projects/{i}", p) for i, p in enumerate(resume.projects)]
    document["x-jobpilot"] = _extension(out, resume)
    return document


class _Writer:
    """Collects where each written value came from."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[str, float]] = {}

    def values(self, pointer: str, fields: dict[str, r.Field[str] | None]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in fields.items():
            if value is not None:
                found[name] = value.value
                self.note(f"{pointer}/{name}", value)
        return found

    def note(self, pointer: str, value: r.Field[Any]) -> None:
        self.fields[pointer] = {
            "start": value.start,
            "end": value.end,
            "confidence": round(value.confidence, 3),
        }

    def texts(self, pointer: str, found: Iterable[r.Field[str]]) -> list[str]:
        out = []
        for i, value in enumerate(found):
            self.note(f"{pointer}/{i}", value)
            out.append(value.value)
        return out


def _basics(out: _Writer, basics: r.Basics) -> dict[str, Any]:
    names = ("name", "label", "email", "phone", "url", "summary")
    found = out.values("/basics", {name: getattr(basics, name) for name in names})
    if basics.location is not None:
        out.note("/basics/location", basics.location)
        place = basics.location.value
        parts = {
            "address": place.address,
            "postalCode": place.postal_code,
            "city": place.city,
            "region": place.region,
            "countryCode": place.country,
        }
        found["location"] = {k: v for k, v in parts.items() if v} or {"address": place.text}
    if basics.profiles:
        found["profiles"] = [
            {"network": p.network, "username": p.username, "url": p.url.value} for p in basics.profiles
        ]
        for i, profile in enumerate(basics.profiles):
            out.note(f"/basics/profiles/{i}", profile.url)
    return found


def _work(out: _Writer, pointer: str, work: r.Position) -> dict[str, Any]:
    found = out.values(
        pointer,
        {
            "name": work.name,
            "position": work.position,
            "startDate": work.start_date,
            "endDate": work.end_date,
        },
    )
    if work.location is not None:
        out.note(f"{pointer}/location", work.location)
        found["location"] = work.location.value.text
    if work.highlights:
        found["highlights"] = out.texts(f"{pointer}/highlights", work.highlights)
    return found


def _education(out: _Writer, pointer: str, education: r.Education) -> dict[str, Any]:
    return out.values(
        pointer,
        {
            "institution": education.institution,
            "area": education.area,
            "studyType": education.study_type,
            "startDate": education.start_date,
            "endDate": education.end_date,
            "score": education.score,
        },
    )


def _project(out: _Writer, pointer: str, project: r.Project) -> dict[str, Any]:
    found = out.values(
        pointer,
        {
            "name": project.name,
            "description": project.description,
            "url": project.url,
            "startDate": project.start_date,
            "endDate": project.end_date,
        },
    )
    if project.highlights:
        found["highlights"] = out.texts(f"{pointer}/highlights", project.highlights)
    return found


def _extension(out: _Writer, resume: r.ParsedResume) -> dict[str, Any]:
    return {
        "kind": resume.document.kind,
        "pages": resume.document.pages,
        "language": resume.language,
        "experienceYears": resume.experience_years,
        "current": [i for i, work in enumerate(resume.work) if work.current is not None],
        "languageLevels": [spoken.cefr for spoken in resume.languages],
        "educationLevels": [education.level for education in resume.education],
        "warnings": [
            {"code": w.code, "detail": w.detail, "page": w.page, "text": w.text} for w in resume.warnings
        ],
        "sections": [
            {
                "kind": s.kind,
                "title": s.title.value if s.title else None,
                "start": s.start,
                "end": s.end,
            }
            for s in resume.sections
        ],
        "fields": out.fields,
    }
