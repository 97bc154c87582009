"""SQL of the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Mail


async def lock_waiting(session: AsyncSession, mail_id: int) -> Mail | None:
    """The mail, if it still has to go out, locked; two workers with one task go one by one."""
    query = (
        select(Mail)
        .where(Mail.id == mail_id, Mail.sent_at.is_(None), Mail.failed_at.is_(None))
        .with_for_update()
    )
    return await session.scalar(query)


async def drop(session: AsyncSession, mail_id: int) -> None:
    await session.execute(delete(Mail).where(Mail.id == mail_id))


async def settle(
    session: AsyncSession, mail: Mail, *, sent: datetime | None = None, failed: datetime | None = None
) -> None:
    """The end of a mail. One without an account leaves nothing behind: nothing else would ever delete it."""
    if mail.user_id is None:
        await drop(session, mail.id)
        return
    values: dict[str, Any] = {"sent_at": sent, "failed_at": failed, "params": {}}
    await session.execute(update(Mail).where(Mail.id == mail.id).values(values))


async def note(session: AsyncSession, mail_id: int, error: str) -> None:
    await session.execute(update(Mail).where(Mail.id == mail_id).values(error=error[:200]))


async def purge(session: AsyncSession, before: datetime) -> int:
    """Deletes mail of before; returns how many. What did not go out by then never will."""
    gone = delete(Mail).where(Mail.created_at < before).returning(Mail.id)
    return len((await session.scalars(gone)).all())
