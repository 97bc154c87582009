from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import typst

from models.classifier import View
from models.tfidf import TfidfConfig
from training.benchmarks import resume_category as benchmark
from training.benchmarks.report import BenchmarkDataError

VIEWS = (
    View("headline", "first_line", 60, TfidfConfig("char", 2, 4)),
    View("words", "whole", 2_000, TfidfConfig("word", 1, 1)),
)
WORDS = {"CHEF": "oven bread knife stove", "PILOT": "runway flight cockpit altitude"}


def resumes(each: int) -> benchmark.Resumes:
    labels = [label for label in WORDS for _ in range(each)]
    texts = [f"{WORDS[label].split()[i % 4]}\n{WORDS[label]} number {i}" for i, label in enumerate(labels)]
    return benchmark.Resumes(texts, texts, labels, 0)


def test_every_file_is_predicted_by_a_model_of_the_other_folds(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    report = benchmark.run(tmp_path, json_out=out, views=VIEWS, resumes=resumes(10))
    document = json.loads(out.read_text())
    assert document["metrics"] == {"accuracy": 1.0, "macro-F1": 1.0}
    assert report.slices[0].users == 20
    assert len(document["baselines"]) == 3


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    some = resumes(10)
    some.texts[0] = some.texts[10] = ""
    found, confidence = benchmark.cross_validate(benchmark._svm, some.texts, some.labels, 0)
    assert found[0] == found[10] == ""
    assert confidence[0] == 0.0
    figures = benchmark.figures(np.array(some.labels), found, 0)
    assert figures["accuracy"].mean == pytest.approx(0.9)
    assert figures["accuracy"].low < 0.9 < figures["accuracy"].high


def test_files_are_read_by_our_reader_and_labelled_by_their_folder(tmp_path: Path) -> None:
    good = typst.compile(b"= Head Chef\n\nBread and pastry since 2011.")
    assert isinstance(good, bytes)
    files = {"CHEF/1.pdf": good, "PILOT/2.pdf": b"%PDF-1.4 broken", "PILOT/notes.txt": b"no resume"}
    with tarfile.open(tmp_path / benchmark.FILES[0], "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    read = benchmark.read_resumes(tmp_path / benchmark.FILES[0])
    assert read.labels == ["CHEF", "PILOT"]
    assert "Head Chef" in read.texts[0]
    assert "Head Chef" in read.plain[0]
    assert (read.texts[1], read.plain[1], read.failures) == ("", "", 1)


def test_without_the_archive_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkDataError, match="lacks"):
        benchmark.run(tmp_path)


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    right = np.array([True, True, False, False])
    assert benchmark.calibration_error(np.array([0.5, 0.5, 0.5, 0.5]), right) == pytest.approx(0.0)
    assert benchmark.calibration_error(np.array([0.95, 0.95, 0.95, 0.95]), right) == pytest.approx(0.45)
