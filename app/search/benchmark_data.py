"""The benchmark's own PostgreSQL and index, in a folder; what is there already is used again."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from app.db import Database, PoolLimits
from app.migrations.runner import migrate
from app.search import follow
from app.search.benchmark_market import COMPANIES, Market, Row
from app.search.tantivy_index import TantivyIndex
from app.supervisor.postgres import EmbeddedPostgres

Say = Callable[[str], None]
_COPY = """
COPY job (public_id, slug, company_id, title, description, skills, location, job_type, remote_option,
  salary_min, salary_max, salary_currency, posted_at, source, external_id, annotated_hash, content_hash,
  repost_group)
FROM STDIN
"""
#: All are there, and leave a worker nothing to do. What an earlier version wrote may lack what came since:
#: the worker would make up for it during the measurements, with half of the machine.
_USABLE = """
SELECT (SELECT count(*) FROM job WHERE source = %s) = %s
  AND NOT EXISTS (SELECT FROM job WHERE annotated_hash IS DISTINCT FROM content_hash OR repost_group IS NULL)
"""
#: Nobody takes postings into a model here: those of earlier runs would be offered again and again.
_FORGOTTEN = "DELETE FROM procrastinate_jobs WHERE task_name = 'job.push'"
_INDEXES = ("ix_job_search_vector", "ix_job_skill_keys")
CHUNK = 5000
SOURCE = "benchmark"


@dataclass(frozen=True, slots=True)
class Built:
    """Seconds and bytes; zeros where it was there already."""

    url: str
    root: Path
    index_s: float
    index_bytes: int
    database_s: float
    database_bytes: int


class Folder:
    """`<folder>/postgres` and `<folder>/search`."""

    def __init__(self, folder: Path, market: Market, postings: int, say: Say) -> None:
        self.folder, self.market, self.postings, self.say = folder, market, postings, say
        self.server = EmbeddedPostgres(folder / "postgres", f"bench_{postings}_{market.seed}")

    def start(self) -> str:
        """The database's URL, filled. Raises StartError."""
        url = self.server.start()
        migrate(make_url(url))
        return url

    def fill(self, url: str) -> tuple[float, int]:
        """(seconds for the database's own search index, its bytes)."""
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(_FORGOTTEN.encode())
            if connection.execute(_USABLE.encode(), (SOURCE, self.postings)).fetchone() == (True,):
                return 0.0, _size(connection)
            self.say(f"writing {self.postings:,} postings into PostgreSQL")
            connection.execute("TRUNCATE company RESTART IDENTITY CASCADE")
            connection.execute("DELETE FROM search_index")  # what was indexed is not what comes
            definitions = [
                str(connection.execute("SELECT pg_get_indexdef(%s::regclass)", (name,)).fetchone()[0])  # type: ignore[index]
                for name in _INDEXES
            ]
            for name in _INDEXES:
                connection.execute(f"DROP INDEX {name}".encode())
            self._copy(connection)
            self.say("PostgreSQL builds its full-text index")
            started = time.perf_counter()
            connection.execute("SET maintenance_work_mem = '1GB'")
            for definition in definitions:
                connection.execute(definition.encode())
            seconds = time.perf_counter() - started
            connection.execute("VACUUM ANALYZE job")
            return seconds, _size(connection)

    def _copy(self, connection: psycopg.Connection) -> None:
        connection.execute(
            "INSERT INTO company (public_id, slug, name) SELECT gen_random_uuid(), 'company-' || n, "
            "'Company ' || n FROM generate_series(1, %s) AS n ORDER BY n",
            (COMPANIES,),
        )
        rows = enumerate(self.market.rows(self.postings))
        while chunk := list(itertools.islice(rows, CHUNK)):
            with connection.cursor() as cursor, cursor.copy(_COPY.encode()) as target:
                for number, row in chunk:
                    target.write_row(_values(number, row))

    def build(self, url: str) -> Built:
        """Both indexes."""
        database_s, database_bytes = self.fill(url)
        root = self.folder / f"search-{self.postings}-{self.market.seed}"
        seconds, size = asyncio.run(self._build_index(url, root))
        return Built(url, root, seconds, size, database_s, database_bytes)

    async def _build_index(self, url: str, root: Path) -> tuple[float, int]:
        database = Database(make_url(url), PoolLimits(size=3, statement_s=600))
        index = TantivyIndex(root)
        try:
            name, seconds = await follow.live_index(database, index), 0.0
            if name is None:
                self.say("building our index")
                started = time.perf_counter()
                name, _ = await follow.rebuild(database, index)
                seconds = time.perf_counter() - started
            return seconds, index.files.size(name)
        finally:
            await index.close()
            await database.close()

    def stop(self) -> None:
        self.server.stop()


def _values(number: int, row: Row) -> tuple[object, ...]:
    """In the order of the columns above."""
    content = (
        row.company + 1,
        row.title,
        row.description,
        row.skills,
        row.location,
        row.job_type,
        row.remote,
    )
    pay = (row.salary_min, row.salary_max, row.currency)
    return (
        f"{number:032x}",
        f"posting-{number}",
        *content,
        *pay,
        row.posted_at,
        SOURCE,
        str(number),
        "x",
        "x",
        -number - 1,  # nobody's repost, and not one of the numbers that groups get
    )


def _size(connection: psycopg.Connection) -> int:
    """The GIN index and the column it is of."""
    query = """
      SELECT pg_relation_size('ix_job_search_vector') + (SELECT sum(pg_column_size(search_vector)) FROM job)
    """
    row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0
