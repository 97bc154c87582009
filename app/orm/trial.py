"""A resume tried without an account."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, DateTime, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, Moment


class Trial(Base):
    """Lives for a day. `sealed` is what was read, encrypted with the token that only the browser has: the row
    alone tells nothing, and `token_hash` only finds it."""

    __tablename__ = "trial"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash_sha256"),
        CheckConstraint("octet_length(sealed) <= 1000000", name="sealed_size"),
    )

    id: Mapped[BigKey]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[Moment] = mapped_column(index=True)
