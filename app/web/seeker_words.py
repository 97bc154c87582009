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
