from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from serving.policy import diversify, place, reposts

RUNS = 40_000


def test_without_exploration_the_page_is_the_ranking() -> None:
    placed = place(range(100), 20, 0.0, random.Random(0))
    assert [p.candidate for p in placed] == list(range(20))
    assert {p.propensity for p in placed} == {1.0}


@pytest.mark.parametrize(("candidates", "limit"), [(20, 20), (2, 2), (5, 2), (0, 10)])
def test_nothing_is_explored_where_there_is_no_pool_or_no_position(candidates: int, limit: int) -> None:
    placed = place(range(candidates), limit, 0.99, random.Random(0))
    assert [(p.candidate, p.propensity) for p in placed] == [(c, 1.0) for c in range(min(candidates, limit))]


def test_propensities_are_the_frequencies_of_the_policy() -> None:
    """6 positions, a pool of 18: every (position, candidate) occurs as often as its propensity says."""
    draw = random.Random(1)
    seen: Counter[tuple[int, int]] = Counter()
    said: dict[tuple[int, int], float] = {}
    for _ in range(RUNS):
        page = place(range(50), 6, 0.4, draw)
        assert len({p.candidate for p in page}) == 6
        for position, p in enumerate(page):
            seen[position, p.candidate] += 1
            assert said.setdefault((position, p.candidate), p.propensity) == p.propensity
    assert len(said) == 6 + 4 * 18
    for key, propensity in said.items():
        deviation = (propensity * (1 - propensity) / RUNS) ** 0.5
        assert abs(seen[key] / RUNS - propensity) < 5 * deviation + 1e-9, key
    for position in range(6):  # the chances at one position add up to one
        assert sum(v for (at, _), v in said.items() if at == position) == pytest.approx(1.0)


def test_the_same_draw_gives_the_same_page() -> None:
    pages = [[place(range(80), 20, 0.5, random.Random(s)) for s in range(50)] for _ in range(2)]
    assert pages[0] == pages[1]


def test_one_company_does_not_fill_a_page() -> None:
    companies = [7] * 10 + [8, -1, -1, -1, -1, -1]
    order = diversify(companies, 8)
    assert order[:9] == [0, 1, 2, 10, 11, 12, 13, 14, 15]  # three of company 7, then everybody else
    assert order[9:] == [3, 4, 5, 6, 7, 8, 9]  # the rest, in order, if nothing else is left
    assert diversify(companies, 200)[:10] == list(range(10))  # a larger page holds more of each


def test_a_posting_published_again_waits_behind_everything_else() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.9999, 0.0141], [0.8, 0.6]], np.float32)
    assert reposts(vectors) == [False, False, True, False]
    assert diversify([0, 1, 2, 0], 4, reposts(vectors)) == [0, 1, 3, 2]


def test_reposts_do_not_use_up_a_companys_places() -> None:
    again = [False, True, True, False, False]
    assert diversify([7] * 5, 20, again) == [0, 3, 4, 1, 2]
