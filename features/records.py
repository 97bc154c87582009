"""The only raw types the ML side knows. Everything upstream (SQL views, wire documents, benchmark files)
is mapped to these before a feature is computed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Remote = Literal["on-site", "hybrid", "remote", "unspecified"]
JobType = Literal["full-time", "part-time", "contract", "internship", "temporary", "other", ""]
EventKind = Literal["impression", "view", "save", "apply", "dismiss"]

#: Kinds that express interest; an impression alone does not, a dismissal expresses the contrary.
POSITIVE_KINDS: tuple[EventKind, ...] = ("view", "save", "apply")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A posting as published. Salaries are annual, in `currency`; `location` is text as written."""

    job_id: int
    title: str
    company: str = ""
    description: str = ""
    skills: tuple[str, ...] = ()
    location: str = ""
    remote: Remote = "unspecified"
    job_type: JobType = ""
    salary_min: float | None = None
    salary_max: float | None = None
    currency: str = ""
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InteractionRecord:
    """Something a user did with a posting, or (kind "impression") was shown."""

    user_id: int
    job_id: int
    kind: EventKind
    at: datetime
    rank: int | None = None
    score: float | None = None
    propensity: float | None = None
    release_id: str | None = None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A seeker as known at one moment. `history` holds only interactions before that moment, oldest first."""

    user_id: int
    desired_title: str = ""
    resume_text: str = ""
    skills: tuple[str, ...] = ()
    location: str = ""
    remote: Remote = "unspecified"
    experience_years: float | None = None
    salary_min: float | None = None
    history: tuple[InteractionRecord, ...] = ()
