"""The benchmark's database measures searches, not what earlier versions and runs have left over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from app.db import Database
from app.job.upkeep import annotate_batch
from app.search.benchmark_data import Folder
from app.search.benchmark_market import Market
from app.tests.conftest import plain

POSTINGS = 1000


class Filled:
    def __init__(self, url: URL, folder: Path) -> None:
        self.url, self.said = url, list[str]()
        self.folder = Folder(folder, Market(7), POSTINGS, self.said.append)
        self.connection = psycopg.connect(plain(url), autocommit=True)

    def writes(self) -> bool:
        """Fills it, and tells whether anything had to be written."""
        self.said.clear()
        self.folder.fill(self.url.render_as_string(hide_password=False))
        return bool(self.said)

    def number(self, query: str) -> int:
        found = self.connection.execute(query.encode()).fetchone()
        assert found is not None
        return int(found[0])


@pytest.fixture(scope="module")
def filled(database_url: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    made = Filled(database_url, tmp_path_factory.mktemp("bench"))
    assert made.writes()
    yield made
    made.connection.close()


async def test_what_is_there_is_used_again_and_leaves_a_worker_nothing_to_do(
    filled: Filled, database: Database
) -> None:
    assert not filled.writes()
    assert filled.number("SELECT count(*) FROM job") == POSTINGS
    assert await annotate_batch(database) == 0


@pytest.mark.parametrize(
    "lacking",
    [
        "UPDATE job SET repost_group = NULL WHERE id = 7",
        "UPDATE job SET annotated_hash = 'y' WHERE id = 7",
    ],
)
def test_postings_that_a_worker_would_change_are_written_anew(filled: Filled, lacking: str) -> None:
    filled.connection.execute("INSERT INTO search_index (name) VALUES ('index-of-what-was-there')")
    filled.connection.execute(lacking.encode())
    assert filled.writes()
    assert filled.number("SELECT count(*) FROM job WHERE repost_group IS NULL OR annotated_hash = 'y'") == 0
    assert filled.number("SELECT count(*) FROM search_index") == 0
    assert filled.number("SELECT count(*) FROM search_change") == 0
    assert not filled.writes()


def test_tasks_of_earlier_runs_that_nobody_can_do_are_gone(filled: Filled) -> None:
    filled.connection.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, priority) "
        "VALUES ('serving', 'job.push', '{}', 0)"
    )
    assert not filled.writes()
    assert filled.number("SELECT count(*) FROM procrastinate_jobs") == 0
