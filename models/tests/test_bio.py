from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.bio import BEGIN, INSIDE, OUTSIDE, decode, span_log_p, spans

SCORES = st.integers(0, 6).flatmap(lambda n: arrays(np.float32, (n, 3), elements=st.floats(-20, 0, width=32)))
GAPS = st.lists(st.booleans(), min_size=6, max_size=6)


def consistent(tags: list[int], closed: list[bool]) -> bool:
    return all(
        tag != INSIDE or (at > 0 and tags[at - 1] != OUTSIDE and not closed[at])
        for at, tag in enumerate(tags)
    )


def total(log_p: np.ndarray, tags: list[int]) -> float:
    return float(sum(log_p[at, tag] for at, tag in enumerate(tags)))


@given(SCORES, GAPS)
def test_the_decode_is_the_best_of_all_consistent_sequences(log_p: np.ndarray, closed: list[bool]) -> None:
    tags = decode(log_p, closed)
    assert len(tags) == len(log_p)
    assert consistent(tags, closed)
    every = (list(t) for t in product((OUTSIDE, BEGIN, INSIDE), repeat=len(log_p)))
    best = max(total(log_p, t) for t in every if consistent(t, closed))
    assert total(log_p, tags) == pytest.approx(best, abs=1e-4)


@given(st.lists(st.sampled_from((OUTSIDE, BEGIN, INSIDE)), max_size=12))
def test_spans_cover_what_is_not_outside_and_do_not_overlap(tags: list[int]) -> None:
    found = spans(tags)
    covered = [at for start, end in found for at in range(start, end)]
    assert covered == [at for at, tag in enumerate(tags) if tag != OUTSIDE]
    assert all(start < end for start, end in found)


def test_neighbouring_spans_stay_apart() -> None:
    assert spans([BEGIN, BEGIN, INSIDE, OUTSIDE, INSIDE, INSIDE]) == [(0, 1), (1, 3), (4, 6)]


def test_a_gap_that_no_span_may_cross_begins_another() -> None:
    log_p = np.log(np.array([[0.1, 0.8, 0.1], [0.1, 0.3, 0.6], [0.1, 0.1, 0.8]], np.float32))
    assert decode(log_p) == [BEGIN, INSIDE, INSIDE]
    assert decode(log_p, [False, True, False]) == [BEGIN, BEGIN, INSIDE]


def test_a_spans_probability_ends_where_the_next_word_is_not_inside() -> None:
    p = np.array([[0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.5, 0.25, 0.25]], np.float32)
    assert span_log_p(np.log(p), 0, 2) == pytest.approx(np.log(0.8 * 0.6 * 0.75), abs=1e-5)
    assert span_log_p(np.log(p), 0, 3) == pytest.approx(np.log(0.8 * 0.6 * 0.25), abs=1e-5)
