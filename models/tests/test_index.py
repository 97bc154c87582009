from __future__ import annotations

import numpy as np
import pytest

from models.index import (
    EncoderMismatchError,
    IndexInputError,
    IndexOptions,
    JobIndex,
    RecallTooLowError,
    StaleMaskError,
    require_recall,
)
from models.tests.index_data import (
    VERSION,
    anisotropic_units,
    best_scores,
    clustered_units,
    random_units,
    unit,
)

DIM = 32
MANY = 20_000
BY_HAND = IndexOptions(build_threads=1, automatic=False)
#: Uses the scan for every filter that lets more than 160 k rows pass.
SCAN_ALWAYS = IndexOptions(build_threads=1, automatic=False, exact_rows=0)


@pytest.fixture(scope="module")
def large() -> JobIndex:
    ids = np.arange(MANY) * 7 + 2**40
    return JobIndex.build(
        random_units(MANY, DIM, 1), ids, encoder_version=VERSION, kind="fastscan", options=SCAN_ALWAYS
    )


def small(count: int = 50) -> JobIndex:
    return JobIndex.build(
        random_units(count, DIM, 2), np.arange(count), encoder_version=VERSION, options=BY_HAND
    )


def test_kind_follows_size_and_wish() -> None:
    assert small().kind == "exact"
    vectors = random_units(33_000, 8, 3)
    grown = JobIndex.build(vectors, np.arange(33_000), encoder_version=VERSION, options=BY_HAND)
    assert grown.kind == "fastscan"
    few = JobIndex.build(
        vectors[:500], np.arange(500), encoder_version=VERSION, kind="fastscan", options=BY_HAND
    )
    assert few.kind == "exact"
    exact = JobIndex.build(vectors, np.arange(33_000), encoder_version=VERSION, kind="exact")
    assert (exact.kind, len(exact), exact.dim) == ("exact", 33_000, 8)


def test_search_returns_ids_and_inner_products_best_first() -> None:
    index, vectors = small(), random_units(50, DIM, 2)
    scores, ids = index.search(vectors[[7, 9]], 5, encoder_version=VERSION)
    assert ids[:, 0].tolist() == [7, 9]
    assert ids.dtype == np.int64
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, best_scores(vectors, vectors[[7, 9]], 5), atol=1e-6)


def test_results_are_padded() -> None:
    scores, ids = small(3).search(random_units(1, DIM, 4), 5, encoder_version=VERSION)
    assert sorted(ids[0, :3].tolist()) == [0, 1, 2]
    assert ids[0, 3:].tolist() == [-1, -1]
    assert np.isneginf(scores[0, 3:]).all()


def test_empty_index_answers_and_grows() -> None:
    index = JobIndex.build(np.empty((0, DIM), np.float32), [], encoder_version=VERSION, options=BY_HAND)
    query = random_units(1, DIM, 5)
    assert index.search(query, 2, encoder_version=VERSION)[1].tolist() == [[-1, -1]]
    found, vectors = index.vectors([3])
    assert not found.any()
    assert not vectors.any()
    index.add([3], query)
    assert index.search(query, 2, encoder_version=VERSION)[1].tolist() == [[3, -1]]


@pytest.mark.parametrize(
    ("vectors", "ids", "reason"),
    [
        (random_units(2, DIM, 1), [1, 1], "distinct"),
        (random_units(2, DIM, 1), [1, -2], "negative"),
        (random_units(2, DIM, 1), [1], "1 ids for 2 vectors"),
        (random_units(2, DIM, 1), [1.0, 2.0], "integer"),
        (2 * random_units(2, DIM, 1), [1, 2], "length 1"),
        (np.full((1, DIM), np.nan, np.float32), [1], "finite"),
        (np.zeros((1, DIM), np.float32), [1], "length 1"),
        (random_units(1, DIM, 1)[0], [1], "shape"),
        (random_units(2, 5, 1), [1, 2], "even"),
    ],
)
def test_build_refuses(vectors: np.ndarray, ids: list[float], reason: str) -> None:
    with pytest.raises(IndexInputError, match=reason):
        JobIndex.build(vectors, ids, encoder_version=VERSION)


