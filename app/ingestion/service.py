"""Postings of a file into the database, batch by batch, each in a transaction of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import psycopg
from sqlalchemy.exc import DBAPIError

from app.db import Database
from app.ingestion import repository
from app.ingestion.errors import FileRefusedError
from app.ingestion.lines import InputFile
from app.ingestion.posting import Parsed, Rejected
from app.ingestion.readers import Reader
from app.ingestion.report import Report
from app.job.tasks import enqueue_push
from app.kit.clock import utcnow

BATCH = 1000
#: The database refuses this row, whatever its neighbours are; anything else (it is away, it is full) is
#: not the row's fault and ends the import.
ROW_FAULTS = (psycopg.DataError, psycopg.IntegrityError)


class Rejects(Protocol):
    def write(self, row: Rejected) -> None: ...


@dataclass(frozen=True, slots=True)
class Options:
    """`status` for postings that do not say they are closed; `sync` queues changes for serving."""

    source: str
    status: str = "active"
    sync: bool = True
    batch: int = BATCH


async def import_postings(
    database: Database,
    reader: Reader,
    file: InputFile,
    options: Options,
    rejects: Rejects | None = None,
    advance: Callable[[int], None] = lambda position: None,
) -> Report:
    """Reads `file` to its end; what can be stored is. A damaged file keeps what came before the damage.

    `advance` is told the position in the file after each batch. Raises FileRefusedError when the file
    cannot be read at all, sqlalchemy.exc.DBAPIError when the database fails.
    """
    report, started = Report(str(file.path), options.source), time.monotonic()
    run = _Run(database, options, report, rejects)
    rows = reader.read(file)
    chunk = await asyncio.to_thread(_read, rows, options.batch)
    if chunk.failure and not chunk.parsed and not chunk.refused:
        raise FileRefusedError(chunk.failure)
    while not chunk.is_last:
        position = file.position
        # The database works on one batch while a thread parses the next.
        stored, following = await asyncio.gather(
            run.store(chunk), asyncio.to_thread(_read, rows, options.batch), return_exceptions=True
        )
        if stored is not None:
            raise stored
        if isinstance(following, BaseException):
            raise following
        advance(position)
        chunk = following
    await run.store(chunk)
    advance(file.size)
    report.failure, report.unknown_columns = chunk.failure, reader.unknown
    report.seconds = time.monotonic() - started
    return report


@dataclass(slots=True)
class _Chunk:
    """Rows read together; the last one says why the file ended early, if it did."""

    parsed: list[Parsed] = field(default_factory=list)
    refused: list[Rejected] = field(default_factory=list)
    failure: str = ""
    is_last: bool = True


def _read(rows: Iterator[Parsed | Rejected], most: int) -> _Chunk:
    chunk = _Chunk()
    try:
        for row in rows:
            if isinstance(row, Rejected):
                chunk.refused.append(row)
            else:
                chunk.parsed.append(row)
            if len(chunk.parsed) + len(chunk.refused) >= most:
                chunk.is_last = False
                return chunk
    except FileRefusedError as error:
        chunk.failure = str(error)
    return chunk


class _Run:
    """One import: the batch is halved around a row that the database refuses, so that only it is lost."""

    def __init__(self, database: Database, options: Options, report: Report, rejects: Rejects | None) -> None:
        self.database, self.options, self.report, self.rejects = database, options, report, rejects

    async def store(self, chunk: _Chunk) -> None:
        for refused in chunk.refused:
            self.reject(refused)
        rows = chunk.parsed
        latest = {row.posting.external_id: row for row in rows}
        self.report.superseded += len(rows) - len(latest)
        for row in rows:
            self.report.notes.update(row.posting.notes)
        pending = [list(latest.values())] if latest else []
        while pending:
            part = pending.pop()
            fault = await self._try(part)
            if fault and len(part) == 1:
                self.reject(Rejected(part[0].line, fault, part[0].raw.decode("utf-8", "replace")))
            elif fault:
                pending += list(_halves(part))

    async def _try(self, rows: list[Parsed]) -> str:
        """Stores all rows or none; "" or why the database refused one of them."""
        postings = [row.posting for row in rows]
        try:
            async with self.database.transaction() as session:
                done = await repository.upsert(
                    session, self.options.source, self.options.status, postings, utcnow()
                )
                changed = [*done.added, *done.updated]
                if self.options.sync and changed:
                    await enqueue_push(session, sorted(changed))
        except (DBAPIError, psycopg.Error) as error:
            fault = error.orig if isinstance(error, DBAPIError) else error
            if not isinstance(fault, ROW_FAULTS):
                raise
            return f"the database refuses it: {_reason(fault)}"
        self.report.added += len(done.added)
        self.report.updated += len(done.updated)
        self.report.unchanged += len(rows) - len(changed)
        self.report.queued += len(changed) if self.options.sync else 0
        return ""

    def reject(self, row: Rejected) -> None:
        self.report.skip(row)
        if self.rejects is not None:
            self.rejects.write(row)


def _halves(rows: list[Parsed]) -> Iterator[list[Parsed]]:
    middle = len(rows) // 2
    yield rows[middle:]
    yield rows[:middle]


def _reason(fault: BaseException) -> str:
    """The constraint's name where there is one: the message itself quotes the row."""
    diagnostic = getattr(fault, "diag", None)
    named = getattr(diagnostic, "constraint_name", None) or getattr(diagnostic, "message_primary", None)
    return str(named or type(fault).__name__)
