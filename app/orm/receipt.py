"""Receipts of scores."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, Index, Text, Uuid, func
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.ids import uuid7
from app.orm.base import Base, Moment, UserKey, at_most, one_of

PURPOSES = ("seeker_guidance", "candidate_screening", "research")


class ScoreReceipt(Base):
    """Never changed. `signed` is the canonical JSON that `signature` (base64url, Ed25519) is of, as text:
    jsonb would write its numbers anew. It holds hashes and numbers, no word of what was scored."""

    __tablename__ = "score_receipt"
    __table_args__ = (
        one_of("purpose", PURPOSES),
        at_most("release_id", 64),
        at_most("key_id", 64),
        at_most("signature", 100),
        CheckConstraint("char_length(signed) BETWEEN 2 AND 200000", name="signed_length"),
        Index("ix_score_receipt_user_id", "user_id", "id"),
        Index("ix_score_receipt_expires_at", "expires_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid7)
    user_id: Mapped[UserKey]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[Moment]
    purpose: Mapped[str] = mapped_column(Text)
    release_id: Mapped[str] = mapped_column(Text)
    signed: Mapped[str] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(Text)