def test_bad_add_changes_nothing() -> None:
    index = small()
    bad = random_units(2, DIM, 6)
    bad[1] = np.inf
    with pytest.raises(IndexInputError, match="vector 1"):
        index.add([100, 101], bad)
    with pytest.raises(IndexInputError, match="shape"):
        index.add([100], random_units(1, DIM + 2, 6))
    assert sorted(index.ids().tolist()) == list(range(50))


def test_query_of_another_encoder_is_refused() -> None:
    with pytest.raises(EncoderMismatchError, match="encoder-2"):
        small().search(random_units(1, DIM, 1), 3, encoder_version="encoder-2")


def test_replace_remove_and_last_of_a_batch_counts() -> None:
    index, fresh = small(), random_units(4, DIM, 7)
    index.add([5, 60, 60], fresh[:3])
    assert len(index) == 51
    assert index.search(fresh[[2]], 1, encoder_version=VERSION)[1].tolist() == [[60]]
    assert index.search(fresh[[0]], 1, encoder_version=VERSION)[1].tolist() == [[5]]
    assert index.remove([5, 5, 999]) == 1
    assert index.remove([5]) == 0
    assert 5 not in index.search(fresh[[0]], 51, encoder_version=VERSION)[1]
    assert 5 not in index.ids()
    index.add([5], fresh[[3]])
    assert index.search(fresh[[3]], 1, encoder_version=VERSION)[1].tolist() == [[5]]


def test_vectors_are_those_stored_and_of_removed_ids_until_compaction() -> None:
    index, vectors = small(), random_units(50, DIM, 2)
    index.remove([4])
    found, stored = index.vectors([4, 77, 8])
    assert found.tolist() == [True, False, True]
    np.testing.assert_array_equal(stored[[0, 2]], vectors[[4, 8]])
    assert not stored[1].any()
    index.compact(background=False)
    assert index.vectors([4, 8])[0].tolist() == [False, True]


@pytest.mark.parametrize("fraction", [1.0, 0.5, 0.1, 0.05, 0.005, 0.0005, 0.0])
def test_filtered_search_equals_brute_force(large: JobIndex, fraction: float) -> None:
    vectors, queries = random_units(MANY, DIM, 1), random_units(20, DIM, 8)
    mask = np.random.default_rng(9).random(MANY) < fraction
    scores, ids = large.search(queries, 10, encoder_version=VERSION, allowed=mask)
    expected = best_scores(vectors[mask], queries, 10)
    rows = (ids - 2**40) // 7
    assert mask[rows[ids >= 0]].all()
    np.testing.assert_allclose(scores[:, : expected.shape[1]], expected, atol=1e-5)
    assert (ids[:, expected.shape[1] :] == -1).all()


def test_one_query_and_a_batch_agree(large: JobIndex) -> None:
    queries = random_units(9, DIM, 10)
    scores, ids = large.search(queries, 20, encoder_version=VERSION)
    for i, query in enumerate(queries):
        one = large.search(query[None], 20, encoder_version=VERSION)
        np.testing.assert_array_equal(one[1][0], ids[i])
        np.testing.assert_allclose(one[0][0], scores[i], atol=1e-6)


@pytest.mark.parametrize("make", [random_units, clustered_units, anisotropic_units])
def test_recall_holds_on_easy_and_hard_data(make: object) -> None:
    assert callable(make)
    vectors = make(MANY, 64, 11)
    index = JobIndex.build(
        vectors, np.arange(MANY), encoder_version=VERSION, kind="fastscan", options=SCAN_ALWAYS
    )
    other = unit(np.random.default_rng(12).laplace(size=(16, 64)) + 0.3)
    for queries in (make(16, 64, 13), other):
        report = index.recall_report(queries, k=20)
        assert [cell.filter for cell in report.cells][-1] == "0.05 correlated"
        require_recall(report, 0.99)


def test_equal_vectors_are_not_misjudged() -> None:
    vectors = np.repeat(random_units(1, DIM, 14), 5_000, axis=0)
    index = JobIndex.build(
        vectors, np.arange(5_000), encoder_version=VERSION, kind="fastscan", options=SCAN_ALWAYS
    )
    scores, ids = index.search(vectors[:1], 10, encoder_version=VERSION)
    assert len(set(ids[0].tolist())) == 10
    np.testing.assert_allclose(scores, 1, atol=1e-5)
    assert index.recall_report(vectors[:2], k=10).lowest.recall == 1.0


