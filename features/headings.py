"""Headings of postings: which lines are headings, and what they announce.

The roles are ours; the words are those that postings use.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

Role = Literal["duty", "must", "nice", "company", "benefit", "logistics", "legal"]
ROLES: tuple[Role, ...] = get_args(Role)

#: Role -> alternatives of a regular expression over a heading in lower case; the first that matches wins,
#: so that "preferred qualifications" is nice and not must, and "why join us" a benefit and not the company.
_HEADINGS: dict[Role, str] = {
    "legal": r"equal[- ](?:employment )?opportunit|\beeo\b|diversity|disclaimer|accommodation|privacy|"
    r"non[- ]discrimination|background check|affirmative action|legal",
    "nice": r"nice[- ]to[- ]have|preferred|bonus(?:es)?\b(?! pay)|\bplus(?:es)?\b|desir(?:ed|able)|optional|"
    r"extra credit|good to have|would be (?:great|nice|a plus)|ideally|advantage|brownie|even better|"
    r"not required",
    "benefit": r"benefit|perks?\b|what we offer|we offer|our offer|compensation|remuneration|salary|"
    r"pay range|why (?:join|work|you|us\b)|what'?s in it|what you(?:'ll| will)? get|you get|"
    r"rewards|our promise to you",
    "logistics": r"how to apply|to apply|apply\b|application|contact|interview process|hiring process|"
    r"next steps|deadline|location|schedule|working hours|start date|travel|work environment|"
    r"working conditions|physical|job type|employment type|reports? to|note\b",
    "must": r"requirement|qualification|must[- ]have|what you(?:'ll| will)? (?:need|bring)|"
    r"you (?:have|bring|are)\b|skills|experience|education|who you are|about you|your (?:profile|background)|"
    r"we(?:'re| are)? (?:expect|looking for|need|require)|what we(?:'re| are) looking for|looking for|"
    r"ideal candidate|eligibility|"
    r"knowledge|competenc|minimum|you should|certification|credentials|abilities|profile",
    "duty": r"responsibilit|duties|what you(?:'ll| will)? (?:do|be doing|work on)|you(?:'ll| will)\b|role\b|"
    r"position\b|job (?:description|summary|purpose|overview)|description|overview|the job|day[- ]to[- ]day|"
    r"tasks|accountabilit|what the .* does|function|objective|your mission|summary|in this",
    "company": r"about (?:us|the company|our|the team|[a-z0-9 &.,'-]+)|who we are|"
    r"our (?:company|team|mission|story|values|culture)|company|the team|mission|values|we are\b",
}
_HEADING = {role: re.compile(pattern) for role, pattern in _HEADINGS.items()}
_ORDER: tuple[Role, ...] = ("legal", "nice", "benefit", "logistics", "must", "duty", "company")

MAX_HEADING_CHARS = 80
MAX_HEADING_WORDS = 9
_WORD = re.compile(r"\w+")
#: A line of nothing but these is a heading in lower case too: "Skills and experience".
_HEADING_WORDS = frozenset(
    """
    a about additional and apply are as at background basic be benefits bring can candidate company
    competencies compensation day description desired do doing duties education essential essentials
    expect experience for forward get have how ideal in is it job join key knowledge like ll location look
    looking main mandatory minimum mission must need needs nice of offer on or other our overview perks
    plus position preferred primary process profile profiles qualifications required requirements
    responsibilities responsibility role s scope skills summary tasks team technical the this to tools
    understanding us values we what who why will with work you your abilities ability applicants
    attributes objectives purpose preferences pluses
    """.split()
)


def heading_role(heading: str) -> Role | None:
    """What a heading announces; None where it says nothing we know."""
    lower = heading.lower().replace("’", "'")
    return next((role for role in _ORDER if _HEADING[role].search(lower)), None)


def is_heading(line: str) -> bool:
    """A short line that announces what follows: it ends in a colon, or it is in capitals, or it has no end
    mark, begins every word that counts with a capital and says something a heading says."""
    line = line.strip().strip("*_#").strip()
    words = _WORD.findall(line)
    if not words or len(line) > MAX_HEADING_CHARS or len(words) > MAX_HEADING_WORDS:
        return False
    if line.endswith(":"):
        return True
    if line[-1] in ".!,;" or any(c.isdigit() for c in line) or "|" in line or "@" in line:
        return False
    letters = [c for c in line if c.isalpha()]
    if len(words) > 1 and len(letters) > 5 and all(c.isupper() for c in letters):
        return True
    long = [w for w in words if len(w) > 3] or words
    titled = line[-1] == "?" or all(w[0].isupper() for w in long)
    plain = all(w.lower() in _HEADING_WORDS for w in words)
    return line[0].isupper() and len(words) <= 8 and (titled or plain) and heading_role(line) is not None
