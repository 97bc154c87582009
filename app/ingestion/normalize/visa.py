"""Text -> whether the employer helps with a visa."""

from __future__ import annotations

import re

_VISA = re.compile(r"\bvisas?\b|\bH-?1-?Bs?\b|\bsponsor(?:s|ed|ing|ship)?\b", re.IGNORECASE)
_NO_VISA = re.compile(
    r"\b(?:no|not|cannot|can['’]?t|unable to|don['’]?t|do not|without|nor|won['’]?t|"
    r"unfortunately)\b[^.|\n]{0,40}"
    r"\b(?:visas?|H-?1-?Bs?|sponsor\w*)|\b(?:visas?|H-?1-?Bs?)\b[\s:=]{0,3}\b(?:no|not)\b",
    re.IGNORECASE,
)


def visa_of(text: str) -> bool | None:
    """True offered, False refused, None not spoken of."""
    if _NO_VISA.search(text):
        return False
    return True if _VISA.search(text) else None
