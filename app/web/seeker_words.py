"""How values read on a seeker's own pages."""

from __future__ import annotations

import sys
from typing import Any

from starlette.responses import Response

from app.web.labels import REMOTE
from app.web.view import View

PREFERENCES = REMOTE | {"unspecified": "No preference"}
INTERVALS = {"year": "Year", "month": "Month", "week": "Week", "day": "Day", "hour": "Hour"}
EDUCATION = {
    "": "Not said",
    "none": "None",
    "high-school": "High school",
    "vocational": "Vocational training",
    "associate": "Associate degree",
    "bachelor": "Bachelor's degree",
    "master": "Master's degree",
    "doctorate": "Doctorate",
}
#: Why a posting is hidden.
HIDE = {
    "": "Rather not say",
    "field": "Not my kind of work",
    "level": "Too junior or too senior",
    "pay": "The pay",
    "place": "The place",
    "known": "I know it already",
    "other": "Something else",
    "company": "All of this company, from now on",
}
#: What a change of the profile is.
EDITS = {
    "add_skill": "Learn {}",
    "years": "Have {} years of experience",
    "degree": "Get a degree: {}",
    "certificate": "Get the certificate {}",
    "language": "Learn {}",
}
EFFORTS = {
    "none": "You may have it already",
    "days": "Days",
    "weeks": "Weeks",
    "months": "Months",
    "years": "Years",
}
#: The stages on a posting's way to the page, as questions.
STAGES = {
    "unknown": "Do the models know the posting?",
    "filters": "Does it pass the filters?",
    "dismissed": "Is it one you have not hidden or applied to?",
    "retrieval": "Is it among the candidates that are looked at?",
    "ranking": "Does it score high enough for the page?",
    "diversity": "Is there room for it beside others like it?",
    "shown": "It stands on the page",
}
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "A Python program"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "a Mac"),
    ("Linux", "Linux"),
)


def page(view: View, template: str, status: int = 200, **context: Any) -> Response:
    """A page with these words as `say`."""
    return view.page(template, status, say=sys.modules[__name__], **context)


def edit(kind: str, value: str) -> str:
    return EDITS.get(kind, "{}").format(value)


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def points(before: float, after: float) -> str:
    """ "+12 points", of a hundred."""
    return f"{round((after - before) * 100):+d} points"


def agent(sent: str) -> str:
    """ "Firefox on Linux"; what a program calls itself, if it is none of the known."""
    browser = next((name for mark, name in _BROWSERS if mark in sent), "")
    system = next((name for mark, name in _SYSTEMS if mark in sent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or sent[:60] or "An unnamed program"


def size(count: int | None) -> str:
    """Bytes, in the unit that fits."""
    number = float(count or 0)
    for unit in ("bytes", "kB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} MB"
