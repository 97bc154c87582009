"""Everything that reads text, loaded together: one folder of a release.

    language/
        tagger/          skill spans (models/tagger.py)
        linker/          words -> skills of the taxonomy (models/linker.py)
        occupations/     titles -> occupations (models/occupations.py)
        roles/           what passages of postings are for (models/sentence_roles.py)

A part may be missing: then the taxonomy's own words do its work (the gazetteer finds skills, stated labels
are looked up, titles have no occupation, there are no summaries), and answers say how a thing was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.passages import passages
from features.records import JobRecord
from features.requirements import Requirement, extract_requirements
from features.skill_levels import find_level
from features.skills import SkillMatcher
from models.bundle import ModelBundle
from models.linker import LinkedSkill, SkillLinker
from models.occupations import OccupationLinker, TitleReading
from models.sentence_roles import SentenceRoles, best_roles
from models.summarizer import Rewriter, Summarizer
from models.tagger import SkillTagger, Span

PARTS = ("tagger", "linker", "occupations", "roles")
#: A passage is taken for a requirement on the model's word only where it is this sure.
ROLE_CERTAINTY = 0.8
#: A tagged span that means no skill of the taxonomy is shown all the same, if the tagger is this sure of it.
UNKNOWN_SKILL_CERTAINTY = 0.6
MAX_UNKNOWN_CHARS = 60
#: Words that only mean a skill, and hold none of its name, are believed from here on: below, names of
#: products attract what they merely resemble.
MEANT_CERTAINTY = 0.3
#: How often a mention by name stands in a span that SkillSpan's annotators marked (dev part, 1,279 mentions):
#: where the tagger marks something there too, where it marks nothing, and without a tagger.
NAMED_AND_TAGGED, NAMED_ALONE, NAMED = 0.84, 0.34, 0.60


@dataclass(frozen=True, slots=True)
class SkillFound:
    """`text[start:end]` shows the skill; `skill_id` "" = none of the taxonomy. `level` as stated, else ""."""

    skill_id: str
    label: str
    surface: str
    start: int
    end: int
    level: str
    confidence: float
    method: str


@dataclass(frozen=True, slots=True)
class PostingReading:
    """`title` is None without the occupations part."""

    title: TitleReading | None
    skills: tuple[SkillFound, ...]
    requirements: tuple[Requirement, ...]


class LanguageModels:
    """Immutable; safe to share between threads."""

    def __init__(
        self,
        bundle: ModelBundle,
        *,
        tagger: SkillTagger | None = None,
        linker: SkillLinker | None = None,
        occupations: OccupationLinker | None = None,
        roles: SentenceRoles | None = None,
        rewriter: Rewriter | None = None,
        version: str = "none",
    ) -> None:
        self.matcher: SkillMatcher = bundle.transform.matcher
        self._encode = bundle.encoder.encode
        self.tagger, self.linker, self.occupations, self.roles = tagger, linker, occupations, roles
        self.summarizer = Summarizer(roles, self._encode, self.matcher, rewriter) if roles else None
        #: Names what was read with: the parts and the taxonomy behind them.
        self.version = f"{version}+{bundle.encoder_version}" + (f"+{rewriter.version}" if rewriter else "")

    @classmethod
    def load(
        cls, folder: Path, digests: Mapping[str, str], bundle: ModelBundle, rewriter: Rewriter | None = None
    ) -> LanguageModels:
        """Whatever parts `folder` holds; none if it does not exist. `digests` of its files, as the release
        that holds it compared them, name the version: they are not computed again.

        Raises what the parts raise: TaggerError, LinkerError, OccupationError, ValueError.
        """
        has = {part: (folder / part).is_dir() for part in PARTS}
        transform = bundle.transform
        return cls(
            bundle,
            tagger=SkillTagger(folder / "tagger") if has["tagger"] else None,
            linker=SkillLinker.load(folder / "linker") if has["linker"] else None,
            occupations=OccupationLinker.load(
                folder / "occupations", bundle.encoder.encode, transform.gazetteer
            )
            if has["occupations"]
            else None,
            roles=SentenceRoles.load(folder / "roles") if has["roles"] else None,
            rewriter=rewriter,
            version=_version(digests),
        )

    # -- skills --------------------------------------------------------------------------------------

    def find_skills(self, texts: Sequence[str]) -> list[list[SkillFound]]:
        """Per text the skills in order of appearance, not overlapping; the taxonomy's own words win."""
        tagged: list[list[Span]] = self.tagger.find(texts) if self.tagger else [[] for _ in texts]
        return [self._skills_of(text, spans) for text, spans in zip(texts, tagged, strict=True)]

    def _skills_of(self, text: str, spans: Sequence[Span]) -> list[SkillFound]:
        found = [
            SkillFound(
                m.skill_id,
                m.label,
                m.surface,
                m.start,
                m.end,
                _level(text, m.start, m.end),
                self._sure_of_name(m.start, m.end, spans),
                "gazetteer",
            )
            for m in self.matcher.find(text)
        ]
        taken = [(m.start, m.end) for m in found]
        free = [s for s in spans if all(s.end <= start or s.start >= end for start, end in taken)]
        free = _longest(free)
        linked = self.standardize([text[s.start : s.end] for s in free])
        found += [
            made for span, skill in zip(free, linked, strict=True) if (made := _tagged(text, span, skill))
        ]
        return sorted(found, key=lambda f: (f.start, f.end))

    def _sure_of_name(self, start: int, end: int, spans: Sequence[Span]) -> float:
        if self.tagger is None:
            return NAMED
        return NAMED_AND_TAGGED if any(s.start < end and s.end > start for s in spans) else NAMED_ALONE

    def standardize(self, labels: Sequence[str]) -> list[LinkedSkill | None]:
        """S-171: the one skill each label means; None where none is meant closely enough."""
        if self.linker is not None:
            return self.linker.standardize(labels)
        ids = [self.matcher.resolve(label) for label in labels]
        return [LinkedSkill(i, self.matcher.label(i), 0.95, "alias") if i else None for i in ids]

    # -- postings ------------------------------------------------------------------------------------

    def read_postings(self, jobs: Sequence[JobRecord]) -> list[PostingReading]:
        titles = self.occupations.read([j.title for j in jobs], k=1) if self.occupations else []
        skills = self.find_skills([j.description for j in jobs])
        return [
            PostingReading(
                titles[at] if titles else None, tuple(skills[at]), tuple(self.requirements(job.description))
            )
            for at, job in enumerate(jobs)
        ]

    def requirements(self, text: str) -> list[Requirement]:
        """S-214. Where the posting's own words are silent, the model of roles decides if it is sure."""
        parts = passages(text)
        if self.roles is None or not parts:
            return extract_requirements(text, self.matcher, parts=parts)
        guessed = best_roles(self.roles.probabilities(parts, self._encode), ROLE_CERTAINTY)
        return extract_requirements(text, self.matcher, guessed, parts)


