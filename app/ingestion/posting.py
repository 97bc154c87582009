"""One posting ready for the database, and the refusal of a row that is none."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime

from app.ingestion.normalize.job_type import JobType
from app.ingestion.normalize.remote import Remote
from app.ingestion.normalize.text import limit
from app.kit.periods import Interval

MAX_DESCRIPTION = 60_000  # characters: what the serving contract takes
MAX_SKILLS, MAX_SKILL = 200, 100


@dataclass(frozen=True, slots=True)
class Posting:
    """Normalised fields. Salaries are per `salary_interval` in `currency`; `url` is https or "".

    `country`, `visa` and `internship` are read but not stored: the tables have no place for them.
    """

    external_id: str
    title: str
    company: str
    description: str = ""
    requirements: str = ""
    benefits: str = ""
    skills: tuple[str, ...] = ()
    location: str = ""
    country: str = ""
    remote: Remote = "unspecified"
    job_type: JobType = ""
    salary_min: float | None = None
    salary_max: float | None = None
    currency: str = ""
    salary_interval: Interval = "year"
    salary_source: str = ""
    visa: bool | None = None
    internship: bool = False
    url: str = ""
    posted_at: datetime | None = None
    expires_at: datetime | None = None
    closed_at: datetime | None = None
    recorded_at: datetime | None = None  # known since; default: the import
    instructions: str = ""  # how to apply, where there is no https address
    notes: tuple[str, ...] = ()  # what was changed on the way in, for the report

    def content_hash(self, status: str) -> str:
        """SHA-256 (hex, 32 characters kept) over everything that is stored."""
        stored = [status, *(getattr(self, name) for name in _STORED)]
        text = json.dumps(stored, default=str, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


_STORED = (
    "title", "company", "description", "requirements", "benefits", "skills", "location", "remote", "job_type",
    "salary_min", "salary_max",
    "currency", "salary_interval", "salary_source", "url", "posted_at", "expires_at",
    "closed_at", "instructions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that did not land: its line (its item in one JSON document, from 1), why, and the row as read."""

    line: int
    reason: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    line: int
    posting: Posting
    raw: bytes = b""


def within_limits(posting: Posting) -> Posting:
    """Cuts what the tables do not take and notes it, so that no row is lost over a long text."""
    notes = list(posting.notes)

    def cut(name: str, text: str) -> str:
        short = limit(text, MAX_DESCRIPTION)
        if len(short) < len(text):
            notes.append(f"{name} cut to {MAX_DESCRIPTION} characters")
        return short

    skills = tuple(skill[:MAX_SKILL] for skill in posting.skills[:MAX_SKILLS])
    if skills != posting.skills:
        notes.append(f"skills cut to {MAX_SKILLS} of {MAX_SKILL} characters")
    return replace(
        posting,
        description=cut("description", posting.description),
        requirements=cut("requirements", posting.requirements),
        benefits=cut("benefits", posting.benefits),
        skills=skills,
        notes=tuple(notes),
    )
