"""How values read on a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.job.schemas import Salary
from app.kit.clock import utcnow
from serving.schemas import Reason

REMOTE = {"on-site": "On site", "hybrid": "Hybrid", "remote": "Remote", "unspecified": "Not said"}
JOB_TYPES = {
    "full-time": "Full time",
    "part-time": "Part time",
    "contract": "Contract",
    "internship": "Internship",
    "temporary": "Temporary",
    "other": "Other",
}
SORTS = {"relevance": "Relevance", "date": "Newest", "salary": "Salary", "match": "My match"}
FACETS = {"skills": "Skills", "company": "Companies"}
#: Conditions of a search, as the advice on an empty result names them.
CONDITIONS = {
    "location": "the location",
    "job_type": "the type of job",
    "remote": "the remote option",
    "salary_min": "the lowest salary",
    "salary_max": "the highest salary",
    "skills": "the skills",
    "company": "the company",
    "posted_after": "the date",
}
STATUSES = {
    "applied": "Sent",
    "in_review": "In review",
    "interview": "Interview",
    "offer": "Offer",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
}
ACTIVITIES = {
    "viewed": "You looked at",
    "saved": "You saved",
    "applied": "You applied to",
    "dismissed": "You hid",
    "status": "Your application changed:",
}
FIELDS = {
    "full_name": "your name",
    "desired_title": "the job you look for",
    "skills": "your skills",
    "location": "where you are",
    "remote": "remote or on site",
    "job_types": "types of job",
    "experience_years": "years of experience",
    "salary_min": "the salary you expect",
    "bio": "a few words about you",
    "resume_text": "your resume",
}
_SIGNS = {"skill": "✓", "missing_skill": "✗", "place": "◎", "remote": "◎", "title": "≈", "history": "↺"}
_WORDS = {
    "skill": "you have",
    "missing_skill": "asked for, not on your profile:",
    "place": "near you:",
    "remote": "works for you:",
    "title": "like the job you look for:",
    "history": "like what you looked at:",
}
#: Before a piece of evidence: colour alone would not do.
SIGNS = {"met": "✓", "missing": "✗", "near": "≈", "unknown": "?"}
_STATUSES = {"missing_skill": "missing", "title": "near", "history": "near"}
_WORDS_AFTER = {
    "skill": "you have it",
    "missing_skill": "asked for, not on your profile",
    "place": "is near you",
    "remote": "works for you",
    "title": "is like the job you look for",
    "history": "is like what you looked at",
}
NEEDS = {"must": "must have", "nice": "nice to have", "mentioned": "mentioned"}
SHOWN = {"met": "you have it", "missing": "not in your profile", "unknown": "cannot be told"}
REACHED = {"met": "met", "missing": "not met", "unknown": "cannot be told"}
#: What could be changed in a profile; `{}` is a name, or a number of years.
EDITS = {
    "add_skill": "With {}",
    "years": "With {} years of experience",
    "degree": "With a degree: {}",
    "certificate": "With the certificate {}",
    "language": "With {}",
}
#: Sources of postings, as `job.source` names them.
SOURCES = {"employer": "employers", "market": "the simulated job market", "hn": "Hacker News"}
_UNITS = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3600, "hour"), (60, "minute"))


#: What a form did that led to a posting; the address names it, so only these words can be shown.
NOTICES = {
    "saved": "Saved. You find it on your dashboard.",
    "unsaved": "Removed from your saved postings.",
    "applied": "Your application is sent.",
    "noted": "Noted on your dashboard. The employer takes applications on its own site: follow the link.",
    "letter": "A cover letter has 10,000 characters at most; yours was not sent.",
    "again": "You applied to this posting before.",
    "limit": "Your account has reached its limit for this. Remove some, or try again tomorrow.",
}
#: What a rate limit counts, as `app.ratelimit` names it.
LIMITED = {
    "read": "pages in a minute",
    "write": "changes in a minute",
    "match": "matches in a minute",
    "sign-in": "attempts to sign in within a minute",
}


@dataclass(frozen=True, slots=True)
class Level:
    """A probability in words, and its step of four."""

    name: str
    least: float
    steps: int


#: The bands of `app.scoring.purposes`, as people read them.
LEVELS = (Level("Strong", 0.75, 4), Level("Good", 0.5, 3), Level("Partial", 0.25, 2), Level("Weak", 0.0, 1))


def level(value: float) -> Level:
    return next(level for level in LEVELS if value >= level.least)


def percent(value: float) -> str:
    """ "62 %"; what rounds to none or all of it says so, for no model is that sure."""
    rounded = round(value * 100)
    if rounded <= 0:
        return "below 1 %"
    return "above 99 %" if rounded >= 100 else f"{rounded} %"


def status_of(given: Reason) -> str:
    return _STATUSES.get(given.kind, "met")


def word_of(given: Reason) -> str:
    return _WORDS_AFTER[given.kind]


def choice(names: dict[str, str], value: str) -> str:
    """A value's name; one that is newer than this file reads as it is stored."""
    return names.get(value) or value.replace("_", " ").replace("-", " ").capitalize()


def salary(stated: Salary) -> str:
    """ "USD 90,000 to 120,000 a year"; what we estimated says so."""
    low, high = (None if value is None else f"{value:,.0f}" for value in (stated.min, stated.max))
    if low and high and low != high:
        amount = f"{low} to {high}"
    elif low and not high:
        amount = f"from {low}"
    else:
        amount = low or f"up to {high}"
    estimated = "" if stated.source in ("employer", "parsed") else " (est.)"
    return f"{stated.currency} {amount} a {stated.interval}{estimated}".strip()


def ago(moment: datetime) -> str:
    """ "3 days ago", in whole units of the largest that fits."""
    seconds = (utcnow() - moment).total_seconds()
    for size, unit in _UNITS:
        number = int(seconds // size)
        if number >= 1:
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def reason(given: Reason) -> str:
    """One piece of evidence in words, with a sign before them: colour alone would not do."""
    return f"{_SIGNS[given.kind]} {_WORDS[given.kind]} {given.detail}"


def web_address(url: str) -> str:
    """The address if a browser may be sent there; "" for other schemes, which can run code."""
    return url if url.startswith(("https://", "http://")) else ""


def number(value: int) -> str:
    return f"{value:,}"
