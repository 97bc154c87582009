"""The linking benchmark: its protocol on small numbers, and the whole of it on the tracked weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training.benchmarks import esco_linking
from training.benchmarks.esco_linking_data import as_skills, ranking_metrics, read_sentences
from training.benchmarks.report import BenchmarkDataError

LABELS = ["manage staff", "PostgreSQL", "breed pigs", "communication", "weld metal", "read maps"]
ROWS = """sentence,span,sub_span,label
we use a PostgreSQL database,PostgreSQL,,PostgreSQL
lead people and talk to them,lead people,,manage staff
lead people and talk to them,talk,,communication
something else,else,,LABEL NOT PRESENT
"""


def test_metrics_count_ties_half_and_divide_by_what_is_possible() -> None:
    scores = np.array([[3, 2, 1, 0], [1, 1, 0, 0]], np.float32)
    relevant = [np.array([1, 3]), np.array([0])]
    found = ranking_metrics(scores, relevant)
    assert found["MRR"].tolist() == [1 / 2, 1 / 1.5]
    assert found["RP@1"].tolist() == [0.0, 1.0]
    assert found["RP@5"].tolist() == [1.0, 1.0]


def test_only_sentences_with_a_label_of_the_list_count(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    read = read_sentences(tmp_path / "a.csv", LABELS)
    assert read.texts == ["we use a PostgreSQL database", "lead people and talk to them"]
    assert [places.tolist() for places in read.relevant] == [[1], [0, 3]]


def test_synonyms_come_from_our_tables() -> None:
    skills = as_skills(["PostgreSQL", "no such label"])
    assert "Postgres" in skills[0].aliases
    assert skills[1].aliases == ()


def test_the_whole_benchmark_on_a_few_labels(tmp_path: Path) -> None:
    (tmp_path / "skills_en_label.txt").write_text("\n".join(LABELS) + "\n")
    (tmp_path / "tech_test_annotations.csv").write_text(ROWS)
    report = esco_linking.run(tmp_path, json_out=tmp_path / "out.json")
    document = json.loads((tmp_path / "out.json").read_text())
    assert set(document["metrics"]) == {"MRR", "RP@1", "RP@5", "RP@10"}
    assert {"character TF-IDF", "MiniLM, zero-shot"} < set(document["baselines"])
    assert document["metrics"]["RP@10"] == 1.0
    assert document["metrics"]["MRR"] >= 0.75
    assert report.slices[0].users == 2


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkDataError, match=r"skills_en_label\.txt"):
        esco_linking.run(tmp_path)
