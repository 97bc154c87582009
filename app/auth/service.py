"""Signing in, in one step or two, and refresh tokens that rotate (RFC 9700, section 4.14.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import factor, repository, throttle
from app.auth.rules import SessionRules
from app.auth.schemas import LoginAnswer, LoginRequest, SecondStepRequest, TokenAnswer, UserAnswer
from app.db import release
from app.errors import (
    EmailNotVerifiedError,
    InvalidCredentialsError,
    InvalidTokenError,
    SecondFactorRequiredError,
    TokenReusedError,
)
from app.kit.clock import utcnow
from app.kit.passwords import verify_password
from app.kit.tokens import Claims, digest, new_secret
from app.mail import service as mail
from app.orm import AuthSession, RefreshToken, User

__all__ = ["SessionRules", "finish_login", "login", "logout", "logout_everywhere", "refresh"]

#: A client whose answer got lost may present the old token again for this long.
GRACE = timedelta(seconds=20)
#: Time to find the phone.
CHALLENGE = timedelta(minutes=5)


async def login(
    session: AsyncSession, rules: SessionRules, body: LoginRequest, *, address: str, user_agent: str
) -> LoginAnswer:
    """Raises InvalidCredentialsError (also for unknown and inactive accounts), TooManyAttemptsError; for who
    knows the password, EmailNotVerifiedError and SecondFactorRequiredError."""
    await throttle.check(session, body.email, address)
    user = await repository.user_by_email(session, body.email)
    await release(session)  # hashing takes a tenth of a second: hold no connection meanwhile
    known_hash = user.password_hash if user and user.is_active else None
    password = body.password.get_secret_value()
    matches, renewed = await verify_password(password, known_hash, pepper=rules.pepper)
    # the password may have been changed while we hashed; from here on it cannot
    user = await repository.lock_user(session, user.id) if matches and user else None
    if user is None or user.password_hash != known_hash:
        await throttle.count_failure(session, body.email, address)
        raise InvalidCredentialsError
    if rules.verifies_email and user.email_verified_at is None:
        raise EmailNotVerifiedError("follow the link in the mail we sent, or ask for another")
    user.password_hash = renewed or user.password_hash
    if await factor.is_on(session, user.id):
        raise await _challenge(session, user)
    await throttle.forget(session, body.email, address)
    return await _open_session(session, rules, user, user_agent)


async def _challenge(session: AsyncSession, user: User) -> SecondFactorRequiredError:
    challenge = new_secret()
    expires = utcnow() + CHALLENGE
    await repository.add_token_for(session, user.id, "second-factor", digest(challenge), expires)
    return SecondFactorRequiredError(
        "POST the challenge and a code to /api/v1/auth/login/second-factor/",
        extensions={"challenge": challenge, "expires_in": int(CHALLENGE.total_seconds())},
    )


async def finish_login(
    session: AsyncSession, rules: SessionRules, body: SecondStepRequest, *, address: str, user_agent: str
) -> LoginAnswer:
    """Raises InvalidTokenError for a challenge that is used or too old, InvalidCodeError,
    TooManyAttemptsError."""
    found = await repository.account_token(
        session, "second-factor", digest(body.challenge), utcnow(), lock=True
    )
    if found is None:
        raise InvalidTokenError
    token, user = found
    await factor.require(session, rules.seal, user, body.code)
    await repository.spend(session, token.id)
    await throttle.forget(session, user.email, address)
    return await _open_session(session, rules, user, user_agent)


async def _open_session(
    session: AsyncSession, rules: SessionRules, user: User, user_agent: str
) -> LoginAnswer:
    now = utcnow()
    user.last_login = user.last_active = now
    opened = AuthSession(
        user_id=user.id,
        user_agent=user_agent[:300].replace("\x00", ""),
        expires_at=now + rules.session_lifetime,
        authenticated_at=now,
        last_used_at=now,
    )
    session.add(opened)
    await session.flush()
    token = new_secret()
    _add_token(session, rules, opened, token, now)
    tokens = _tokens(rules, user, opened, token, now)
    return LoginAnswer(user=UserAnswer.model_validate(user), **tokens.model_dump())


def _add_token(
    session: AsyncSession, rules: SessionRules, opened: AuthSession, token: str, now: datetime
) -> None:
    expires = min(now + rules.refresh_lifetime, opened.expires_at)
    session.add(RefreshToken(session_id=opened.id, token_hash=digest(token), expires_at=expires))


def _tokens(rules: SessionRules, user: User, opened: AuthSession, token: str, now: datetime) -> TokenAnswer:
    return TokenAnswer(
        access_token=rules.signer.access(Claims(user=user.public_id, session=opened.public_id), now),
        refresh_token=token,
        expires_in=int(rules.signer.lifetime.total_seconds()),
    )


async def refresh(session: AsyncSession, rules: SessionRules, token: str) -> TokenAnswer:
    """Exchanges a token for its successor.

    Raises InvalidTokenError, and TokenReusedError (which ends the whole family and tells its owner) when the
    token was exchanged before and this is not just a repeated request.
    """
    found = await repository.lock_token(session, digest(token))
    now = utcnow()
    if found is None:
        raise InvalidTokenError
    row, opened, user = found
    if opened.ended_at or opened.expires_at <= now or not user.is_active:
        raise InvalidTokenError
    successor = rules.signer.successor(token)
    if row.used_at is not None:
        repeated = now - row.used_at <= GRACE and await repository.token_is_unused(session, digest(successor))
        if not repeated:
            raise await _reused(session, opened, user, now)
        return _tokens(rules, user, opened, successor, now)
    if row.expires_at <= now:
        raise InvalidTokenError
    row.used_at = opened.last_used_at = now
    _add_token(session, rules, opened, successor, now)
    return _tokens(rules, user, opened, successor, now)


async def _reused(session: AsyncSession, opened: AuthSession, user: User, now: datetime) -> TokenReusedError:
    if await repository.end_sessions(session, now, "reuse", session_id=opened.id):
        agent = opened.user_agent or "an unnamed app"
        await mail.send(session, "token-reused", user.email, user_id=user.id, agent=agent)
    return TokenReusedError()


async def logout(session: AsyncSession, *, session_id: int) -> None:
    await repository.end_sessions(session, utcnow(), "logout", session_id=session_id)


async def logout_everywhere(session: AsyncSession, *, user_id: int) -> None:
    """Half logins and links under way end as well."""
    await repository.drop_tokens(session, user_id)
    await repository.end_sessions(session, utcnow(), "logout", user_id=user_id)
