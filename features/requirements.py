"""What a posting asks for (S-214): ranked must-haves and nice-to-haves, each pointing at the words that ask.

A requirement is a passage whose role is must or nice, with what can be read from it: skills of the taxonomy,
years of experience, degree, certificates and languages. Nothing is inferred that the passage does not say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from features.headings import Role
from features.passages import Passage, passages
from features.posting_roles import says_nice, stated_roles
from features.skills import SkillMatcher, SkillMention

Degree = Literal["secondary", "associate", "bachelor", "master", "doctorate"]
Need = Literal["must", "nice"]

_NUMBER = r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)"
_YEARS = re.compile(
    rf"\b(?P<low>{_NUMBER})\s*(?:\(\d+\)\s*)?(?:(?:-|–|to)\s*(?P<high>{_NUMBER})\s*)?\+?\s*(?:or more\s+)?"
    r"(?:years?|yrs?)\b(?!\s*(?:old|of age|ago|in business))",
    re.IGNORECASE,
)
_WORDS = dict(zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True))
#: Years about the company, not about the person.
_OF_THE_COMPANY = re.compile(
    r"\b(?:(?:we|our)\b.{0,40}(?:have|over|for|been)|founded|history)\b.{0,40}$", re.IGNORECASE
)
#: Highest first; "or" between two means the lower one is enough, which is what a person needs to know.
_DEGREES: tuple[tuple[Degree, re.Pattern[str]], ...] = (
    ("doctorate", re.compile(r"\b(?:ph\.?\s?d\.?|doctorate|doctoral)(?!\w)", re.IGNORECASE)),
    (
        "master",
        re.compile(
            r"\b(?:master(?:'?s|’s)?(?: degree|\b(?= of| in|'|’))|m\.?sc\b|mba\b|ms/|/ms\b|graduate degree|"
            r"advanced degree|M\.S\.|M\.A\.)",
            re.IGNORECASE,
        ),
    ),
    (
        "bachelor",
        re.compile(
            r"\b(?:[Bb]achelor(?:'?s|’s)?\b|B\.?[Ss]c\b|B\.?[Tt]ech\b|BS\b|B\.S\.?|BA\b|B\.A\.?|"
            r"(?:[Uu]ndergraduate|[Uu]niversity|[Cc]ollege|(?:[Ff]our|4)[- ]year) degree)"
        ),
    ),
    ("associate", re.compile(r"\b(?:associate(?:'?s|’s)? degree|diploma|vocational)\b", re.IGNORECASE)),
    ("secondary", re.compile(r"\b(?:high[- ]school|secondary school|GED\b)", re.IGNORECASE)),
)
#: "A degree in physics": some degree; the first there is.
_SOME_DEGREE = re.compile(r"\b[Dd]egree (?:in|required|or equivalent)\b")
_CERTIFICATE = re.compile(
    r"\b(?:[A-Z][\w+&/-]*(?: [A-Z][\w+&/-]*){0,4} (?:certifi(?:cation|cate|ed)|licen[sc]e)"
    r"|(?:certifi(?:cation|cate)|licen[sc]e) (?:in|as|of) [\w+&/ -]{3,40}"
    r"|PMP|CISSP|CPA|CFA|CCNA|CCNP|CKAD?|ACCA|CISM|CISA|ITIL|OSCP|PRINCE2|driver'?s licen[sc]e)\b"
)
_LANGUAGES = (
    "english french german spanish italian portuguese dutch polish czech swedish danish norwegian finnish "
    "greek turkish russian ukrainian arabic hebrew hindi mandarin chinese cantonese japanese korean amharic"
)
_LANGUAGE = re.compile(
    rf"\b({'|'.join(_LANGUAGES.split())})\b(?! (?:markets?|office|company|customers?|team|speaking team))",
    re.IGNORECASE,
)
_OF_LANGUAGE = re.compile(
    r"fluen|speak|spoken|written|native|proficien|language|command|bilingual|verbal|communicat|[ABC][12]\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;]\s+(?:and |but )?|\s\(")
_CONDITION = re.compile(r"\b(?:(?<!as )required|must|mandatory|essential|minimum|at least)\b", re.IGNORECASE)
#: Shorter ones say something only where they name something.
MIN_WORDS = 3
MAX_REQUIREMENTS = 60


@dataclass(frozen=True, slots=True)
class Years:
    low: int
    high: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Named:
    """A degree, certificate or language: what it is called and where (offsets in the posting)."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Requirement:
    """One passage that asks for something; spans are offsets in the posting's text.

    `rank` 1 is the weightiest; must-haves come before nice-to-haves. `source` says who decided the need:
    the posting's own words or heading ("stated"), or the trained model ("model").
    """

    rank: int
    need: Need
    start: int
    end: int
    text: str
    source: Literal["stated", "model"]
    weight: float
    skills: tuple[SkillMention, ...] = ()
    years: Years | None = None
    degree: Named | None = None
    certificates: tuple[Named, ...] = ()
    languages: tuple[Named, ...] = ()