def _tagged(text: str, span: Span, skill: LinkedSkill | None) -> SkillFound | None:
    """A span that the tagger found; None where it is neither a known skill nor surely one."""
    surface = text[span.start : span.end]
    level = _level(text, span.start, span.end)
    if skill is not None and (skill.method != "embedding" or skill.confidence >= MEANT_CERTAINTY):
        sure = round(span.confidence * skill.confidence, 4)
        method = f"tagger+{skill.method}"
        return SkillFound(skill.skill_id, skill.label, surface, span.start, span.end, level, sure, method)
    if span.confidence < UNKNOWN_SKILL_CERTAINTY or len(surface) > MAX_UNKNOWN_CHARS:
        return None
    label = " ".join(surface.split())
    return SkillFound("", label, surface, span.start, span.end, level, round(span.confidence, 4), "tagger")


def _longest(spans: Sequence[Span]) -> list[Span]:
    """Of spans that overlap (a skill may hold a thing known) the longest, in order."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        if all(span.end <= k.start or span.start >= k.end for k in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)


def _level(text: str, start: int, end: int) -> str:
    stated = find_level(text, start, end)
    return stated.level if stated else ""


def _version(digests: Mapping[str, str]) -> str:
    if not digests:
        return "none"
    named = "".join(f"{name}{digest}" for name, digest in sorted(digests.items()))
    return hashlib.sha256(named.encode()).hexdigest()[:12]
