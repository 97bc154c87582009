"""What proves who somebody is, besides the password: links sent by mail, a second factor, recovery codes."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, Moment, OptionalMoment, Timestamps, UserKey, one_of

TOKEN_PURPOSES = ("verify-email", "password-reset", "second-factor")
_SHA256 = "octet_length({0}) = 32"


class AccountToken(Timestamps, Base):
    """A secret that works once, kept as its SHA-256.

    `password_hash` is the password of the registration that asked for the link: it becomes the account's
    only when that link is followed, so a stranger's registration cannot plant one.
    """

    __tablename__ = "account_token"
    __table_args__ = (
        one_of("purpose", TOKEN_PURPOSES),
        CheckConstraint(_SHA256.format("token_hash"), name="token_hash_sha256"),
        Index("ix_account_token_user_id", "user_id"),
    )

    id: Mapped[BigKey]
    user_id: Mapped[UserKey]
    purpose: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[Moment]


class TotpFactor(Timestamps, Base):
    """RFC 6238. The secret is sealed (`app.kit.seal`); `last_step` is the newest step that was accepted."""

    __tablename__ = "totp_factor"

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed_at: Mapped[OptionalMoment]
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Timestamps, Base):
    """One of the codes that stand in for a lost second factor, kept as its SHA-256."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        UniqueConstraint("user_id", "code_hash"),
        CheckConstraint(_SHA256.format("code_hash"), name="code_hash_sha256"),
    )

    id: Mapped[BigKey]
    user_id: Mapped[UserKey]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[OptionalMoment]
