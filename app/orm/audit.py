"""What staff did."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, Moment, Str


class AuditEntry(Base):
    """What staff did, each entry sealed with the hash of the one before: append-only.

    Accounts are named by their public id and nothing else, so the log survives an erasure lawfully.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        CheckConstraint("octet_length(hash) = 32 AND octet_length(previous_hash) = 32", name="sha256"),
        Index("ix_audit_log_target", "target_type", "target_id"),
        UniqueConstraint("previous_hash"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    actor: Mapped[uuid.UUID] = mapped_column(Uuid)
    action: Mapped[str] = mapped_column(Text)
    target_type: Mapped[str] = mapped_column(Text)
    target_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[Str]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
