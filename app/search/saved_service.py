"""Searches that a seeker keeps, and what they have found since."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError, InvalidInputError, NotFoundError, QuotaExceededError
from app.job import service as jobs
from app.kit.clock import utcnow
from app.kit.ids import uuid7
from app.kit.pagination import Paging
from app.orm import SavedSearch
from app.search import saved_repository as repository
from app.search.saved_schemas import (
    AlertAnswer,
    SavedSearchAnswer,
    SavedSearchIn,
    SavedSearchPatch,
    SearchRef,
)


async def save(session: AsyncSession, user_id: int, body: SavedSearchIn, *, most: int) -> SavedSearchAnswer:
    """Raises QuotaExceededError, ConflictError (the name is taken)."""
    await repository.lock_list(session, user_id)
    if 0 <= most <= await repository.count(session, user_id):
        raise QuotaExceededError(f"an account keeps {most} searches")
    await _check_name(session, user_id, body.name)
    row = SavedSearch(
        public_id=uuid7(), user_id=user_id, name=body.name, query=body.query.stored(), alerts=body.alerts
    )
    session.add(row)
    await session.flush()
    return SavedSearchAnswer.of(row)


async def list_of(session: AsyncSession, user_id: int, paging: Paging) -> tuple[int, list[SavedSearchAnswer]]:
    total, rows = await repository.of_user(session, user_id, paging)
    return total, [SavedSearchAnswer.of(row) for row in rows]


async def read(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> SavedSearchAnswer:
    """Raises NotFoundError."""
    return SavedSearchAnswer.of(await _own(session, user_id, public_id))


async def change(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, body: SavedSearchPatch
) -> SavedSearchAnswer:
    """Raises NotFoundError, ConflictError, InvalidInputError."""
    await repository.lock_list(session, user_id)
    row = await _own(session, user_id, public_id, lock=True)
    nulls = [name for name in sorted(body.model_fields_set) if getattr(body, name) is None]
    if nulls:
        raise InvalidInputError("must not be null: " + ", ".join(nulls))
    if body.name is not None:
        await _check_name(session, user_id, body.name, but=row.id)
        row.name = body.name
    if body.query is not None:
        row.query = body.query.stored()
    if body.alerts is not None:
        row.alerts = body.alerts
    row.updated_at = utcnow()
    await session.flush()
    return SavedSearchAnswer.of(row)


async def remove(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> None:
    """With its alerts. Raises NotFoundError."""
    await session.delete(await _own(session, user_id, public_id, lock=True))
    await session.flush()


async def alerts(
    session: AsyncSession, user_id: int, paging: Paging, *, unread: bool
) -> tuple[int, list[AlertAnswer]]:
    """Newest first. Postings that have ended stay, with their status."""
    total, rows = await repository.alerts(session, user_id, paging, unread=unread)
    summaries = await jobs.summaries(session, [alert.job_id for alert, _, _ in rows])
    return total, [
        AlertAnswer(
            id=alert.public_id,
            search=SearchRef(id=search, name=name),
            job=summaries[alert.job_id],
            created_at=alert.created_at,
            read_at=alert.read_at,
        )
        for alert, name, search in rows
        if alert.job_id in summaries
    ]


async def mark_read(session: AsyncSession, user_id: int, ids: tuple[uuid.UUID, ...] | None) -> int:
    """How many were unread. Those of others are not touched, and not mentioned."""
    return await repository.mark_read(session, user_id, ids, utcnow())


async def _own(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, *, lock: bool = False
) -> SavedSearch:
    row = await repository.find(session, user_id, public_id, lock=lock)
    if row is None:
        raise NotFoundError("no such search among yours")
    return row


async def _check_name(session: AsyncSession, user_id: int, name: str, but: int = 0) -> None:
    if await repository.name_taken(session, user_id, name, but):
        raise ConflictError("you have a search of that name")
