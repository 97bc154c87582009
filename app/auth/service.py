"""Registering, signing in, and refresh tokens that rotate (RFC 9700, section 4.14.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import repository, throttle
from app.auth.schemas import LoginAnswer, LoginRequest, RegisterRequest, TokenAnswer, UserAnswer
from app.db import release
from app.errors import InvalidCredentialsError, InvalidInputError, InvalidTokenError, TokenReusedError
from app.kit.clock import utcnow
from app.kit.ids import uuid7
from app.kit.passwords import hash_password, verify_password
from app.kit.tokens import Claims, TokenSigner, digest, new_refresh_token
from app.orm import AuthSession, RefreshToken, User, UserProfile

#: A client whose answer got lost may present the old token again for this long.
GRACE = timedelta(seconds=20)
SAME_ANSWER = "If the address is free, the account is ready: log in."


@dataclass(frozen=True, slots=True)
class SessionRules:
    signer: TokenSigner
    refresh_lifetime: timedelta
    session_lifetime: timedelta


async def register(session: AsyncSession, body: RegisterRequest) -> str:
    """Makes the account if the e-mail is free. Answer and cost are the same if it is not."""
    password = body.password.get_secret_value()
    if password.lower() in (body.email, body.email.partition("@")[0]):
        raise InvalidInputError("the password must not be the e-mail", pointer="/body/password")
    statement = insert(User).values(
        public_id=uuid7(),
        email=body.email,
        password_hash=await hash_password(password),
        full_name=body.full_name,
        terms_version=body.accept_terms_version,
    )
    made = await session.scalar(statement.on_conflict_do_nothing().returning(User.id))
    if made is not None:
        session.add(UserProfile(user_id=made))
    return SAME_ANSWER


async def login(
    session: AsyncSession, rules: SessionRules, body: LoginRequest, *, address: str, user_agent: str
) -> LoginAnswer:
    """Raises InvalidCredentialsError (also for unknown and inactive accounts), TooManyAttemptsError."""
    await throttle.check(session, body.email, address)
    user = await repository.user_by_email(session, body.email)
    await release(session)  # hashing takes a tenth of a second: hold no connection meanwhile
    known_hash = user.password_hash if user and user.is_active else None
    matches, renewed = await verify_password(body.password.get_secret_value(), known_hash)
    if not matches or user is None:
        await throttle.count_failure(session, body.email, address)
        raise InvalidCredentialsError
    await throttle.forget(session, body.email, address)
    now = utcnow()
    user.last_login = now
    user.password_hash = renewed or user.password_hash
    tokens = await _open_session(session, rules, user, user_agent, now)
    return LoginAnswer(user=UserAnswer.model_validate(user), **tokens.model_dump())


async def _open_session(
    session: AsyncSession, rules: SessionRules, user: User, user_agent: str, now: datetime
) -> TokenAnswer:
    opened = AuthSession(
        user_id=user.id, user_agent=user_agent[:300], expires_at=now + rules.session_lifetime
    )
    session.add(opened)
    await session.flush()
    token = new_refresh_token()
    _add_token(session, rules, opened, token, now)
    return _tokens(rules, user, opened, token, now)


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

    Raises InvalidTokenError, and TokenReusedError (which ends the whole family) when the token was
    exchanged before and this is not just a repeated request.
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
            await repository.end_sessions(session, now, "reuse", session_id=opened.id)
            raise TokenReusedError
        return _tokens(rules, user, opened, successor, now)
    if row.expires_at <= now:
        raise InvalidTokenError
    row.used_at = now
    _add_token(session, rules, opened, successor, now)
    return _tokens(rules, user, opened, successor, now)


async def logout(session: AsyncSession, *, session_id: int) -> None:
    await repository.end_sessions(session, utcnow(), "logout", session_id=session_id)


async def logout_everywhere(session: AsyncSession, *, user_id: int) -> None:
    await repository.end_sessions(session, utcnow(), "logout", user_id=user_id)
