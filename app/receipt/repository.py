"""SQL of receipts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import ScoreReceipt


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """One statement, however many there are."""
    await session.execute(insert(ScoreReceipt).values(list(rows)))


async def read(session: AsyncSession, user_id: int, receipt_id: uuid.UUID) -> ScoreReceipt | None:
    """None for somebody else's."""
    query = select(ScoreReceipt).where(ScoreReceipt.id == receipt_id, ScoreReceipt.user_id == user_id)
    return (await session.scalars(query)).one_or_none()


async def forget(session: AsyncSession, now: datetime, most: int) -> int:
    """Deletes the oldest of those whose time is over; returns how many."""
    due = (
        select(ScoreReceipt.id)
        .where(ScoreReceipt.expires_at <= now)
        .order_by(ScoreReceipt.expires_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    gone = await session.execute(
        delete(ScoreReceipt).where(ScoreReceipt.id.in_(due)).returning(ScoreReceipt.id)
    )
    return len(gone.all())
