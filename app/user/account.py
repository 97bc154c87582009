"""A person's rights over their account: a copy of everything, and the end of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError, GoneError, NotFoundError, TooManyAttemptsError
from app.kit.clock import utcnow
from app.kit.storage import Storage
from app.orm import DataExport, ErasureReceipt
from app.user import account_repository as repository
from app.user import tasks

#: Exports in a day: each reads everything.
DAILY_EXPORTS = 5


async def request_export(session: AsyncSession, user_id: int) -> DataExport:
    """The one that is queued, if there is one. Raises TooManyAttemptsError."""
    if await repository.exports_since(session, user_id, utcnow() - timedelta(days=1)) >= DAILY_EXPORTS:
        raise TooManyAttemptsError(f"{DAILY_EXPORTS} copies a day are enough", retry_after_s=3600)
    row = await repository.queue_export(session, user_id)
    if row is None:
        return next(row for row in await repository.exports(session, user_id) if row.status == "queued")
    await tasks.enqueue_export(session, row)
    return row


async def exports(session: AsyncSession, user_id: int) -> list[DataExport]:
    return list(await repository.exports(session, user_id))


async def export(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> DataExport:
    """Raises NotFoundError, also for somebody else's."""
    row = await repository.export(session, user_id, public_id)
    if row is None:
        raise NotFoundError("no such export")
    return row


async def export_file(session: AsyncSession, storage: Storage, user_id: int, public_id: uuid.UUID) -> Path:
    """Raises NotFoundError, ConflictError while it is being made, GoneError when its time is over."""
    row = await export(session, user_id, public_id)
    if row.status == "queued":
        raise ConflictError("not ready yet")
    over = row.status == "expired" or row.expires_at is None or row.expires_at <= utcnow()
    file = None if over else storage.path(row.file)
    if file is None:
        raise GoneError("its time is over; ask for another")
    return file


async def erase(session: AsyncSession, user_id: int) -> ErasureReceipt:
    """Raises ConflictError when it has begun already."""
    receipt = await tasks.begin_erasure(session, user_id)
    if receipt is None:
        raise ConflictError("the account is being erased")
    return receipt


async def receipt(session: AsyncSession, public_id: uuid.UUID) -> ErasureReceipt:
    """Raises NotFoundError."""
    found = await repository.receipt(session, public_id)
    if found is None:
        raise NotFoundError("no such receipt")
    return found
