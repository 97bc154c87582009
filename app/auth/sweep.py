"""The end of secrets, sessions and counters whose time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import repository, throttle
from app.mail import service as mail

MAIL_DAYS = 30


async def purge(session: AsyncSession, now: datetime) -> None:
    await repository.purge_tokens(session, now)
    await throttle.purge(session)
    await mail.purge(session, now - timedelta(days=MAIL_DAYS))


async def end_everything(session: AsyncSession, user_id: int, now: datetime) -> None:
    """Sessions, links and half logins of an account that is going."""
    await repository.drop_tokens(session, user_id)
    await repository.end_sessions(session, now, "admin", user_id=user_id)
