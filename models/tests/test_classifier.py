from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.classifier import ClassifierError, TextClassifier, View, ViewReader
from models.encoder import SentenceEncoder
from models.testing import encoder_folder
from models.tfidf import TfidfConfig

VIEWS = (
    View("headline", "first_line", 60, TfidfConfig("char", 2, 4)),
    View("words", "whole", 2_000, TfidfConfig("word", 1, 1)),
)
TEXTS = ["Baker\nbread and rolls", "Welder\nsteel frames", "Pilot\nlong flights"]


def classifier(views: tuple[View, ...] = VIEWS, encode: object = None) -> TextClassifier:
    reader = ViewReader.fit(TEXTS, views, encode)  # type: ignore[arg-type]
    weights = reader.rows(TEXTS).toarray()
    return TextClassifier(["food", "metal", "air"], reader, weights, np.zeros(3, np.float32), 4.0)


def test_each_view_reads_its_part() -> None:
    assert VIEWS[0].cut("  Head Chef \nand more") == "Head Chef "
    assert View("head", "whole", 6, None).cut("Head Chef") == "Head C"
    assert classifier().reader.rows(["\nrolls"]).nnz == classifier().reader.rows(["rolls"]).nnz


def test_probabilities_sum_to_one_and_order_the_predictions() -> None:
    model = classifier()
    found = model.predict(["Baker of bread", "steel welder", ""])
    assert [p[0].label for p in found[:2]] == ["food", "metal"]
    assert found[2] == []
    assert np.allclose(model.probabilities(["anything", "at all"]).sum(1), 1.0, atol=1e-6)
    assert found[0][0].probability > found[0][1].probability > 0.0


@pytest.mark.parametrize("vectors", [False, True])
def test_saved_and_loaded_it_gives_the_same_bits(tmp_path: Path, *, vectors: bool) -> None:
    encode = SentenceEncoder(encoder_folder()).encode if vectors else None
    views = (*VIEWS, View("meaning", "whole", 300, None)) if vectors else VIEWS
    one = classifier(views, encode)
    one.save(tmp_path)
    other = TextClassifier.load(tmp_path, encode)
    texts = [*TEXTS, "", "sourdough " * 50_000, "\x00\ud7ff\u202e"]
    assert np.array_equal(one.scores(texts), other.scores(texts))
    assert one.predict(texts) == other.predict(texts)
    if vectors:
        with pytest.raises(ClassifierError, match="no encoder"):
            TextClassifier.load(tmp_path)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="no whole classifier"):
        TextClassifier.load(tmp_path)
    classifier().save(tmp_path)
    (tmp_path / "words.json").write_text((tmp_path / "headline.json").read_text())
    (tmp_path / "words.npy").write_bytes((tmp_path / "headline.npy").read_bytes())
    with pytest.raises(ClassifierError, match="weights"):
        TextClassifier.load(tmp_path)
    (tmp_path / "classifier.safetensors").write_bytes(b"nothing")
    with pytest.raises(ClassifierError, match="no whole classifier"):
        TextClassifier.load(tmp_path)
