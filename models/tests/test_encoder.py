from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from models.encoder import WIDTH, SentenceEncoder, default_source, export_encoder
from models.testing import encoder_folder

TEXTS = ["Senior Python engineer in Berlin", "Line cook, five evenings a week", "", "   ", "x" * 20_000]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(encoder_folder(), cache_size=0)


def test_vectors_are_unit_length_and_empty_texts_are_zero(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (5, WIDTH)
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 0, 1], atol=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours(encoder: SentenceEncoder) -> None:
    together = encoder.encode([*TEXTS, *(f"{t} and more words to change the batch" for t in TEXTS)])
    for row, text in enumerate(TEXTS):
        assert np.array_equal(together[row], encoder.encode([text])[0])


def test_threads_and_cache_give_the_same_vectors(encoder: SentenceEncoder) -> None:
    other = SentenceEncoder(encoder_folder(), threads=2, cache_size=2)
    texts = [f"posting number {i} about databases" for i in range(9)]
    first, second = other.encode(texts), other.encode(texts[::-1])[::-1]
    assert np.array_equal(first, second)
    assert np.array_equal(first, encoder.encode(texts))


def test_the_exported_engine_stays_close_to_the_full_model(encoder: SentenceEncoder) -> None:
    from transformers import AutoModel, AutoTokenizer

    source = default_source()
    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
    model = AutoModel.from_pretrained(source, local_files_only=True).eval()
    texts = ["Data engineer with Spark", "Night nurse on a children's ward"]
    for text, vector in zip(texts, encoder.encode(texts), strict=True):
        with torch.no_grad():
            full = model(**tokenizer(text, return_tensors="pt")).last_hidden_state.mean(1)[0]
        cosine = torch.nn.functional.cosine_similarity(full, torch.from_numpy(vector), dim=0)
        assert float(cosine) > 0.98


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no transformers model"):
        export_encoder(tmp_path / "out", tmp_path)


def test_an_export_leaves_loggers_as_they_were(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    try:
        export_encoder(tmp_path / "encoder")
        assert root.level == logging.INFO
    finally:
        root.setLevel(before)
