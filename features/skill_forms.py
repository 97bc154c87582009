"""Every way to write a skill, whose it is, and how far it can be trusted in running text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.taxonomy import Skill, Taxonomy, normalise

#: free: always. case: only as written (an acronym). proper: as written, and beside another skill in a list or
#: a cue ("in Go", "Go developer"). listed: only beside another skill in a list. never: only when stated.
Guard = Literal["free", "case", "proper", "listed", "never"]

#: Forms that say nothing about a person or a posting wherever they stand in prose.
NEVER = frozenset(
    """
    act air align approach apps area audition back balance base bars basic black blue bring brush call case
    cases chips claims clean company compass computer conduct connect contribute deployment detect dies
    director doe doors drive dust eat email energy english equipment etc fast fields fit formulas french fsa
    german hair history ice impact include iron laws leads literature market mechanical medical meet money
    monitoring nips noc office paint people plan plans polish pos present processes product products project
    projects purchase quality reduce report reports reserve sand science sea series service set shape share
    sheets shipping sites source specification square style support surgery survey switch systems tanks teams
    tools travis types uses windows work works
    amazon facebook google instagram linkedin pinterest reddit skype snapchat twitter youtube zoom
    """.split()
) | {
    "application process", "application processes", "be flexible", "computer equipment", "design software",
    "develop products", "full time", "getting things done", "job posting", "job postings", "make decisions",
    "part time", "people work", "personal development", "ping pong", "political parties", "problem solve",
    "production software", "table tennis", "team building", "web browser", "work collaboratively",
    "world class",
}  # fmt: skip
#: Synonyms cut out of a sentence: "and procedures", "a computer".
_CUT_OFF = frozenset("a an the and or of to be by with for".split())
#: "help customers", "share information": two words, of which the second says too little.
_VAGUE_OBJECTS = frozenset(
    "people individuals customers clients students information questions products others items work".split()
)


@dataclass(frozen=True, slots=True)
class Form:
    """`written` holds the spellings seen in the tables; `guard` says when a match counts."""

    skill: Skill
    guard: Guard
    written: frozenset[str]


def collect_forms(taxonomy: Taxonomy) -> dict[str, Form]:
    """Normalised form -> the skill it means. Our own rows win, then labels, then aliases; and what one can
    know or use wins over what one can do."""
    owners: dict[str, Skill] = {}
    written: dict[str, set[str]] = {}
    curated = {normalise(form) for row in taxonomy.extra for form in row.forms if form[:1].islower()}
    for form, skill in _claims(taxonomy):
        key = normalise(form)
        if key and owners.setdefault(key, skill) is skill:
            written.setdefault(key, set()).add(form)
    common = taxonomy.common_words
    guards = {key: _guard(key, owners[key], written[key], key in curated, key in common) for key in owners}
    return {key: Form(skill, guards[key], frozenset(written[key])) for key, skill in owners.items()}


def _claims(taxonomy: Taxonomy) -> list[tuple[str, Skill]]:
    """(form, skill) in order of precedence."""
    claims = [(form, taxonomy.skill(row.id)) for row in taxonomy.extra for form in row.forms]
    ordered = sorted(taxonomy.skills, key=lambda skill: skill.type == "skill")
    claims += [(skill.label, skill) for skill in ordered]
    return claims + [(form, skill) for skill in ordered for form in skill.forms]


def _guard(key: str, skill: Skill, written: set[str], curated: bool, common: bool) -> Guard:
    """How far a form can be trusted in prose; see `Guard`."""
    if curated:
        return "free"
    words = key.split(" ")
    if key in NEVER or words[0] in _CUT_OFF or words[-1] in _CUT_OFF:
        return "never"
    if skill.type == "skill" and len(words) == 1 and normalise(skill.label) != key:
        return "never"  # a lone verb ("delight") is a poor synonym of an activity ("entertain people")
    if len(words) > 1:
        return "never" if len(words) == 2 and words[1] in _VAGUE_OBJECTS else "free"
    if len(key) > 1 and all(form.isupper() for form in written):
        return "case"
    if common or len(key) <= 2 or all(form.istitle() or form.isupper() for form in written):
        return "proper" if any(form[:1].isupper() for form in written) else "listed"
    return "free"
