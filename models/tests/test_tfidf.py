from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from models.tfidf import MAX_CHARS, Tfidf, TfidfConfig, TfidfError

TEXTS = ["senior data engineer", "data analyst, remote", "nurse", "C++ developer", "", "data data data"]


@pytest.mark.parametrize(
    ("unit", "theirs"), [("word", {"token_pattern": r"\S+"}), ("char", {"analyzer": "char_wb"})]
)
def test_rows_are_those_of_scikit_learn(unit: str, theirs: dict[str, str]) -> None:
    texts = ["senior data engineer", "data analyst remote", "nurse night", "data data data"]
    ours = Tfidf.fit(texts, TfidfConfig(unit, 1, 2))  # type: ignore[arg-type]
    peer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32, **theirs).fit(texts)
    assert list(ours.terms) == list(peer.get_feature_names_out())
    assert np.allclose(ours.transform(texts).toarray(), peer.transform(texts).toarray(), atol=1e-6)


def test_rows_have_length_one_or_are_empty() -> None:
    table = Tfidf.fit(TEXTS)
    rows = table.transform([*TEXTS, "日本語", "!!!"])
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(1)).ravel())
    assert np.allclose(norms, [1, 1, 1, 1, 0, 1, 0, 0], atol=1e-6)
    assert table.transform([]).shape == (0, len(table))


def test_case_width_and_punctuation_do_not_matter() -> None:
    table = Tfidf.fit(TEXTS)
    one, other = table.transform(["Senior  DATA-engineer", "ｓｅｎｉｏｒ data engineer!"]).toarray()
    assert np.array_equal(one, other)


def test_rare_terms_are_left_out_and_the_most_frequent_kept() -> None:
    rare = Tfidf.fit(TEXTS, TfidfConfig("word", 1, 1, min_texts=2))
    assert rare.terms == ("data",)
    two = Tfidf.fit(["a b c", "b c", "c"], TfidfConfig("word", 1, 1, max_terms=2))
    assert two.terms == ("b", "c")


def test_saved_and_loaded_it_gives_the_same_bits(tmp_path: Path) -> None:
    one = Tfidf.fit(TEXTS)
    one.save(tmp_path, "names")
    other = Tfidf.load(tmp_path, "names")
    assert np.array_equal(one.transform(TEXTS).toarray(), other.transform(TEXTS).toarray())


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TfidfError, match="no whole vocabulary"):
        Tfidf.load(tmp_path, "names")
    Tfidf.fit(TEXTS).save(tmp_path, "names")
    np.save(tmp_path / "names.npy", np.ones(2, np.float32))
    with pytest.raises(TfidfError, match="2 frequencies"):
        Tfidf.load(tmp_path, "names")
    with pytest.raises(TfidfError, match="1 distinct"):
        Tfidf(TfidfConfig(), ["a", "a"], np.ones(2, np.float32))


def test_only_the_beginning_of_a_huge_text_is_read() -> None:
    table = Tfidf.fit(["alpha", "omega"], TfidfConfig("word", 1, 1))
    assert table.transform(["alpha " * MAX_CHARS + "omega"]).toarray()[0].tolist() == [1.0, 0.0]
    assert Tfidf.fit(["x" * 200_000]).transform(["x" * 200_000]).nnz > 0