def test_recall_gate_names_the_filter_that_fails(large: JobIndex) -> None:
    report = large.recall_report(random_units(4, DIM, 15), k=10, filters=(1.0, 0.05))
    assert report.to_dict()["cells"][0]["passing"] == MANY
    with pytest.raises(RecallTooLowError, match=r"recall@10 below 1\.01: 1: 1\.0000, 0\.05:"):
        require_recall(report, 1.01)


def test_mask_of_the_layout_before_still_fits_and_an_older_one_is_refused() -> None:
    index, vectors = small(), random_units(50, DIM, 2)
    generation, ids = index.layout()
    mask = ids < 10
    index.remove([3])
    index.add([80], vectors[[4]])
    index.compact(background=False)
    assert index.generation != generation
    query = vectors[[4]]
    found = index.search(query, 50, encoder_version=VERSION, allowed=mask, generation=generation)[1]
    assert sorted(found[found >= 0].tolist()) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    index.compact(background=False)
    with pytest.raises(StaleMaskError):
        index.search(query, 50, encoder_version=VERSION, allowed=mask, generation=generation)
    with pytest.raises(StaleMaskError):
        index.search(query, 5, encoder_version=VERSION, allowed=np.ones(51, dtype=bool))
    with pytest.raises(StaleMaskError):
        index.rows_of([1], generation=generation)
    with pytest.raises(IndexInputError, match="boolean"):
        index.search(query, 5, encoder_version=VERSION, allowed=np.ones(50, dtype=np.int8))  # type: ignore[arg-type]


def test_rows_past_a_mask_are_not_allowed() -> None:
    index, vectors = small(), random_units(50, DIM, 2)
    mask = np.ones(len(index.row_ids()), dtype=bool)
    index.add([70], vectors[[0]])
    index.add([1], vectors[[0]])
    found = index.search(vectors[[0]], 60, encoder_version=VERSION, allowed=mask)[1]
    assert not {1, 70} & set(found[0].tolist())


def test_rows_are_append_only_and_found_by_id() -> None:
    index = small(4)
    index.add([9, 2], random_units(2, DIM, 16))
    index.remove([0])
    assert index.row_ids().tolist() == [0, 1, 2, 3, 9, 2]
    assert index.rows_of([0, 1, 2, 9, 50], generation=index.generation).tolist() == [-1, 1, 5, 4, -1]
    with pytest.raises(ValueError, match="read-only"):
        index.row_ids()[0] = 5


def test_compaction_reuses_the_room_of_dropped_rows() -> None:
    index = small(1_000)
    for turn in range(30):
        index.add(np.arange(1_000), random_units(1_000, DIM, turn))
        index.compact(background=False)
    assert index._table.rows.vectors.shape[0] < 10_000
    scores, ids = index.search(random_units(1_000, DIM, 29)[:5], 1, encoder_version=VERSION)
    assert ids[:, 0].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(scores, 1, atol=1e-5)


def test_writes_start_folds_and_compactions_by_themselves() -> None:
    options = IndexOptions(build_threads=1, delta_rows=500, min_dead=1_000, exact_rows=0)
    index = JobIndex.build(
        random_units(4_000, DIM, 17),
        np.arange(4_000),
        encoder_version=VERSION,
        kind="fastscan",
        options=options,
    )
    generation, fresh = index.generation, random_units(600, DIM, 18)
    index.add(np.arange(10_000, 10_600), fresh)
    assert index.wait_for_compaction(60)
    assert (index.generation, index._table.rows.n_delta) == (generation, 0)
    assert index.search(fresh[:1], 1, encoder_version=VERSION)[1].tolist() == [[10_000]]
    index.remove(np.arange(1_500))
    assert index.wait_for_compaction(60)
    assert index.generation != generation
    assert len(index.row_ids()) == len(index) == 3_100


def test_small_index_turns_into_a_scan_when_it_grows() -> None:
    options = IndexOptions(build_threads=1)
    index = JobIndex.build(np.empty((0, DIM), np.float32), [], encoder_version=VERSION, options=options)
    vectors = random_units(33_000, DIM, 19)
    for start in range(0, 33_000, 11_000):
        index.add(np.arange(start, start + 11_000), vectors[start : start + 11_000])
    assert index.wait_for_compaction(60)
    assert index.kind == "fastscan"
    assert len(index) == 33_000
