"""Deciding to send a mail: a row and its delivery task, in the transaction that caused it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import uuid7
from app.mail import repository
from app.mail.tasks import deliver
from app.mail.templates import Kind
from app.orm import Mail
from app.queue import URGENT, enqueue


async def send(
    session: AsyncSession,
    kind: Kind,
    recipient: str,
    *,
    user_id: int | None = None,
    **params: str | int,
) -> uuid.UUID:
    """Returns the mail's id, from which the secret of its link follows (`TokenSigner.mailed`).

    A mail of a `user_id` goes away with the account; one without is deleted as soon as it is delivered.
    """
    mail = Mail(public_id=uuid7(), user_id=user_id, recipient=recipient, kind=kind, params=params)
    session.add(mail)
    await session.flush()
    await enqueue(session, deliver, priority=URGENT, mail_id=mail.id)
    return mail.public_id


async def send_to_nobody(session: AsyncSession) -> uuid.UUID:
    """The same work as `send`, where the answer's time must not tell whether there is anybody to write to."""
    return await send(session, "nobody", "")


async def purge(session: AsyncSession, before: datetime) -> int:
    """Deletes mail of before; returns how many."""
    return await repository.purge(session, before)
