"""SQL of scoring."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Job


async def stored(
    session: AsyncSession, public_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, tuple[int, str]]:
    """Public id -> (key, hash of the content) of postings that are no drafts."""
    query = select(Job.public_id, Job.id, Job.content_hash).where(
        Job.public_id.in_(public_ids), Job.status != "draft"
    )
    rows = await session.execute(query)
    return {row.public_id: (row.id, row.content_hash or "") for row in rows}
