"""Files of `esco-linking`: annotated sentences and the labels that are ranked."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.taxonomy import Skill, normalise, read_skills, taxonomy_folder

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
LABELS = "skills_en_label.txt"
#: Part -> file; the first is required.
PARTS = {
    "TECH test": "tech_test_annotations.csv",
    "HOUSE test": "house_test_annotations.csv",
    "TECHWOLF test": "techwolf_test_annotations.csv",
    "TECH validation": "tech_validation_annotations.csv",
    "HOUSE validation": "house_validation_annotations.csv",
}


@dataclass(frozen=True)
class Sentences:
    """Distinct sentences with at least one label of the list, and the positions of those labels."""

    texts: list[str]
    relevant: list[I64]


def read_labels(folder: Path) -> list[str]:
    return (folder / LABELS).read_text(encoding="utf-8").splitlines()


def read_sentences(path: Path, labels: list[str]) -> Sentences:
    position = {label.strip(): i for i, label in enumerate(labels)}
    found: dict[str, set[int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            place = position.get(row["label"].strip())
            if place is not None:
                found.setdefault(row["sentence"], set()).add(place)
    return Sentences(list(found), [np.array(sorted(places), np.int64) for places in found.values()])


def as_skills(labels: list[str]) -> list[Skill]:
    """One target per label; type and synonyms from our tables where they have the label."""
    known = {normalise(s.label): s for s in read_skills(taxonomy_folder()) if s.source == "esco"}
    out = []
    for i, label in enumerate(labels):
        skill = known.get(normalise(label))
        kind, aliases = (skill.type, skill.aliases) if skill else ("skill", ())
        out.append(Skill(f"label:{i}", label.strip(), kind, "label", aliases))
    return out


def ranking_metrics(scores: F32, relevant: list[I64]) -> dict[str, F64]:
    """MRR of the best label, and hits in the top k over min(k, labels); (n,) each. Ties count half."""
    values: dict[str, list[float]] = {"MRR": [], "RP@1": [], "RP@5": [], "RP@10": []}
    for row, places in zip(scores, relevant, strict=True):
        own = row[places][:, None]
        ahead = (row > own).sum(1) + ((row == own).sum(1) - 1) / 2
        values["MRR"].append(1.0 / (1.0 + float(ahead.min())))
        for k in (1, 5, 10):
            values[f"RP@{k}"].append(float((ahead < k).sum()) / min(k, len(places)))
    return {name: np.array(v, np.float64) for name, v in values.items()}
