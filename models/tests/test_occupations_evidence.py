from __future__ import annotations

import numpy as np
import pytest

from models.occupations_evidence import EXAMPLE_COLUMNS, Examples, Titles, unit

TEXTS = ("bread baker", "bread oven", "oven baker", "truck driver", "truck pilot", "pilot driver", "welder")
OWNER = np.array([0, 0, 0, 1, 1, 1, 2], np.int64)
VECTORS = unit(np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32))


def taken(rows: list[int]) -> Titles:
    return Titles(tuple(TEXTS[i] for i in rows), VECTORS[rows], VECTORS[rows])


def test_leaving_one_out_is_what_the_others_alone_would_say() -> None:
    examples = Examples(taken(list(range(7))), OWNER, 4)
    assert examples.left_out is not None
    classifier = EXAMPLE_COLUMNS.index("classifier")
    for one in range(6):  # the seventh is the only one of its occupation: others do not know it at all
        rest = [i for i in range(7) if i != one]
        others = Examples(taken(rest), OWNER[rest], 4)
        # every n-gram is in two titles, so it stays known; its weight changes a little
        wanted = np.exp(others.evidence(taken([one]))[0, :, classifier])
        found = np.exp(examples.evidence_without(np.array([one]))[0, :, classifier])
        assert np.allclose(found, wanted, atol=0.06)
        assert found.argmax() == wanted.argmax()


def test_an_example_does_not_vote_for_itself() -> None:
    examples = Examples(taken(list(range(7))), OWNER, 4)
    seen, vote = EXAMPLE_COLUMNS.index("seen"), EXAMPLE_COLUMNS.index("lexical_vote")
    alone = examples.evidence_without(np.array([6]))[0]
    assert alone[2, seen] == 0.0
    assert alone[2, vote] == alone[3, vote]  # as little as for an occupation without any title
    with_itself = examples.evidence(taken([6]))[0]
    assert with_itself[2, vote] > alone[2, vote]
    assert with_itself[2, seen] > 0.0


def test_columns_are_finite_for_titles_that_share_nothing() -> None:
    examples = Examples(taken(list(range(7))), OWNER, 4)
    strange = Titles(("", "漢字"), np.zeros((2, 6), np.float32), np.zeros((2, 6), np.float32))
    evidence = examples.evidence(strange)
    assert evidence.shape == (2, 4, len(EXAMPLE_COLUMNS))
    assert np.isfinite(evidence).all()


def test_a_loaded_one_cannot_leave_out() -> None:
    examples = Examples(taken(list(range(7))), OWNER, 4)
    loaded = Examples(examples.titles, OWNER, 4, examples.weights)
    assert np.array_equal(loaded.evidence(taken([0, 3])), examples.evidence(taken([0, 3])))
    with pytest.raises(ValueError, match="just solved"):
        loaded.evidence_without(np.array([0]))
