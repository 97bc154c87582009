"""SQL of accounts' sessions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, Text, bindparam, cast, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import AccountToken, AuthSession, CompanyMember, RefreshToken, User

#: How exactly `last_active` is known. Finer would turn every read into a write.
ACTIVE_EVERY = timedelta(minutes=5)


#: Built once: this is asked with every request of a signed-in account.
_LIVE_SESSION = (
    select(
        User.id.label("user_id"),
        User.public_id,
        AuthSession.id.label("session_id"),
        User.is_staff,
        select(CompanyMember.id).where(CompanyMember.user_id == User.id).exists().label("is_employer"),
        AuthSession.authenticated_at,
        (User.last_active.is_(None) | (User.last_active < func.now() - ACTIVE_EVERY)).label("is_back"),
    )
    .join(AuthSession, AuthSession.user_id == User.id)
    .where(
        User.public_id == bindparam("user"),
        User.is_active,
        AuthSession.public_id == bindparam("session_id"),
        AuthSession.ended_at.is_(None),
        AuthSession.expires_at > func.now(),
    )
)


async def live_session(session: AsyncSession, *, user: uuid.UUID, session_id: uuid.UUID) -> RowMapping | None:
    """The account and its roles, if the account is active and the session has not ended."""
    found = await session.execute(_LIVE_SESSION, {"user": user, "session_id": session_id})
    return found.mappings().one_or_none()


async def touch(session: AsyncSession, user_id: int) -> None:
    """Notes that the account is in use. One statement; waits for nobody and moves no other time."""
    free = (
        select(User.id).where(User.id == user_id).with_for_update(key_share=True, skip_locked=True)
    ).scalar_subquery()
    await session.execute(
        update(User)
        .where(User.id == free)
        .values(last_active=func.now(), updated_at=User.updated_at)
        .execution_options(synchronize_session=False)
    )


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    return await session.scalar(select(User).where(User.email == email))


async def user_by_id(session: AsyncSession, user_id: int) -> User | None:
    return await session.scalar(select(User).where(User.id == user_id, User.is_active))


async def lock_user(session: AsyncSession, user_id: int) -> User | None:
    """The account as it is now, locked against a change of its password until the transaction ends."""
    query = (
        select(User)
        .where(User.id == user_id, User.is_active)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return await session.scalar(query)


async def lock_token(
    session: AsyncSession, token_hash: bytes
) -> tuple[RefreshToken, AuthSession, User] | None:
    """The token with its session and account, locked: two refreshes with one token go one by one."""
    query = (
        select(RefreshToken, AuthSession, User)
        .join(AuthSession, AuthSession.id == RefreshToken.session_id)
        .join(User, User.id == AuthSession.user_id)
        .where(RefreshToken.token_hash == token_hash)
        .with_for_update(of=RefreshToken)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


async def token_is_unused(session: AsyncSession, token_hash: bytes) -> bool:
    query = select(RefreshToken.id).where(
        RefreshToken.token_hash == token_hash, RefreshToken.used_at.is_(None)
    )
    return await session.scalar(query) is not None


async def end_sessions(
    session: AsyncSession,
    now: datetime,
    reason: str,
    *,
    session_id: int | None = None,
    user_id: int | None = None,
    keep: int | None = None,
) -> int:
    """Ends one session, or all of a user's (but for `keep`); returns how many were still open."""
    query = update(AuthSession).where(AuthSession.ended_at.is_(None)).values(ended_at=now, end_reason=reason)
    if session_id is not None:
        query = query.where(AuthSession.id == session_id)
    if user_id is not None:
        query = query.where(AuthSession.user_id == user_id)
    if keep is not None:
        query = query.where(AuthSession.id != keep)
    return len((await session.scalars(query.returning(AuthSession.id))).all())


async def open_sessions(session: AsyncSession, user_id: int) -> Sequence[AuthSession]:
    query = (
        select(AuthSession)
        .where(
            AuthSession.user_id == user_id,
            AuthSession.ended_at.is_(None),
            AuthSession.expires_at > func.now(),
        )
        .order_by(AuthSession.last_used_at.desc(), AuthSession.id)
    )
    return (await session.scalars(query)).all()


async def end_session_of(session: AsyncSession, user_id: int, public_id: uuid.UUID, now: datetime) -> bool:
    """Whether the user has an open session of this id."""
    ended = (
        update(AuthSession)
        .where(
            AuthSession.user_id == user_id,
            AuthSession.public_id == public_id,
            AuthSession.ended_at.is_(None),
        )
        .values(ended_at=now, end_reason="logout")
        .returning(AuthSession.id)
    )
    return await session.scalar(ended) is not None


async def confirm_presence(session: AsyncSession, session_id: int, now: datetime) -> None:
    await session.execute(
        update(AuthSession).where(AuthSession.id == session_id).values(authenticated_at=now)
    )


# -- secrets that work once --------------------------------------------------------------------------


async def add_token_for(
    session: AsyncSession,
    user_id: int,
    purpose: str,
    token_hash: bytes,
    expires: datetime,
    password_hash: str | None = None,
) -> None:
    """For an account that is not there, nothing is added by the same statement."""
    values = {
        AccountToken.user_id: User.id,
        AccountToken.purpose: literal(purpose),
        AccountToken.token_hash: literal(token_hash),
        AccountToken.expires_at: literal(expires),
        AccountToken.password_hash: cast(password_hash, Text),
    }
    row = select(*values.values()).where(User.id == user_id)
    await session.execute(insert(AccountToken).from_select(list(values), row))


async def account_token(
    session: AsyncSession, purpose: str, token_hash: bytes, now: datetime, *, lock: bool = False
) -> tuple[AccountToken, User] | None:
    """A live token with its account."""
    query = (
        select(AccountToken, User)
        .join(User, User.id == AccountToken.user_id)
        .where(
            AccountToken.purpose == purpose,
            AccountToken.token_hash == token_hash,
            AccountToken.expires_at > now,
            User.is_active,
        )
    )
    if lock:
        query = query.with_for_update(of=AccountToken)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def spend(session: AsyncSession, token_id: int) -> bool:
    """Whether the token was still there: of two that use it, one gets True."""
    gone = delete(AccountToken).where(AccountToken.id == token_id).returning(AccountToken.id)
    return await session.scalar(gone) is not None


async def drop_tokens(session: AsyncSession, user_id: int) -> None:
    """Whatever is under way for the account (links, half logins) ends."""
    await session.execute(delete(AccountToken).where(AccountToken.user_id == user_id))


async def purge_tokens(session: AsyncSession, now: datetime) -> int:
    gone = delete(AccountToken).where(AccountToken.expires_at < now).returning(AccountToken.id)
    return len((await session.scalars(gone)).all())
