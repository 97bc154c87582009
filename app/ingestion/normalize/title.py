"""Text -> title of a posting."""

from __future__ import annotations

import re

from app.ingestion.normalize.html import clean_html
from app.ingestion.normalize.roles import find_roles, openings_phrase
from app.ingestion.normalize.text import collapse, limit, strip_edges

MAX_TITLE = 200  # characters
_LEAD = re.compile(
    r"^(?:(?:we(?:['’]re| are)|now|currently|is|are)\s+)*(?:hiring|seeking|looking(?: for)?|wanted|"
    r"searching for|job title|title|"
    r"positions?|roles?|openings?|job|needs?|wants?|recruiting)\b(?:\s*:|\s+(?:for\b)?|"
    r"\s*-)\s*(?:an?\s+|our\s+|some\s+|for\s+)*",
    re.IGNORECASE,
)
_GENDERS = re.compile(r"\s*[(\[](?:[mfwdx]\s?[/|]\s?){1,3}[mfwdx][)\]]", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_LINK = re.compile(r"\(?\s*https?://\S+\s*\)?", re.IGNORECASE)
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]")
_ASKED_FOR = re.compile(
    r"\b(?:(?:look|search|hunt)ing (?:to (?:hire|add|recruit)|for)|hiring|hire|seek(?:ing)?|recruiting|"
    r"need(?:s|ing)?|"
    r"wants?|join (?:us|our team|the team)? ?as|position(?:s)?(?: available)?\s?:|role(?:s)?\s?:|"
    r"opening(?:s)?\s?(?:for|:)|"
    r"wanted\s?:?|open(?:ings| positions| roles)? for|title\s?:)\s*(?P<rest>[^\n]{0,160})",
    re.IGNORECASE,
)

# People spoken of, not sought.
_SOMEBODY = re.compile(
    r"\b(?:former|ex|by|our|other|fellow|with|from|like|are|were|of|their|great|top)[\s-]+$", re.IGNORECASE
)


def clean_title(text: str) -> str:
    """One line without markup, call-outs ("We are hiring:"), links and gender marks; at most MAX_TITLE."""
    title = collapse(clean_html(text) if _TAG.search(text) else text)
    while True:
        shorter = _GENDERS.sub("", _EMPTY_BRACKETS.sub(" ", _LINK.sub(" ", _TAG.sub(" ", title))))
        shorter = strip_edges(_LEAD.sub("", strip_edges(collapse(shorter)), count=1))
        shorter = strip_edges(limit(shorter, MAX_TITLE))
        if shorter == title:
            return title
        title = shorter


def title_in_text(text: str) -> str:
    """The best role phrase of a whole posting: asked for by name, else on a line of its own, else any."""
    for match in _ASKED_FOR.finditer(text):
        roles = find_roles(match["rest"], 1)
        if roles and roles[0].qualified:
            return clean_title(roles[0].text)
    lines = text.split("\n")
    for line in lines:
        roles = find_roles(line, 2) if len(line) <= 90 else []
        if roles and roles[0].qualified and len(roles[0].text) >= 0.4 * len(strip_edges(line)):
            return clean_title(roles[0].text)
    for role in find_roles(text, 10):
        if role.qualified and not _SOMEBODY.search(text[max(0, role.start - 25) : role.start]):
            return clean_title(role.text)
    for match in _ASKED_FOR.finditer(text):
        roles = find_roles(match["rest"], 1, sought=True)
        if roles and roles[0].start < 40:
            return clean_title(roles[0].text)
    return clean_title(openings_phrase(text))
