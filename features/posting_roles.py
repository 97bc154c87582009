"""What a passage of a posting is there for, as far as its own words or the heading above it say so.

Where neither speaks, a trained model decides (models/sentence_roles.py), which learns from these headings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from features.headings import Role, heading_role
from features.passages import Passage

#: Words in a passage itself that decide against its heading.
_NICE = re.compile(
    r"\b(?:nice to have|an? (?:(?:big|strong|huge|definite|real|nice|added) )?(?:plus|bonus|advantage|"
    r"asset)\b|preferred\b(?! (?:name|pronoun))|preferably|desirable|ideally|"
    r"bonus points?|not (?:strictly )?required|optional(?:ly)?\b|would be (?:great|nice|ideal|helpful|useful|"
    r"beneficial)|beneficial|advantageous|we(?:'d| would) (?:love|like)|familiarity .{0,60}\bhelpful)\b",
    re.IGNORECASE,
)
_MUST = re.compile(
    r"\b(?:must (?:have|be|possess|know|hold)|(?:is|are) (?:required|mandatory|essential|a must)|"
    r"(?<!as )required\b(?! to)|mandatory|essential\b|at least \d|minimum (?:of )?\w+ years?|"
    r"\d+ ?\+ ?(?:years|yrs)|you (?:have|need|know|should have|must)|proven (?:experience|track record)|"
    r"strong (?:knowledge|experience|understanding|background|grasp)|proficien(?:t|cy)|fluen(?:t|cy)|"
    r"we(?:'re| are) looking for (?:someone|somebody|people|an?\b)|degree in)\b",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:equal[- ]opportunity|without regard to|regardless of (?:race|gender|age)|protected veteran|"
    r"sexual orientation|reasonable accommodation|background check|e-verify|affirmative action)\b",
    re.IGNORECASE,
)


#: "Desired, but not required." on its own speaks of what stands before it.
_ANAPHORA = re.compile(
    r"(?:(?:this|these|skill|it|such experience) (?:is|are|would be)|desired|preferred|optional)\b",
    re.IGNORECASE,
)
_ANAPHORIC_WORDS = 8


def stated_roles(parts: Sequence[Passage]) -> list[Role | None]:
    """The role of every passage that its words or its heading state; None where both are silent."""
    roles: list[Role | None] = []
    for part in parts:
        role = None if part.kind == "heading" else _stated(part, _heading(part, parts))
        if role == "nice" and roles and roles[-1] != "nice" and _speaks_of_the_last(part):
            roles[-1] = "nice"
        roles.append(role)
    return roles


def says_nice(part: Passage) -> bool:
    """Whether its own words call it a wish."""
    return bool(_NICE.search(part.text))


def says_must(part: Passage) -> bool:
    """Whether its own words call it a condition."""
    return bool(_MUST.search(part.text))


def _stated(part: Passage, above: Role | None) -> Role | None:
    if _LEGAL.search(part.text):
        return "legal"
    if above in ("must", "duty", "nice", None) and says_nice(part):
        return "nice"
    if above in ("duty", "company", None) and says_must(part):
        return "must"
    return above


def _heading(part: Passage, parts: Sequence[Passage]) -> Role | None:
    return heading_role(parts[part.heading].text) if part.heading >= 0 else None


def _speaks_of_the_last(part: Passage) -> bool:
    return len(part.text.split()) <= _ANAPHORIC_WORDS and bool(_ANAPHORA.match(part.text))
