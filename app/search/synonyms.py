"""Other names of skills: whoever asks for "js" also finds "JavaScript", for "k8s" "Kubernetes".

Read from our own table of the taxonomy, `skills_extra.csv`, whose aliases are written for exactly this; the
aliases of the ESCO and O*NET tables are descriptions more often than names.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.search.engine import Clause, Kind, Unit
from app.taxonomy.files import TaxonomyMissingError, folder

Words = tuple[str, ...]
FILE = "skills_extra.csv"
LONGEST = 4  # words
MOST = 6  # alternatives of one name
#: A posting that uses another name is a little less sure to be meant.
LABEL_WEIGHT, ALIAS_WEIGHT = 0.9, 0.7
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_PIECE = re.compile(r"[^\W_]+[+#]*")


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Name (folded words) -> other names of the same skill, its label first."""

    names: dict[Words, tuple[Unit, ...]]

    def expand(self, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        """Every name that is asked for may also be found by another; the longest name wins."""
        expanded: list[Clause] = []
        place = 0
        while place < len(clauses):
            length, alternatives = self._name_at(clauses, place)
            if not alternatives:
                expanded.append(clauses[place])
                place += 1
                continue
            asked = clauses[place : place + length]
            expanded.append(Clause((*_asked(asked), *alternatives), asked[0].negative))
            place += length
        return tuple(expanded)

    def _name_at(self, clauses: tuple[Clause, ...], place: int) -> tuple[int, tuple[Unit, ...]]:
        phrase = clauses[place].units[0]
        if len(clauses[place].units) == 1 and phrase.kind == "phrase":
            return 1, self.names.get(phrase.words, ())
        run: list[str] = []
        for clause in clauses[place : place + LONGEST]:
            plain = len(clause.units) == 1 and clause.units[0].kind == "word" and not clause.negative
            if not plain and not (clause.negative and not run):
                break
            run.append(clause.units[0].words[0])
            if clause.negative:
                break
        for length in range(len(run), 0, -1):
            found = self.names.get(tuple(run[:length]))
            if found:
                return length, found
        return 1, ()


def _asked(clauses: tuple[Clause, ...]) -> tuple[Unit, ...]:
    if len(clauses) == 1:
        return clauses[0].units
    return (Unit("all", tuple(clause.units[0].words[0] for clause in clauses)),)


@lru_cache(maxsize=4)
def synonyms(place: Path | None = None) -> Synonyms:
    """From the taxonomy's folder; without one there are none."""
    try:
        path = (place or folder()) / FILE
        with path.open(encoding="utf-8") as file:
            skills = [(row["label"], row["aliases"].split("|")) for row in csv.DictReader(file)]
    except (TaxonomyMissingError, OSError):
        return Synonyms({})
    return Synonyms(_table(skills))


def _table(skills: list[tuple[str, list[str]]]) -> dict[Words, tuple[Unit, ...]]:
    groups = [_forms(label, aliases) for label, aliases in skills]
    owners: dict[Words, int] = defaultdict(int)
    for forms in groups:
        for form in forms:
            owners[form] += 1
    table = {}
    for forms in groups:
        for form in forms:
            others = tuple(_alternatives(form, forms))
            if owners[form] == 1 and others:
                table[form] = others
    return table


def _forms(label: str, aliases: list[str]) -> list[Words]:
    """The label first, without repetition."""
    texts = (_BRACKETS.sub("", text).lower().strip() for text in (label, *aliases))
    return list(dict.fromkeys(tuple(text.split()) for text in texts if text))


def _alternatives(form: Words, forms: list[Words]) -> list[Unit]:
    """For a skill's label all its other names, for another name the label alone.

    Names that contain this one are left out: who finds "python" finds "python 3" anyhow.
    """
    mine, seen, found = set(_pieces(form)), set[Words](), []
    for other in forms if form == forms[0] else forms[:1]:
        pieces = _pieces(other)
        if pieces and not mine <= set(pieces) and pieces not in seen:
            seen.add(pieces)
            kind: Kind = "word" if len(other) == 1 else "phrase"
            found.append(Unit(kind, other, LABEL_WEIGHT if other == forms[0] else ALIAS_WEIGHT))
    return found[:MOST]


def _pieces(form: Words) -> Words:
    """The words as an index sees them."""
    return tuple(_PIECE.findall(" ".join(form)))
