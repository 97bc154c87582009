from __future__ import annotations

import numpy as np
import pytest

from models.classifier import View
from models.tfidf import TfidfConfig
from training.language.classifier import fit_classifier

VIEWS = (View("words", "whole", 500, TfidfConfig("word", 1, 1)),)
WORDS = {
    "food": "bread oven dough flour pastry kitchen".split(),
    "metal": "steel weld torch grinder frame plate".split(),
    "air": "flight cockpit runway altitude crew landing".split(),
}


def documents(n: int, noise: float, seed: int) -> tuple[list[str], list[str]]:
    """Six words each; a `noise` share of them from a category drawn at random."""
    rng = np.random.default_rng(seed)
    labels = [list(WORDS)[i % 3] for i in range(n)]
    texts = []
    for label in labels:
        words = [
            rng.choice(WORDS[str(rng.choice(list(WORDS))) if rng.random() < noise else label])
            for _ in range(6)
        ]
        texts.append(" ".join(words))
    return texts, labels


def test_it_learns_and_the_same_seed_gives_the_same_weights() -> None:
    texts, labels = documents(90, 0.2, 0)
    one, other = (fit_classifier(texts, labels, views=VIEWS, seed=3) for _ in range(2))
    assert np.array_equal(one.weights, other.weights)
    assert one.scale == other.scale
    unseen, truth = documents(90, 0.2, 1)
    found = [p[0].label for p in one.predict(unseen)]
    assert np.mean([f == t for f, t in zip(found, truth, strict=True)]) > 0.9


def test_confidence_is_the_share_of_right_answers_on_unseen_documents() -> None:
    texts, labels = documents(300, 0.7, 0)
    unseen, truth = documents(600, 0.7, 1)
    calibrated = fit_classifier(texts, labels, views=VIEWS)
    plain = fit_classifier(texts, labels, views=VIEWS, calibrate=False)
    rows = np.array([calibrated.labels.index(t) for t in truth])

    def loss(probabilities: np.ndarray) -> float:
        return float(-np.log(probabilities[np.arange(len(rows)), rows]).mean())

    assert loss(calibrated.probabilities(unseen)) < loss(plain.probabilities(unseen))
    right = calibrated.probabilities(unseen).argmax(1) == rows
    confidence = calibrated.probabilities(unseen).max(1)
    assert abs(float(confidence.mean()) - float(right.mean())) < 0.1


def test_two_categories_give_two_opposite_rows() -> None:
    texts, labels = documents(30, 0.0, 0)
    kept = [i for i, label in enumerate(labels) if label != "air"]
    model = fit_classifier([texts[i] for i in kept], [labels[i] for i in kept], views=VIEWS)
    assert model.weights.shape[0] == 2
    assert np.array_equal(model.weights[0], -model.weights[1])
    with pytest.raises(ValueError, match="two categories"):
        fit_classifier(["one"], ["same"], views=VIEWS)
