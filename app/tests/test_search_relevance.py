from __future__ import annotations

from pathlib import Path

import pytest

from app.search.relevance import JudgementsError, interval, ndcg, read_judgements


def test_ndcg_is_one_for_the_best_order_and_falls_with_every_swap() -> None:
    judged = [3, 2, 1, 0]
    assert ndcg([3, 2, 1, 0], judged) == pytest.approx(1.0)
    assert ndcg([2, 3, 1, 0], judged) < 1.0
    assert ndcg([0, 1, 2, 3], judged) < ndcg([1, 0, 2, 3], judged)
    # by hand: (2^1 - 1) / log2(3) over (2^3 - 1) / log2(2)
    assert ndcg([0, 1], [3]) == pytest.approx((1 / 1.584962500721156) / 7)


def test_only_the_first_ten_count_and_nothing_relevant_is_zero() -> None:
    assert ndcg([0] * 10 + [3], [3]) == 0.0
    assert ndcg([0, 0], [0, 0]) == 0.0


def test_the_interval_holds_the_mean_and_repeats() -> None:
    values = [0.0, 0.2, 0.9, 1.0, 0.4]
    low, high = interval(values)
    assert low < 0.5 < high
    assert interval(values) == (low, high)


def test_judgements_are_read_by_query(tmp_path: Path) -> None:
    path = tmp_path / "j.csv"
    path.write_text("query,source,posting,grade\npython,hn,1,3\npython,hn,2,0\njava,hn,1,1\n")
    assert read_judgements(path) == {"python": {("hn", "1"): 3, ("hn", "2"): 0}, "java": {("hn", "1"): 1}}


@pytest.mark.parametrize("line", ["python,hn,1", "python,hn,1,4", "python,hn,1,x"])
def test_a_line_that_is_no_judgement_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "j.csv"
    path.write_text(f"query,source,posting,grade\n{line}\n")
    with pytest.raises(JudgementsError, match="line 2"):
        read_judgements(path)
    path.write_text("")
    with pytest.raises(JudgementsError, match="empty"):
        read_judgements(path)
