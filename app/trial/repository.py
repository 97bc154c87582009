"""SQL of trials."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Trial, User


async def add(session: AsyncSession, token_hash: bytes, sealed: bytes, expires_at: datetime) -> None:
    session.add(Trial(token_hash=token_hash, sealed=sealed, expires_at=expires_at))
    await session.flush()


async def find(
    session: AsyncSession, token_hash: bytes, now: datetime, *, lock: bool = False
) -> Trial | None:
    """None as well for one whose day is over."""
    query = select(Trial).where(Trial.token_hash == token_hash, Trial.expires_at > now)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def account(session: AsyncSession, public_id: uuid.UUID) -> Row[int, datetime]:
    """(`id`, `created_at`)."""
    return (await session.execute(select(User.id, User.created_at).where(User.public_id == public_id))).one()


async def remove(session: AsyncSession, token_hash: bytes) -> None:
    await session.execute(delete(Trial).where(Trial.token_hash == token_hash))


async def purge(session: AsyncSession, now: datetime) -> int:
    result: Any = await session.execute(delete(Trial).where(Trial.expires_at <= now))
    return int(result.rowcount)
