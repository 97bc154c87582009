"""SQL of accounts' sessions."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import AuthSession, CompanyMember, RefreshToken, User


async def live_session(session: AsyncSession, *, user: uuid.UUID, session_id: uuid.UUID) -> RowMapping | None:
    """The account and its roles, if the account is active and the session has not ended."""
    member = select(CompanyMember.id).where(CompanyMember.user_id == User.id).exists()
    query = (
        select(
            User.id.label("user_id"),
            User.public_id,
            AuthSession.id.label("session_id"),
            User.is_staff,
            member.label("is_employer"),
        )
        .join(AuthSession, AuthSession.user_id == User.id)
        .where(
            User.public_id == user,
            User.is_active,
            AuthSession.public_id == session_id,
            AuthSession.ended_at.is_(None),
            AuthSession.expires_at > func.now(),
        )
    )
    return (await session.execute(query)).mappings().one_or_none()


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    return await session.scalar(select(User).where(User.email == email))


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
) -> int:
    """Ends one session, or all of a user's; returns how many were still open."""
    query = update(AuthSession).where(AuthSession.ended_at.is_(None)).values(ended_at=now, end_reason=reason)
    if session_id is not None:
        query = query.where(AuthSession.id == session_id)
    if user_id is not None:
        query = query.where(AuthSession.user_id == user_id)
    return len((await session.scalars(query.returning(AuthSession.id))).all())
