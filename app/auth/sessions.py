"""An account's open sessions, and proving again who sits at one."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import factor, recovery, repository
from app.auth.access import Principal
from app.auth.rules import SessionRules
from app.auth.schemas import SessionAnswer, StepUpRequest
from app.errors import InvalidTokenError, NotFoundError, StepUpRequiredError
from app.kit.clock import utcnow
from app.orm import User


async def listed(session: AsyncSession, principal: Principal) -> list[SessionAnswer]:
    """Newest use first."""
    rows = await repository.open_sessions(session, principal.user_id)
    answers = [SessionAnswer.model_validate(row) for row in rows]
    current = [row.id == principal.session_id for row in rows]
    return [a.model_copy(update={"current": here}) for a, here in zip(answers, current, strict=True)]


async def end(session: AsyncSession, principal: Principal, public_id: uuid.UUID) -> None:
    """Raises NotFoundError, also for somebody else's."""
    if not await repository.end_session_of(session, principal.user_id, public_id, utcnow()):
        raise NotFoundError("no such session")


async def end_others(session: AsyncSession, principal: Principal) -> None:
    await repository.end_sessions(
        session, utcnow(), "logout", user_id=principal.user_id, keep=principal.session_id
    )


async def step_up(
    session: AsyncSession, rules: SessionRules, principal: Principal, body: StepUpRequest, *, address: str
) -> None:
    """Raises InvalidCredentialsError, InvalidCodeError, TooManyAttemptsError; StepUpRequiredError when a
    password is sent where a code is needed."""
    if body.code is not None:
        await factor.require(session, rules.seal, await account(session, principal), body.code)
    elif await factor.is_on(session, principal.user_id):
        raise StepUpRequiredError("two-step login is on: send a code", extensions={"methods": ["code"]})
    else:
        password = body.password.get_secret_value() if body.password else ""
        await recovery.require_password(session, rules, principal, password, address=address)
    await repository.confirm_presence(session, principal.session_id, utcnow())


async def account(session: AsyncSession, principal: Principal) -> User:
    """Raises InvalidTokenError when it is gone since the request began."""
    user = await repository.user_by_id(session, principal.user_id)
    if user is None:
        raise InvalidTokenError
    return user
