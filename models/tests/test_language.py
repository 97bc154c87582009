"""Text read by whatever parts a release carries: a gazetteer alone, or models beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from features.records import JobRecord
from models.bundle import ModelBundle, file_digests
from models.language import LanguageModels, _longest
from models.tagger import Span
from models.testing import TRACKED_ROLES, tiny_bundle

TEXT = "Five years of Python and PostgreSQL; basic Kubernetes."


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return tiny_bundle()


def load(folder: Path, bundle: ModelBundle) -> LanguageModels:
    return LanguageModels.load(folder, file_digests(folder), bundle)


def test_without_parts_the_taxonomys_own_words_are_found(bundle: ModelBundle, tmp_path: Path) -> None:
    models = load(tmp_path / "none", bundle)
    (found,) = models.find_skills([TEXT])
    assert [(s.label, s.method, TEXT[s.start : s.end]) for s in found] == [
        ("Python", "gazetteer", "Python"),
        ("PostgreSQL", "gazetteer", "PostgreSQL"),
        ("Kubernetes", "gazetteer", "Kubernetes"),
    ]
    assert found[2].level == "basic"
    assert models.summarizer is None
    assert [s and s.label for s in models.standardize(["postgres", "no such thing at all"])] == [
        "PostgreSQL",
        None,
    ]


def test_a_posting_is_read_without_a_model_of_titles(bundle: ModelBundle, tmp_path: Path) -> None:
    job = JobRecord(1, "Engineer", description="Requirements:\n- 3 years of Python\n- Go is a plus")
    (read,) = load(tmp_path / "none", bundle).read_postings([job])
    assert read.title is None
    assert [r.need for r in read.requirements] == ["must", "nice"]
    assert read.skills[0].label == "Python"


def test_the_version_names_the_parts(bundle: ModelBundle, tmp_path: Path) -> None:
    none = load(tmp_path / "none", bundle)
    shutil.copytree(TRACKED_ROLES, tmp_path / "some" / "roles")
    some = load(tmp_path / "some", bundle)
    assert none.version != some.version
    assert none.version.endswith(bundle.encoder_version)
    assert some.summarizer is not None
    assert some.version == load(tmp_path / "some", bundle).version


def test_of_spans_that_overlap_the_longest_stays() -> None:
    outer, inner, other = Span(0, 20, "skill", 0.5), Span(5, 9, "knowledge", 0.9), Span(21, 25, "skill", 0.4)
    assert _longest([inner, other, outer]) == [outer, other]
