"""Text -> kind of employment."""

from __future__ import annotations

import re
from typing import Literal

JobType = Literal["full-time", "part-time", "contract", "internship", "temporary", "other", ""]

# In order of preference when several are offered: the widest offer names the posting.
_PATTERNS: tuple[tuple[JobType, re.Pattern[str]], ...] = (
    (
        "full-time",
        re.compile(
            r"\bfull(?: or part|/part| and part)?[\s‐–-]?time\b|\bfulltime\b|\bFTE?\b|"
            r"\bpermanent\b|\bperm\b",
            re.IGNORECASE,
        ),
    ),
    ("part-time", re.compile(r"\bpart[\s-]?time\b|\bparttime\b|\bP/T\b", re.IGNORECASE)),
    (
        "contract",
        re.compile(
            r"\bcontract(?:s|or|ors|ing)?\b|\bfreelanc\w*\b|\bC2C\b|"
            r"\bself[\s-]employed\b",
            re.IGNORECASE,
        ),
    ),
    (
        "internship",
        re.compile(
            r"\bintern(?:s|ships?)?\b|\bco-?op\b|\btrainees?\b|\bworking student\b|"
            r"\bwerkstudent\b",
            re.IGNORECASE,
        ),
    ),
    (
        "temporary",
        re.compile(
            r"\btemp(?:orary)?\b|\bseasonal\b|\bper diem\b|"
            r"\bfixed[\s-]term\b",
            re.IGNORECASE,
        ),
    ),
)
_IN_PROSE = re.compile(
    r"\b(?P<full>full[\s-]?time)\b|\b(?P<part>part[\s-]?time) (?:position|role|job|work|basis|"
    r"developer|engineer)|"
    r"\b(?P<contract>contract|freelance) (?:position|role|job|basis|work|developer|engineer|to hire)",
    re.IGNORECASE,
)
_PROSE_NAMES: dict[str, JobType] = {
    "full": "full-time",
    "part": "part-time",
    "contract": "contract",
}
_OTHER = re.compile(r"\bvolunteer|\bother\b|\bapprentice|\bcasual\b", re.IGNORECASE)
_INTERN = _PATTERNS[3][1]
_NO_INTERN = re.compile(r"\bno (?:\w+,? (?:or )?){0,2}intern", re.IGNORECASE)


def job_type_of(text: str) -> JobType:
    """The kind of employment a short text (header, structured field) states; "" when it states none."""
    plain = text.replace("_", " ")
    for name, pattern in _PATTERNS:
        if pattern.search(plain):
            return name
    return "other" if _OTHER.search(plain) else ""


def job_type_in_prose(text: str) -> JobType:
    """As `job_type_of` for running text, where only whole phrases count ("a contract role")."""
    match = _IN_PROSE.search(text)
    return _PROSE_NAMES[match.lastgroup or ""] if match else ""


def offers_internship(text: str) -> bool:
    return bool(_INTERN.search(text)) and not _NO_INTERN.search(text)
