"""Signed-in sessions: a session is the family of all refresh tokens that followed from one login."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, Moment, OptionalMoment, PublicId, Str, Timestamps, UserKey, one_of


class AuthSession(Timestamps, Base):
    """`authenticated_at`: when a password or a second factor was last presented in it."""

    __tablename__ = "auth_session"
    __table_args__ = (
        one_of("end_reason", ("", "logout", "reuse", "password", "admin")),
        Index("ix_auth_session_user_id", "user_id"),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    user_id: Mapped[UserKey]
    user_agent: Mapped[Str]
    expires_at: Mapped[Moment]
    authenticated_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_used_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[OptionalMoment]
    end_reason: Mapped[Str]


class RefreshToken(Timestamps, Base):
    """Only the token's SHA-256 is kept. `used_at` is set once, when the token is exchanged."""

    __tablename__ = "refresh_token"
    __table_args__ = (CheckConstraint("octet_length(token_hash) = 32", name="token_hash_sha256"),)

    id: Mapped[BigKey]
    session_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("auth_session.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[Moment]
    used_at: Mapped[OptionalMoment]


class LoginThrottle(Base):
    """Failed logins per key (a hash of account, address, or both) in the window that began at `since`.

    `account` is the hash of the account alone in every row that concerns one, so that its erasure finds them.
    """

    __tablename__ = "login_throttle"
    __table_args__ = (
        CheckConstraint("failures >= 0", name="failures_positive"),
        Index("ix_login_throttle_account", "account"),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    since: Mapped[Moment]
    account: Mapped[Str]
