from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.taxonomy import Skill, read_table
from training.build_taxonomy import BuildError, nearest, unpack, write_table
from training.taxonomy_places import alternates, is_latin
from training.taxonomy_sources import (
    common_words,
    is_acronym,
    merge_sources,
    soc_code,
    split_occupation,
    written_forms,
)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("baker bread baker pastry cook Bakers make bread.", "baker"),
        ("gear repair technician gear fixer Gear repair technicians repair gears.", "gear repair technician"),
        (
            "trade manager in wool goods trader in wool goods Trade managers in wool goods buy wool.",
            "trade manager in wool goods",
        ),
        ("lift foreman foreman of lifts Lift foremen watch lifts.", "lift foreman"),
    ],
)
def test_the_label_is_what_the_definition_repeats_in_the_plural(text: str, label: str) -> None:
    assert split_occupation(text)[0] == label


@pytest.mark.parametrize(
    ("label", "forms"),
    [
        ("Domain name system DNS", ("Domain name system", "DNS")),
        ("Salesforce software", ("Salesforce",)),
        ("Autodesk AutoCAD", ()),
        ("Microsoft SharePoint", ("SharePoint",)),
        ("Oracle Designer", ()),
        ("Python", ()),
    ],
)
def test_short_forms_of_product_names(label: str, forms: tuple[str, ...]) -> None:
    assert written_forms(label) == forms


@pytest.mark.parametrize(
    ("word", "expansion", "expected"),
    [
        ("DNS", "Domain name system", True), ("DOE", "Design of experiments", True),
        ("SMS", "Surface water modeling system", False),
        ("Dns", "Domain name system", False), ("AB", "A B", False),
    ],
)  # fmt: skip
def test_acronyms(word: str, expansion: str, expected: bool) -> None:
    assert is_acronym(word, expansion.split()) is expected


def test_equal_labels_become_one_skill_and_keep_the_first_id() -> None:
    first = [Skill("esco:1", "Py (computer programming)", "knowledge", "esco", ("Py3",))]
    second = [
        Skill("onet:py", "py", "technology", "onet"),
        Skill("onet:py3-tools", "Py3 tools", "technology", "onet", ("Py3",)),
    ]
    merged = merge_sources(first, second)
    assert [(skill.id, skill.type, skill.aliases) for skill in merged] == [
        ("esco:1", "technology", ("Py", "Py3")),
        ("onet:py3-tools", "technology", ()),
    ]


def test_common_words_are_counted_once_a_text_and_only_in_lower_case(tmp_path: Path) -> None:
    public = tmp_path / "laiser/public"
    public.mkdir(parents=True)
    tasks = ["Go home, go now.", "They go.", "We go on.", "Use Go-kart and Spark.", "spark one", "spark two"]
    rows = "".join(f'"{task}",d,onet_task,v\n' for task in tasks)
    (public / "task_taxonomy.csv").write_text("name,description,taxonomy,action_verb\n" + rows)
    (public / "faiss_skills.csv").write_text("skill_name,description,taxonomy\n")
    (public / "knowledge_taxonomy.csv").write_text("name,description,taxonomy\n")
    skills = [Skill("a", "Go", "technology", "onet"), Skill("b", "Spark", "technology", "onet")]
    assert common_words(tmp_path, skills) == [("go", 3)]


def test_tables_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    rows = [("1", "a|b"), ("2", 'say "x", y')]
    for name in ("one.csv.gz", "two.csv.gz"):
        write_table(tmp_path / name, ("id", "text"), rows)
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    read = [(row["id"], row["text"]) for row in read_table(tmp_path, "one.csv.gz", ("id", "text"))]
    assert read == rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.csv.gz", "two.csv.gz"]


def test_nearest_breaks_ties_by_position() -> None:
    items = np.eye(3, dtype=np.float32)[[0, 1, 1, 2]]
    assert nearest(np.eye(3, dtype=np.float32), items, 2).tolist() == [[0, 1], [1, 2], [3, 0]]


def test_missing_and_damaged_packages_are_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"laiser==1\.0"):
        unpack(tmp_path, tmp_path / "out")
    (tmp_path / "laiser-1.0-py3-none-any.whl").write_bytes(b"not a zip")
    with pytest.raises(BuildError, match="damaged"):
        unpack(tmp_path, tmp_path / "out")


def test_alternates_are_latin_distinct_and_only_of_large_places() -> None:
    others = ["Cologne", "COLOGNE", "Кёльн", "CGN", "koelle", "Colonia"]
    assert alternates("Köln", others, 1_000_000) == ["Cologne", "Colonia"]
    assert alternates("Köln", others, 20_000) == []
    assert is_latin("Łódź")
    assert not is_latin("Кёльн")


def test_soc_code() -> None:
    assert soc_code("151252") == "15-1252"
