"""What a posting asks for, item by item, each pointing at the words that ask.

A skill, years of experience, a degree, a certificate or a language is one demand. Its need is what the
posting's own words and headings say: a must, a nice-to-have, or merely mentioned (in a duty, in the list of
skills, anywhere but in what is said of the company, its benefits and the law).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from features.headings import Role
from features.passages import Passage, passages
from features.posting_roles import stated_roles
from features.records import JobRecord
from features.requirements import Degree, Need, Requirement, extract_requirements
from features.skills import SkillMatcher, SkillMention

Kind = Literal["skill", "years", "degree", "certificate", "language"]
Strength = Literal["must", "nice", "mentioned"]
Part = Literal["description", "title", "skills"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STRENGTHS: tuple[Strength, ...] = get_args(Strength)
PARTS: tuple[Part, ...] = get_args(Part)
DEGREES: tuple[Degree, ...] = get_args(Degree)
#: Skills named under these headings are not asked for.
_NOT_ASKED: frozenset[Role] = frozenset({"company", "benefit", "legal", "logistics"})
MAX_DEMANDS = 40
MAX_TEXT = 80


@dataclass(frozen=True, slots=True)
class Demand:
    """`key` is a row of the taxonomy's skills, the years, or the degree's place in DEGREES; `text` names a
    certificate or language. The span counts in `part`; of the skills list, `start` is the place."""

    kind: Kind
    need: Strength
    key: int
    start: int
    end: int
    part: Part = "description"
    text: str = ""


def find_demands(
    job: JobRecord,
    matcher: SkillMatcher,
    index: Callable[[str], int],
    *,
    max_chars: int,
) -> tuple[Demand, ...]:
    """At most MAX_DEMANDS, musts first, each thing once at its strongest. `index` maps skill ids to rows."""
    text = job.description[:max_chars]
    parts = passages(text)
    found: dict[tuple[Kind, int, str], Demand] = {}
    for demand in _all(job, text, parts, matcher, index):
        key = (demand.kind, demand.key if demand.kind == "skill" else 0, demand.text.casefold())
        known = found.get(key)
        if known is None or STRENGTHS.index(demand.need) < STRENGTHS.index(known.need):
            found[key] = demand
    ordered = sorted(found.values(), key=lambda d: STRENGTHS.index(d.need))
    return tuple(ordered[:MAX_DEMANDS])


def _all(
    job: JobRecord,
    text: str,
    parts: Sequence[Passage],
    matcher: SkillMatcher,
    index: Callable[[str], int],
) -> Iterator[Demand]:
    for requirement in extract_requirements(text, matcher, parts=parts):
        yield from _of_requirement(requirement, index)
    for mention in matcher.find(job.title):
        yield _skill(mention, "mentioned", index, "title")
    for place, label in enumerate(job.skills):
        skill = matcher.resolve(label)
        if skill is not None:
            yield Demand("skill", "mentioned", index(skill), place, place + 1, "skills")
    yield from _mentioned(text, parts, matcher, index)


def _of_requirement(asked: Requirement, index: Callable[[str], int]) -> Iterator[Demand]:
    need = asked.need
    for mention in asked.skills:
        yield _skill(mention, need, index, "description")
    if asked.years is not None:
        yield Demand("years", need, asked.years.low, asked.years.start, asked.years.end)
    if asked.degree is not None:
        named = asked.degree
        degree = next(d for d in DEGREES if d == named.name)
        yield Demand("degree", need, DEGREES.index(degree), named.start, named.end)
    for kind, rows in (("certificate", asked.certificates), ("language", asked.languages)):
        for named in rows:
            yield _named(kind, need, named.start, named.end, named.name)  # type: ignore[arg-type]


def _named(kind: Kind, need: Need, start: int, end: int, name: str) -> Demand:
    return Demand(kind, need, 0, start, end, text=name[:MAX_TEXT])


def _skill(mention: SkillMention, need: Strength, index: Callable[[str], int], part: Part) -> Demand:
    return Demand("skill", need, index(mention.skill_id), mention.start, mention.end, part)


def _mentioned(
    text: str, parts: Sequence[Passage], matcher: SkillMatcher, index: Callable[[str], int]
) -> Iterator[Demand]:
    """Skills of passages that ask for something without saying how strongly."""
    for part, role in zip(parts, stated_roles(parts), strict=True):
        if part.kind == "heading" or role in _NOT_ASKED or role in ("must", "nice"):
            continue
        for mention in matcher.find(part.text):
            demand = _skill(mention, "mentioned", index, "description")
            yield Demand(
                demand.kind, demand.need, demand.key, demand.start + part.start, demand.end + part.start
            )
