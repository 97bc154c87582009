"""An account as the models are told of it, for the rooms beside this one."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.recommendation import repository
from serving.schemas import UserDocument


async def own(session: AsyncSession, user_id: int) -> UserDocument:
    """What the account states, and its newest events unless it objected to profiling."""
    document, _ = await repository.known(session, user_id)
    return document
