"""Skills and occupations: ids, labels, synonyms and relations, read from `data/taxonomy/`.

The tables are rebuilt by `python -m training.build_taxonomy`; `skills_extra.csv` is our own and is merged
here, so that a missing word can be added without a rebuild. One concept has one id: a row of
`skills_extra.csv` whose label or alias is already known extends that skill (and absorbs its duplicates)
instead of adding another.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal

SkillType = Literal["skill", "knowledge", "technology"]
Origin = Literal["given", "computed"]

#: Environment variable that points at another folder of tables.
FOLDER_VARIABLE = "JOBPILOT_TAXONOMY_DIR"
SKILLS, EXTRA, OCCUPATIONS = "skills.csv.gz", "skills_extra.csv", "occupations.csv.gz"
RELATIONS, WAGES, COMMON = "occupation_skills.csv.gz", "wages.csv.gz", "common_words.csv.gz"
CITIES, COUNTRIES, STATES = "cities.csv.gz", "countries.csv.gz", "us_states.csv.gz"
REGIONS, PLACE_ALIASES = "regions.csv", "place_aliases.csv"
#: Every table; the version covers them all, so that a model can tell whether its facts have changed.
TABLES = (
    SKILLS,
    EXTRA,
    OCCUPATIONS,
    RELATIONS,
    WAGES,
    COMMON,
    CITIES,
    COUNTRIES,
    STATES,
    REGIONS,
    PLACE_ALIASES,
)

MAX_TABLE_BYTES = 64 * 2**20
_TOKEN = re.compile(r"(?<![\w.])\.net\b|[^\W_]+(?:[+#]{1,2})?", re.IGNORECASE)
_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*$")


class TaxonomyError(ValueError):
    """A table is missing, too large, or does not have the expected columns."""


@dataclass(frozen=True, slots=True)
class Skill:
    """`id` is `esco:<uuid>`, `onet:<slug>` or `jp:<slug>`; `source` is the part before the colon."""

    id: str
    label: str
    type: SkillType
    source: str
    aliases: tuple[str, ...] = ()

    @property
    def forms(self) -> tuple[str, ...]:
        """Every way to write the skill, the label first; a qualifier in parentheses is optional."""
        return tuple(dict.fromkeys((self.label, without_qualifier(self.label), *self.aliases)))


@dataclass(frozen=True, slots=True)
class Occupation:
    """`id` is `esco:<uuid>` or `soc:NN-NNNN`; `soc` names the nearest US occupation, for wages."""

    id: str
    label: str
    soc: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SkillLink:
    """A skill an occupation needs. "given" by a source, or "computed" from sentence embeddings."""

    skill_id: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Wage:
    """Annual US dollars; `area` is "US" or a state's postal code. A missing figure is None."""

    soc: str
    area: str
    employment: int | None
    mean: int | None
    percentiles: tuple[int | None, int | None, int | None, int | None, int | None]  # 10 25 50 75 90


def tokens(text: str) -> list[str]:
    """Case-folded word tokens; `c++`, `c#` and `.net` stay whole, other punctuation separates."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _TOKEN.findall(plain.casefold())


def normalise(label: str) -> str:
    """The form under which two spellings of one label are equal: 'CI/CD' and 'ci-cd' -> 'ci cd'."""
    return " ".join(tokens(label))


def without_qualifier(label: str) -> str:
    """'Python (computer programming)' -> 'Python'."""
    return _PARENTHESIS.sub("", label) or label


def taxonomy_folder() -> Path:
    """Where the tables are: $JOBPILOT_TAXONOMY_DIR, the checkout's data/taxonomy, or the installed share/.

    Raises TaxonomyError if there is none.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    candidates = (
        [Path(named)]
        if named
        else [
            Path(__file__).resolve().parents[1] / "data" / "taxonomy",
            Path(sys.prefix) / "share" / "jobpilot" / "taxonomy",
        ]
    )
    for folder in candidates:
        if (folder / SKILLS).is_file():
            return folder
    looked = ", ".join(str(folder) for folder in candidates)
    raise TaxonomyError(f"no taxonomy tables in {looked}; set {FOLDER_VARIABLE} to the folder that has them")


def read_table(folder: Path, name: str, columns: Iterable[str]) -> Iterator[dict[str, str]]:
    """Rows of a (gzip'd) CSV. Raises TaxonomyError if it is absent, oversized or lacks a column."""
    reader = csv.DictReader(io.StringIO(_text(folder / name), newline=""))
    missing = set(columns) - set(reader.fieldnames or ())
    if missing:
        raise TaxonomyError(f"{folder / name} lacks the columns {sorted(missing)}")
    yield from reader


