"""How values read on a page."""

from __future__ import annotations

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
_UNITS = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3600, "hour"), (60, "minute"))


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
