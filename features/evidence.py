"""What a person shows: skills, years, degree, certificates and languages, with every place that shows them.

Every place, not the first: taking all of them away takes the evidence away, and taking anything else away
changes nothing. Personal lines and stuffed passages show nothing (see `features.blind`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from features.demands import DEGREES
from features.passages import Passage, passages
from features.records import UserRecord
from features.requirements import Named, read_certificates, read_degree, read_languages
from features.skills import SkillMatcher

Source = Literal["resume", "skills", "title", "profile"]


@dataclass(frozen=True, slots=True)
class Shown:
    """Offsets into the resume or title; in the list of skills `start` is the place; a field has none."""

    source: Source
    start: int = 0
    end: int = 0


PROFILE = Shown("profile")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Skills by row of the taxonomy; certificates and languages by name in lower case; degrees by their place
    in DEGREES. `words` is how much there is to read.
    """

    skills: Mapping[int, tuple[Shown, ...]] = field(default_factory=dict)
    years: float | None = None
    degrees: tuple[tuple[int, Shown], ...] = ()
    certificates: Mapping[str, tuple[Shown, ...]] = field(default_factory=dict)
    languages: Mapping[str, tuple[Shown, ...]] = field(default_factory=dict)
    words: int = 0


def read_evidence(
    user: UserRecord,
    matcher: SkillMatcher,
    index: Callable[[str], int],
    *,
    blank: Callable[[str], str],
) -> Evidence:
    """`index` maps skill ids to rows; `blank` puts spaces where a text must not count, keeping its length."""
    resume = blank(user.resume_text)
    skills: dict[int, list[Shown]] = {}
    for place, label in enumerate(user.skills):
        for skill in _of_label(label, matcher):
            skills.setdefault(index(skill), []).append(Shown("skills", place, place + 1))
    for source, text in (("title", user.desired_title), ("resume", resume)):
        for mention in matcher.find(text):
            shown = Shown(source, mention.start, mention.end)  # type: ignore[arg-type]
            skills.setdefault(index(mention.skill_id), []).append(shown)
    parts = passages(resume)
    stated = _stated(user)
    return Evidence(
        skills={skill: tuple(places) for skill, places in skills.items()},
        years=user.experience_years,
        degrees=_degrees(parts),
        certificates=_named(parts, read_certificates, stated),
        languages=_named(parts, read_languages, stated),
        words=len(resume.split()) + len(user.desired_title.split()) + 2 * len(user.skills),
    )


def _of_label(label: str, matcher: SkillMatcher) -> set[str]:
    """What a stated skill says as a name and as a text: said again in the resume it shows nothing new."""
    resolved = matcher.resolve(label)
    return ({resolved} if resolved is not None else set()) | {m.skill_id for m in matcher.find(label)}


def _stated(user: UserRecord) -> dict[str, tuple[Shown, ...]]:
    """The list of skills by name: people put languages and certificates there too ("German (B2)")."""
    out: dict[str, tuple[Shown, ...]] = {}
    for place, label in enumerate(user.skills):
        name = label.partition("(")[0].strip().casefold()
        out[name] = (*out.get(name, ()), Shown("skills", place, place + 1))
    return out


def _degrees(parts: list[Passage]) -> tuple[tuple[int, Shown], ...]:
    found = (read_degree(part) for part in parts)
    return tuple(
        (DEGREES.index(named.name), Shown("resume", named.start, named.end))
        for named in found
        if named is not None
    )


def _named(
    parts: list[Passage],
    read: Callable[[Passage], tuple[Named, ...]],
    stated: Mapping[str, tuple[Shown, ...]],
) -> dict[str, tuple[Shown, ...]]:
    out: dict[str, tuple[Shown, ...]] = dict(stated)
    for part in parts:
        for named in read(part):
            name = named.name.casefold()
            out[name] = (*out.get(name, ()), Shown("resume", named.start, named.end))
    return out
