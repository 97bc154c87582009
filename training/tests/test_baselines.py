from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from training.baselines import (
    Als,
    Baseline,
    ItemKnn,
    MeanVector,
    Popularity,
    Random,
    Recency,
    SpectralFilter,
    TfidfContent,
    interactions,
    past_matrix,
)
from training.baselines_logistic import LogisticContent
from training.dataset import Events

DAY = 86_400_000_000


def events(*rows: tuple[int, int, int]) -> Events:
    """(user, job, day) rows."""
    columns = [np.array(c, np.int64) for c in zip(*rows, strict=True)]
    return Events(columns[0], columns[1], np.zeros(len(rows), np.int64), columns[2] * DAY)


def two_circles() -> Events:
    """Users 0-9 take jobs 0-4, users 10-19 take jobs 5-9; each leaves out one job of the circle."""
    rows = [(u, j + 5 * (u // 10), u + j) for u in range(20) for j in range(5) if j != u % 5]
    return events(*rows)


def scores(baseline: Baseline, *users: int) -> npt.NDArray[np.float32]:
    out = baseline.score(np.array(users, np.int64))
    assert out.dtype == np.float32
    assert len(out) == len(users)
    return out


def test_interactions_count_a_repeat_once() -> None:
    matrix = interactions(events((0, 1, 1), (0, 1, 2), (2, 0, 3)), 3, 2)
    assert matrix.toarray().tolist() == [[0, 1], [0, 0], [1, 0]]


def test_random_is_a_function_of_seed_and_user() -> None:
    one, other = Random(50, seed=1), Random(50, seed=2)
    np.testing.assert_array_equal(scores(one, 3, 4)[1], scores(one, 4)[0])
    assert not np.array_equal(scores(one, 3), scores(one, 4))
    assert not np.array_equal(scores(one, 3), scores(other, 3))


def test_popularity_counts_only_what_lies_strictly_before_the_moment() -> None:
    past = events((0, 1, 1), (1, 1, 2), (2, 0, 3))
    assert scores(Popularity(past, 3), 0).tolist() == [[1, 2, 0]]
    at = np.array([0, 2, 4]) * DAY
    assert scores(Popularity(past, 3, at), 0, 1, 2).tolist() == [[0, 0, 0], [0, 1, 0], [1, 2, 0]]


def test_recency_prefers_the_newest_and_treats_unknown_as_oldest() -> None:
    row = scores(Recency(np.array([5, 9, 0, 7]) * DAY), 0)[0]
    assert np.argsort(-row).tolist()[:2] == [1, 3]
    assert row[2] == row.min()


@pytest.mark.parametrize("make", [ItemKnn, SpectralFilter, Als])
def test_methods_of_behaviour_find_the_job_left_out_of_the_circle(make: type) -> None:
    data = two_circles()
    model = make(data, 20, 10, factors=2) if make is Als else make(data, 20, 10)
    users = np.arange(20)
    found = scores(model, *users)
    found[interactions(data, 20, 10).nonzero()] = -np.inf
    assert found.argmax(1).tolist() == [u % 5 + 5 * (u // 10) for u in users]


def test_als_is_the_same_twice() -> None:
    first, second = (scores(Als(two_circles(), 20, 10, factors=4, seed=3), 0, 7) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_user_without_a_past_gets_a_constant_row() -> None:
    assert np.ptp(scores(ItemKnn(events((0, 0, 1), (0, 1, 2), (1, 0, 3)), 3, 2), 2)) == 0.0


TEXTS = ["python data engineer", "python developer", "night nurse", "ward nurse"]


def test_tfidf_by_profile_by_history_and_by_the_last_job() -> None:
    past = events((0, 0, 1), (0, 2, 2))
    profiles = ["nurse", "", "python"]
    stated = scores(TfidfContent(TEXTS, profile_texts=profiles), 0, 1, 2)
    assert set(np.argsort(-stated[0])[:2]) == {2, 3}
    assert stated[1].tolist() == [0, 0, 0, 0]
    history = scores(TfidfContent(TEXTS, past=past_matrix(past, 3, 4)), 0)[0]
    assert history[1] > 0
    assert history[3] > 0
    last = scores(TfidfContent(TEXTS, past=past_matrix(past, 3, 4, last_only=True)), 0)[0]
    assert last[1] == 0
    assert last[3] > 0


def test_content_adds_profile_and_history() -> None:
    vectors = np.eye(3, dtype=np.float32)
    past = past_matrix(events((0, 0, 1)), 1, 3)
    both = scores(MeanVector(vectors, profile_vectors=vectors[[1]], past=past), 0)
    assert both.tolist() == [[1, 1, 0]]
    with pytest.raises(ValueError, match="needs a profile or a past"):
        MeanVector(vectors)


def city_market() -> tuple[Events, list[str], list[str]]:
    """Everybody stays in one city; titles say nothing."""
    rng = np.random.default_rng(0)
    city = [f"city {j % 6}" for j in range(60)]
    rows = [(u, int(rng.integers(0, 10)) * 6 + u % 6, day * 40 + u) for day in range(6) for u in range(30)]
    return events(*rows), city, [f"title {j % 7}" for j in range(60)]


def test_logistic_learns_that_the_city_decides_and_the_title_does_not() -> None:
    data, city, title = city_market()
    model = LogisticContent(data, 31, texts={"title": title}, keys={"city": city}, negatives=20)
    row = scores(model, 2)[0]
    same = np.array([c == "city 2" for c in city])
    assert row[same].min() > row[~same].max()
    assert abs(model.weights[0]) < 0.3 * model.weights[1]
    assert np.ptp(scores(model, 30)) == 0.0  # a user without a past


def test_logistic_reads_others_only_before_the_moment() -> None:
    data, city, title = city_market()
    late = events(*((u, 5, 1000 + u) for u in range(25)))
    everyone = Events(*(np.concatenate([a, b]) for a, b in zip(_columns(data), _columns(late), strict=True)))
    at = np.full(31, 500 * DAY, np.int64)
    kwargs = {"texts": {"title": title}, "keys": {"city": city}, "negatives": 5, "at": at, "behaviour": True}
    without = LogisticContent(data, 31, **kwargs)  # type: ignore[arg-type]
    with_late = LogisticContent(data, 31, **kwargs, others=everyone)  # type: ignore[arg-type]
    np.testing.assert_allclose(scores(without, 1, 2), scores(with_late, 1, 2))
    at[:] = 2000 * DAY
    assert scores(with_late, 1)[0][5] != pytest.approx(scores(without, 1)[0][5])


def _columns(e: Events) -> tuple[npt.NDArray[np.int64], ...]:
    return e.user, e.job, e.kind, e.at


def test_logistic_refuses_data_without_a_second_event() -> None:
    with pytest.raises(ValueError, match="nothing to fit"):
        LogisticContent(events((0, 0, 1), (1, 1, 2)), 2, texts={"title": ["a", "b"]}, keys={})
