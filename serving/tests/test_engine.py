"""An engine follows the log: what it must not encode, what it must, and what it must forget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from features.records import JobRecord
from models.bundle import ModelBundle
from models.facts import content_hash
from models.testing import TINY_JOBS
from serving.engine import Engine
from serving.journal import MemoryJournal, Posting
from serving.tests.conftest import job, load_first


@pytest.fixture
def engine(written: Path, bundle: ModelBundle) -> Engine:
    return load_first(written, bundle)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> list[int]:
    """Ids of the postings the engine encodes, in order; it encodes them for real."""
    ids: list[int] = []
    encode = engine.encode

    def counting(postings: Sequence[Posting]) -> list[Posting]:
        ids.extend(p.job.job_id for p in postings)
        return encode(postings)

    monkeypatch.setattr(engine, "encode", counting)
    return ids


def postings(*jobs: JobRecord) -> list[Posting]:
    return [Posting(j, content_hash(j)) for j in jobs]


def test_what_the_release_holds_is_not_encoded_again(engine: Engine, encoded: list[int]) -> None:
    journal = MemoryJournal()
    journal.upsert(postings(*TINY_JOBS, job(9)), "v")
    assert engine.catch_up(journal) == 6
    assert encoded == [9]
    assert sorted(engine.index.ids()) == [1, 2, 3, 4, 5, 9]
    assert engine.sequence == journal.head()
    assert engine.catch_up(journal) == 0


def test_a_stored_vector_is_used(engine: Engine, encoded: list[int], bundle: ModelBundle) -> None:
    journal = MemoryJournal()
    journal.upsert(engine.encode(postings(job(9))), engine.encoder_version)
    encoded.clear()
    engine.catch_up(journal)
    assert encoded == []
    assert np.array_equal(engine.index.vectors([9])[1], bundle.encode_jobs([job(9)]))


def test_a_vector_of_another_encoder_is_not(engine: Engine, encoded: list[int]) -> None:
    journal = MemoryJournal()
    journal.upsert(engine.encode(postings(job(9))), "another encoder")
    encoded.clear()
    engine.catch_up(journal)
    assert encoded == [9]
    stored = journal.vectors(engine.encoder_version, journal.changes(0, 10))
    assert list(stored) == [9]  # for the next worker


def test_changed_content_replaces_and_a_deletion_removes(engine: Engine, bundle: ModelBundle) -> None:
    journal = MemoryJournal()
    chef = JobRecord(5, "Head Chef", "The Copper Ladle", "Runs the kitchen.", location="Leeds, UK")
    journal.upsert(postings(chef), "v")
    journal.delete([1, 2])
    engine.catch_up(journal)
    assert sorted(engine.index.ids()) == [3, 4, 5]
    assert np.array_equal(engine.index.vectors([5])[1], bundle.encode_jobs([chef]))
    assert engine.catalog.job(int(engine.catalog.slots(np.array([5]))[0])).title == "Head Chef"


def test_a_deleted_posting_comes_back_with_the_same_content(engine: Engine) -> None:
    journal = MemoryJournal()
    journal.delete([1])
    engine.catch_up(journal)
    assert engine.index.rows_of([1])[0] < 0
    journal.upsert(postings(TINY_JOBS[0]), "v")
    engine.catch_up(journal)
    assert engine.index.rows_of([1])[0] >= 0


def test_one_posting_that_cannot_be_encoded_does_not_stop_the_others(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read = engine.bundle.transform.job_skills

    def poisoned(record: JobRecord) -> list[int]:
        if record.job_id == 11:
            raise ValueError("unreadable")
        return read(record)

    monkeypatch.setattr(engine.bundle.transform, "job_skills", poisoned)
    journal = MemoryJournal()
    journal.upsert(postings(job(10), job(11), job(12, title="Cook")), "v")
    engine.catch_up(journal)
    assert sorted(engine.index.ids()) == [1, 2, 3, 4, 5, 10, 12]
    assert "posting 11 cannot be encoded" in caplog.text


def test_a_log_is_read_again_from_its_beginning(engine: Engine) -> None:
    journal = MemoryJournal()
    journal.upsert(postings(job(9)), "v")
    engine.sequence = 100
    engine.start_over()
    assert engine.catch_up(journal) == 1
    assert engine.index.rows_of([9])[0] >= 0
