"""Any sequence of changes, in one thread and in several, against a plain dictionary."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from models.index import IndexOptions, JobIndex, StaleMaskError
from models.tests.index_data import VERSION, best_scores, random_units

DIM = 16
POOL = random_units(4_000, DIM, 1)
OPTIONS = IndexOptions(build_threads=1, automatic=False, exact_rows=0)
AUTOMATIC = IndexOptions(build_threads=1, delta_rows=40, min_dead=60, dead_fraction=0.02, exact_rows=0)
IDS = st.integers(0, 60)


class IndexMachine(RuleBasedStateMachine):
    """`stored` maps an id to its place in POOL and the count of writes when it was stored."""

    @initialize(count=st.sampled_from([0, 30, 1_100]), automatic=st.booleans())
    def build(self, count: int, automatic: bool) -> None:
        self.index = JobIndex.build(
            POOL[:count],
            np.arange(count),
            encoder_version=VERSION,
            kind="fastscan",
            options=AUTOMATIC if automatic else OPTIONS,
        )
        self.writes = 1
        self.stored = {i: (i, 0) for i in range(count)}
        self.mask: tuple[int, np.ndarray, set[tuple[int, int]]] | None = None

    @rule(ids=st.lists(IDS, max_size=50), start=st.integers(1_200, 3_900))
    def add(self, ids: list[int], start: int) -> None:
        self.index.add(np.array(ids, dtype=np.int64), POOL[start : start + len(ids)])
        self.stored |= {job: (start + i, self.writes) for i, job in enumerate(ids)}
        self.writes += 1

    @rule(ids=st.lists(IDS, max_size=20))
    def remove(self, ids: list[int]) -> None:
        expected = len(set(ids) & set(self.stored))
        assert self.index.remove(np.array(ids, dtype=np.int64)) == expected
        for job in ids:
            self.stored.pop(job, None)

    @rule()
    def compact(self) -> None:
        self.index.compact(background=False)

    @rule()
    def finish_background_work(self) -> None:
        assert self.index.wait_for_compaction(60)

    @rule()
    def fold(self) -> None:
        self.index.wait_for_compaction(60)
        self.index._compactor.run(self.index._fold)

    @rule()
    def save_and_load(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.index.save(Path(folder))
            self.index = JobIndex.load(Path(folder), encoder_version=VERSION, options=self.index.options)

    @rule(parity=st.integers(0, 1))
    def make_mask(self, parity: int) -> None:
        generation, ids = self.index.layout()
        allowed = {(job, at) for job, (_, at) in self.stored.items() if job % 2 == parity}
        self.mask = (generation, ids % 2 == parity, allowed)

    @precondition(lambda self: self.mask is not None)
    @rule(seed=st.integers(0, 99), k=st.integers(1, 6))
    def search_with_an_old_mask(self, seed: int, k: int) -> None:
        assert self.mask is not None
        generation, mask, allowed = self.mask
        try:
            self.check_search(seed, k, {job for job, _ in allowed}, mask, generation)
        except StaleMaskError:
            assert generation != self.index.generation

    @rule(seed=st.integers(0, 99), k=st.integers(1, 70))
    def search(self, seed: int, k: int) -> None:
        self.check_search(seed, k, None, None, None)

    def check_search(
        self,
        seed: int,
        k: int,
        allowed: set[int] | None,
        mask: np.ndarray | None,
        generation: int | None,
    ) -> None:
        query = random_units(1, DIM, seed)
        scores, ids = self.index.search(
            query, k, encoder_version=VERSION, allowed=mask, generation=generation
        )
        passing = {
            job: place
            for job, (place, at) in self.stored.items()
            if allowed is None or (self.mask is not None and (job, at) in self.mask[2])
        }
        got = ids[0][ids[0] >= 0]
        assert len(got) == len(set(got.tolist())) == min(k, len(passing))
        exact = POOL[[passing[job] for job in got.tolist()]] @ query[0]
        np.testing.assert_allclose(scores[0, : len(got)], exact, atol=1e-5)
        if passing:
            best = best_scores(POOL[list(passing.values())], query, k)[0]
            np.testing.assert_allclose(exact, best, atol=1e-5)

    @invariant()
    def holds_what_was_stored(self) -> None:
        if not hasattr(self, "stored"):
            return
        assert len(self.index) == len(self.stored)
        assert sorted(self.index.ids().tolist()) == sorted(self.stored)
        some = sorted(self.stored)[:40]
        found, vectors = self.index.vectors(np.array(some, dtype=np.int64))
        assert found.all()
        np.testing.assert_array_equal(vectors, POOL[[self.stored[job][0] for job in some]])
        rows = self.index.rows_of(np.array(some, dtype=np.int64))
        assert self.index.row_ids()[rows].tolist() == some


IndexMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestAnySequence = IndexMachine.TestCase


class Seeker(threading.Thread):
    """Searches for vectors that are always in the index, filtered and not, until told to stop."""

    def __init__(self, index: JobIndex, vectors: np.ndarray, stop: threading.Event, seed: int) -> None:
        super().__init__()
        self.index, self.vectors, self.stop = index, vectors, stop
        self.rng = np.random.default_rng(seed)
        self.searches = 0
        self.problems: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.look_for(int(self.rng.integers(STEADY)), masked=True)
                self.look_for(FLIPPING, masked=False)
            except StaleMaskError:
                continue  # two compactions between layout() and search()
            except Exception as error:
                self.problems.append(repr(error))

    def look_for(self, job: int, masked: bool) -> None:
        generation, ids = self.index.layout()
        found = self.index.search(
            self.vectors[[job]],
            50,
            encoder_version=VERSION,
            allowed=ids < STEADY if masked else None,
            generation=generation,
        )[1][0]
        got = found[found >= 0].tolist()
        self.searches += 1
        if got[0] != job or len(got) != len(set(got)) or len(got) != (STEADY if masked else 50):
            self.problems.append(f"looked for {job}, found {got}")


STEADY, FLIPPING, CHANGING = 20, 25, 100


def test_searches_writes_and_compactions_at_once_lose_nothing() -> None:
    count = 6_000
    vectors = random_units(count, DIM, 2)
    options = IndexOptions(build_threads=1, delta_rows=300, min_dead=300, dead_fraction=0.05)
    index = JobIndex.build(
        vectors, np.arange(count), encoder_version=VERSION, kind="fastscan", options=options
    )
    stop = threading.Event()
    seekers = [Seeker(index, vectors, stop, seed) for seed in range(2)]
    for seeker in seekers:
        seeker.start()
    stored, generations, turn = dict(enumerate(vectors)), {index.generation}, 0
    rng = np.random.default_rng(3)
    while turn < 150 or (len(generations) < 4 and turn < 20_000):
        turn += 1
        ids, gone = rng.integers(CHANGING, 9_000, 40), rng.integers(CHANGING, 9_000, 30)
        fresh = POOL[turn % 3_900 :][:40]
        index.add(ids, fresh)
        stored |= dict(zip(ids.tolist(), fresh, strict=True))
        assert index.remove(gone) == len(set(gone.tolist()) & set(stored))
        for job in gone.tolist():
            stored.pop(job, None)
        index.add([FLIPPING], vectors[[FLIPPING]])
        if turn % 20 == 0:
            index.compact()
        generations.add(index.generation)
    assert index.wait_for_compaction(60)
    stop.set()
    for seeker in seekers:
        seeker.join(30)
    assert [seeker.problems[:3] for seeker in seekers] == [[], []]
    assert min(seeker.searches for seeker in seekers) > 0
    assert len(generations) >= 4
    assert sorted(index.ids().tolist()) == sorted(stored)
    kept = np.array(sorted(stored))
    np.testing.assert_array_equal(index.vectors(kept)[1], np.array([stored[job] for job in kept.tolist()]))