def _text(path: Path) -> str:
    """The decoded content of a table, at most MAX_TABLE_BYTES."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(MAX_TABLE_BYTES + 1)
        if len(content) > MAX_TABLE_BYTES:
            raise TaxonomyError(f"{path} holds more than {MAX_TABLE_BYTES} bytes")
        return content.decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path} cannot be read: {error}") from error


def split_list(cell: str) -> tuple[str, ...]:
    """A '|'-separated cell; empty -> ()."""
    return tuple(cell.split("|")) if cell else ()


def read_skills(folder: Path, name: str = SKILLS) -> list[Skill]:
    """Rows of a skills table as they stand, before `merge_extra`."""
    rows = read_table(folder, name, ("id", "label", "type", "aliases"))
    return [_skill(row, folder / name) for row in rows]


def _skill(row: Mapping[str, str], path: Path) -> Skill:
    kind = row["type"]
    if kind not in ("skill", "knowledge", "technology"):
        raise TaxonomyError(f"{path}: skill {row['id']!r} has the unknown type {kind!r}")
    source = row["id"].partition(":")[0]
    return Skill(row["id"], row["label"], kind, source, split_list(row["aliases"]))  # type: ignore[arg-type]


def merge_extra(skills: list[Skill], extra: Iterable[Skill]) -> tuple[list[Skill], dict[str, str]]:
    """Fold `extra` into `skills`: (all skills in a stable order, absorbed id -> id that stands for it).

    An extra row matches by its label and by each of its aliases. The first match keeps its id and takes the
    extra's label; every further match is absorbed into it, so that one concept has one id. The extra's own id
    leads there too.
    """
    merged = {skill.id: skill for skill in skills}
    owners: dict[str, list[str]] = {}
    for skill in skills:
        for form in (skill.label, without_qualifier(skill.label)):
            owners.setdefault(normalise(form), []).append(skill.id)
    redirects: dict[str, str] = {}
    for row in extra:
        names = dict.fromkeys(normalise(form) for form in (row.label, *row.aliases))
        same = list(dict.fromkeys(i for name in names for i in owners.get(name, ()) if i in merged))
        if not same:
            merged[row.id] = row
            continue
        redirects[row.id] = same[0]
        parts = [merged.pop(skill_id) if skill_id != same[0] else merged[skill_id] for skill_id in same]
        redirects.update(dict.fromkeys(same[1:], same[0]))
        aliases = dict.fromkeys((*row.aliases, *(form for part in parts for form in part.forms)))
        aliases.pop(row.label, None)
        merged[same[0]] = replace(parts[0], label=row.label, type=row.type, aliases=tuple(aliases))
    return list(merged.values()), redirects


@dataclass(frozen=True)
class Taxonomy:
    """Immutable; load once per process (about half a second) and share it."""

    skills: tuple[Skill, ...]
    occupations: tuple[Occupation, ...]
    version: str
    folder: Path
    redirects: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: Our own rows as written: the readers trust their spelling (see `features.skills`).
    extra: tuple[Skill, ...] = ()

    @classmethod
    def load(cls, folder: Path | None = None) -> Taxonomy:
        """Read the tables of `folder` (default: `taxonomy_folder()`). Raises TaxonomyError."""
        folder = folder or taxonomy_folder()
        extra = tuple(read_skills(folder, EXTRA))
        skills, redirects = merge_extra(read_skills(folder), extra)
        rows = read_table(folder, OCCUPATIONS, ("id", "label", "soc", "aliases"))
        occupations = [Occupation(r["id"], r["label"], r["soc"], split_list(r["aliases"])) for r in rows]
        frozen = MappingProxyType(redirects)
        return cls(tuple(skills), tuple(occupations), _digest(folder), folder, frozen, extra)

    @cached_property
    def skill_index(self) -> dict[str, int]:
        """Skill id -> position in `skills`: the row of the embedding table."""
        return {skill.id: position for position, skill in enumerate(self.skills)}

    @cached_property
    def occupation_index(self) -> dict[str, int]:
        """Occupation id -> position in `occupations`."""
        return {occupation.id: position for position, occupation in enumerate(self.occupations)}

    def canonical(self, skill_id: str) -> str:
        """The id that stands for `skill_id` (itself, unless it was absorbed). Raises KeyError if unknown."""
        skill_id = self.redirects.get(skill_id, skill_id)
        self.skill_index[skill_id]
        return skill_id

    def skill(self, skill_id: str) -> Skill:
        """The skill with this id. Raises KeyError if unknown."""
        return self.skills[self.skill_index[self.redirects.get(skill_id, skill_id)]]

    @cached_property
    def occupation_skills(self) -> dict[str, tuple[SkillLink, ...]]:
        """Occupation id -> the skills it needs; computed ones have the most related first."""
        links: dict[str, tuple[SkillLink, ...]] = {}
        for row in read_table(self.folder, RELATIONS, ("occupation_id", "origin", "skill_ids")):
            origin: Origin = "given" if row["origin"] == "given" else "computed"
            ids = dict.fromkeys(self.canonical(skill_id) for skill_id in row["skill_ids"].split())
            links[row["occupation_id"]] = tuple(SkillLink(skill_id, origin) for skill_id in ids)
        return links

    @cached_property
    def wages(self) -> dict[tuple[str, str], Wage]:
        """(SOC code, "US" or a state's postal code) -> annual wages."""
        columns = ("soc", "area", "employment", "mean", "p10", "p25", "p50", "p75", "p90")
        return {(row["soc"], row["area"]): _wage(row) for row in read_table(self.folder, WAGES, columns)}

    @cached_property
    def common_words(self) -> dict[str, int]:
        """Word -> how many texts of the sources' prose use it in lower case (only forms of skills)."""
        rows = read_table(self.folder, COMMON, ("word", "texts"))
        return {row["word"]: int(row["texts"]) for row in rows}


def _wage(row: Mapping[str, str]) -> Wage:
    def figure(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    percentiles = (figure("p10"), figure("p25"), figure("p50"), figure("p75"), figure("p90"))
    return Wage(row["soc"], row["area"], figure("employment"), figure("mean"), percentiles)


def _digest(folder: Path) -> str:
    """sha256 over the names and contents of the tables: changes whenever any fact does."""
    digest = hashlib.sha256()
    for name in TABLES:
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise TaxonomyError(f"{folder / name} cannot be read: {error}") from error
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
