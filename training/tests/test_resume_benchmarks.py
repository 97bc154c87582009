"""The protocols of the resume benchmarks on made-up files."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from features.places import Gazetteer
from features.resume.parse import Parser
from features.resume.testing import docx, lines_pdf, paragraph, pdf
from training.benchmarks import docx as docx_benchmark
from training.benchmarks import resume_fields, resume_files
from training.benchmarks.report import BenchmarkDataError
from training.benchmarks.resume_fields import Job, Read, agreement, score

LINES = [
    "Ann Example",
    "ann@example.org",
    "Experience",
    "Welder, Acme Inc. 2015 - 2019",
    "Joined plates of steel for ships and bridges.",
    "Education",
    "Diploma in Metalwork, Trade School, 2014",
    "Skills",
    "Welding, Forging, Casting",
]


@pytest.fixture(scope="module")
def parser() -> Parser:
    return Parser(gazetteer=Gazetteer({}))


def test_pairs_are_made_by_what_agrees_and_fields_are_counted_apart() -> None:
    label = Read(
        [Job("Welder", ("Acme",), "2015", "2019"), Job("Smith", (), "2019-03", "present")], ["BSc", "BSc"]
    )
    found = Read(
        [Job("smith", (), "2019-03", "present"), Job("Welder", ("Other",), "2015", "2018")], ["B.Sc.", "MBA"]
    )
    marks = score(label, found)
    assert marks["position"] == (2, 2, 2)
    assert marks["employer"] == (1, 2, 2)
    assert marks["start"] == (2, 2, 2)
    assert marks["end"] == (1, 2, 2)
    assert marks["all four"] == (1, 2, 2)
    assert marks["degree"] == (1, 2, 2)


def test_nothing_read_costs_recall_and_nothing_labelled_costs_precision() -> None:
    one = Read([Job("Welder", (), "", "")], ["BSc"])
    nothing = Read([], [])
    assert score(one, nothing)["position"] == (0, 1, 0)
    assert score(nothing, one)["degree"] == (0, 0, 1)


def test_an_employer_nobody_stated_is_right_if_none_is_read() -> None:
    label = Job("Welder", (), "2015", "")
    assert agreement(label, Job("Welder", (), "2015", "")) == (True, True, True, True)
    assert not agreement(label, Job("Welder", ("Acme",), "2015", ""))[1]


def test_fields_of_labelled_files(tmp_path: Path, parser: Parser) -> None:
    (tmp_path / "a.pdf").write_bytes(lines_pdf(LINES))
    work = [{"position": "Welder", "employer": ["Acme Inc"], "start": "2015", "end": "2019"}]
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps([{"file": "a.pdf", "work": work, "degrees": ["Diploma"]}]))
    report = resume_fields.run(tmp_path, labels=labels, json_out=tmp_path / "out.json", parser=parser)
    ours = report.slices[0].ours
    assert {name: ours[name].mean for name in ("all four recall", "degree precision")} == {
        "all four recall": 1.0,
        "degree precision": 1.0,
    }
    assert json.loads((tmp_path / "out.json").read_text())["benchmark"] == "resume-fields"


def test_labels_of_another_form_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('[{"file": 1}]')
    with pytest.raises(BenchmarkDataError):
        resume_fields.read_labels(tmp_path / "labels.json")


def test_every_file_of_a_folder_and_its_archives_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(lines_pdf(LINES))
    (tmp_path / "scan.pdf").write_bytes(pdf([[]]))
    with tarfile.open(tmp_path / "more.tar", "w") as tar:
        content = lines_pdf(LINES)
        member = tarfile.TarInfo("X/b.pdf")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    report = resume_files.run(tmp_path)
    ours = report.slices[0].ours
    assert (ours["read"].mean, ours["failed"].mean) == (2, 1)
    assert ours["with_positions"].mean == 1
    assert ours["child_resident_mb_max"].mean > 0
    assert report.params["errors"] == {"no_text": 1}


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkDataError):
        resume_files.run(tmp_path)
    with pytest.raises(BenchmarkDataError):
        docx_benchmark.run(tmp_path)


def test_word_cvs_keep_their_words_and_lose_their_contacts(tmp_path: Path) -> None:
    (tmp_path / "CV").mkdir()
    (tmp_path / "CV" / "1.docx").write_bytes(docx("".join(paragraph(line) for line in LINES)))
    ours = docx_benchmark.run(tmp_path).slices[0].ours
    assert {name: estimate.mean for name, estimate in ours.items()} == dict.fromkeys(
        docx_benchmark.CHECKS, 1.0
    )
