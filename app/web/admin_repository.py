"""SQL of the staff pages: what no other room asks."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Company, Job, User


async def counts(session: AsyncSession) -> dict[str, tuple[int, int]]:
    """Status -> (postings, those of them that are featured); a status nobody has is not in it."""
    featured = func.count().filter(Job.is_featured)
    rows = await session.execute(select(Job.status, func.count(), featured).group_by(Job.status))
    return {status: (number, shown) for status, number, shown in rows}


async def postings(
    session: AsyncSession, public_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Row[uuid.UUID, str, str, str]]:
    """Id -> (`public_id`, `title`, `status`, `company`'s name), in any state."""
    query = (
        select(Job.public_id, Job.title, Job.status, Company.name.label("company"))
        .join(Job.company)
        .where(Job.public_id.in_(public_ids))
    )
    return {row.public_id: row for row in await session.execute(query)}


async def accounts(session: AsyncSession, public_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, User]:
    """Accounts that exist; the log also names those that were erased."""
    rows = await session.scalars(select(User).where(User.public_id.in_(public_ids)))
    return {row.public_id: row for row in rows}