def extract_requirements(
    text: str,
    matcher: SkillMatcher,
    roles: Mapping[int, Role] | None = None,
    parts: Sequence[Passage] | None = None,
) -> list[Requirement]:
    """Ranked requirements of a posting, at most MAX_REQUIREMENTS.

    `roles` maps passage indices to what a model takes them for; it is asked only where the posting's own
    words are silent, and then only a passage that names something checkable becomes a requirement.
    """
    parts = passages(text) if parts is None else parts
    found: list[Requirement] = []
    for at, (part, stated) in enumerate(zip(parts, stated_roles(parts), strict=True)):
        role = stated or (roles or {}).get(at)
        for piece, need in _pieces(part, role):
            read = _read(piece, at, stated, need, matcher)
            found += [read] if read else []
    ordered = sorted(found, key=lambda r: (r.need != "must", -r.weight, r.start))[:MAX_REQUIREMENTS]
    return [replace(r, rank=rank) for rank, r in enumerate(ordered, 1)]


def _pieces(part: Passage, role: Role | None) -> list[tuple[Passage, Role | None]]:
    """ "Bachelor's degree, master's preferred" asks for one thing and wishes for another."""
    if role == "nice" and part.kind != "heading":
        for match in reversed(list(_CLAUSE.finditer(part.text))):
            head = Passage(part.start, part.start + match.start(), part.kind, part.text[: match.start()])
            tail = Passage(part.start + match.end(), part.end, part.kind, part.text[match.end() :])
            both = read_degree(head) and read_degree(tail)
            if says_nice(tail) and not says_nice(head) and (both or _CONDITION.search(head.text)):
                return [(head, "must"), (tail, "nice")]
    return [(part, role)]


def _read(
    part: Passage, at: int, stated: Role | None, role: Role | None, matcher: SkillMatcher
) -> Requirement | None:
    if part.kind == "heading" or role not in ("must", "nice"):
        return None
    skills = tuple(_shifted(m, part.start) for m in matcher.find(part.text))
    years, degree = read_years(part), read_degree(part)
    certificates, languages = read_certificates(part), read_languages(part)
    facts = len({m.skill_id for m in skills}) + 2 * (years is not None) + 2 * (degree is not None)
    facts += 2 * len(certificates) + len(languages)
    if not facts and (stated is None or len(part.text.split()) < MIN_WORDS):
        return None
    # what can be checked weighs more, and what is said first was thought of first
    weight = min(facts, 6) + (1.0 if stated else 0.0) + 1.0 / (1 + at)
    return Requirement(
        rank=0,
        need="must" if role == "must" else "nice",
        start=part.start,
        end=part.end,
        text=part.text,
        source="stated" if stated else "model",
        weight=weight,
        skills=skills,
        years=years,
        degree=degree,
        certificates=certificates,
        languages=languages,
    )


def read_years(part: Passage) -> Years | None:
    """The first statement of years of experience in a passage."""
    for match in _YEARS.finditer(part.text):
        if _OF_THE_COMPANY.search(part.text[: match.start()]):
            continue
        low, high = _number(match["low"]), _number(match["high"]) if match["high"] else None
        if low <= 40 and (high is None or low <= high <= 40):
            return Years(low, high, part.start + match.start(), part.start + match.end())
    return None


def read_degree(part: Passage) -> Named | None:
    """The lowest degree named: "Bachelor's or Master's" asks for a bachelor's."""
    for name, pattern in (*reversed(_DEGREES), ("bachelor", _SOME_DEGREE)):
        match = pattern.search(part.text)
        if match:
            return Named(name, part.start + match.start(), part.start + match.end())
    return None


def read_certificates(part: Passage) -> tuple[Named, ...]:
    found: dict[str, Named] = {}
    for match in _CERTIFICATE.finditer(part.text):
        found.setdefault(
            match.group().lower(), Named(match.group(), part.start + match.start(), part.start + match.end())
        )
    return tuple(found.values())


def read_languages(part: Passage) -> tuple[Named, ...]:
    """Languages asked for, by English name; only where the passage speaks about language at all."""
    if not _OF_LANGUAGE.search(part.text):
        return ()
    found: dict[str, Named] = {}
    for match in _LANGUAGE.finditer(part.text):
        name = match.group().capitalize()
        found.setdefault(name, Named(name, part.start + match.start(), part.start + match.end()))
    return tuple(found.values())


def _number(text: str) -> int:
    return _WORDS.get(text.lower()) or int(text)


def _shifted(mention: SkillMention, by: int) -> SkillMention:
    return replace(mention, start=mention.start + by, end=mention.end + by)
