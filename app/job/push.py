"""Makes the serving layer agree with our rows, posting by posting. Idempotent, safe to repeat."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import ValidationError
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.job import repository
from serving.client import ServingClient
from serving.schemas import DeleteRequest, JobDocument, UpsertRequest

logger = logging.getLogger(__name__)
BATCH = 200
DELETE_BATCH = 5000
Advance = Callable[[Literal["active", "inactive"], int], None]


def document(row: RowMapping) -> JobDocument | None:
    """None (and a log line) for a row the wire contract refuses: one bad posting must not stop a batch."""
    try:
        return JobDocument(**{name: row[name] for name in JobDocument.model_fields})
    except ValidationError as error:
        fields = sorted({str(item["loc"][0]) for item in error.errors()})
        logger.error("posting does not fit the wire contract", extra={"job": row["job_id"], "fields": fields})
        return None


async def push(session: AsyncSession, serving: ServingClient, job_ids: Sequence[int]) -> tuple[int, int]:
    """Upserts the active postings among `job_ids` and deletes the rest: (upserted, deleted).

    Rows are read after the locks are held, so the newest state is what is sent last. Raises ServingError.
    """
    await repository.lock_pushes(session, job_ids)
    rows = {row["job_id"]: row for row in await repository.records(session, job_ids)}
    active = [row for row in rows.values() if row["status"] == "active"]
    documents = [made for made in map(document, active) if made]
    gone = sorted(set(job_ids) - {made.job_id for made in documents})
    if documents:
        await serving.upsert_jobs(UpsertRequest(jobs=tuple(documents)))
    if gone:
        await serving.delete_jobs(DeleteRequest(job_ids=tuple(gone)))
    return len(documents), len(gone)


async def push_all(
    database: Database, serving: ServingClient, advance: Advance = lambda kind, count: None
) -> tuple[int, int]:
    """Every active posting is sent, every other one deleted: after an import, a restore or an outage.

    One transaction per batch; `advance` is told the kind and number of postings done. Raises ServingError.
    """
    upserted = await _walk(database, serving, advance, active=True, size=BATCH)
    deleted = await _walk(database, serving, advance, active=False, size=DELETE_BATCH)
    return upserted, deleted


async def _walk(
    database: Database, serving: ServingClient, advance: Advance, *, active: bool, size: int
) -> int:
    last = done = 0
    while True:
        async with database.transaction() as session:
            ids = await repository.ids_after(session, last, size, active=active)
            if not ids:
                return done
            if active:
                done += (await push(session, serving, ids))[0]
            else:
                await serving.delete_jobs(DeleteRequest(job_ids=tuple(ids)))
                done += len(ids)
        advance("active" if active else "inactive", len(ids))
        last = ids[-1]
