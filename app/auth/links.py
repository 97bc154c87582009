"""Links that are mailed: a secret that works once, for an hour, for one purpose."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import repository
from app.auth.rules import SessionRules
from app.kit.clock import utcnow
from app.kit.tokens import digest
from app.mail import service as mail
from app.orm import User

LIFETIME = timedelta(hours=1)


async def send(
    session: AsyncSession,
    rules: SessionRules,
    purpose: Literal["verify-email", "password-reset"],
    user: User | None,
    *,
    password_hash: str | None = None,
) -> None:
    """Mails a link to the account's owner. For None the same statements run and nobody gets anything, so
    that an answer's time does not tell whether there is an account."""
    if user is None:
        mail_id = await mail.send_to_nobody(session)
    else:
        mail_id = await mail.send(session, purpose, user.email, user_id=user.id)
    await repository.add_token_for(
        session,
        user.id if user else 0,
        purpose,
        digest(rules.signer.mailed(mail_id)),
        utcnow() + LIFETIME,
        password_hash,
    )
