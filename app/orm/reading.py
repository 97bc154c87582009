"""What was read out of postings, and the batches of summaries that accounts asked for."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.ids import uuid7
from app.orm.base import Base, BigKey, UserKey, at_most, one_of

ITEM_STATES = ("pending", "done", "failed")


class JobFacts(Base):
    """Occupation, skills and ranked requirements of a posting, by the reader that found them.

    True of the posting while it still has that content; `facts` is a PostingFacts of the wire contract.
    """

    __tablename__ = "job_facts"
    __table_args__ = (at_most("reader", 200),)

    job_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    content_hash: Mapped[str] = mapped_column(Text)
    reader: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SummaryBatch(Base):
    __tablename__ = "summary_batch"
    __table_args__ = (Index("ix_summary_batch_user_id", "user_id"),)

    id: Mapped[BigKey]
    public_id: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=uuid7)
    user_id: Mapped[UserKey]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SummaryItem(Base):
    """One posting of a batch, in the order asked."""

    __tablename__ = "summary_item"
    __table_args__ = (
        one_of("status", ITEM_STATES),
        CheckConstraint("(status = 'failed') = (error <> '')", name="failures_say_why"),
        CheckConstraint("char_length(error) <= 200", name="error_length"),
        Index("ix_summary_item_pending", "batch_id", postgresql_where=text("status = 'pending'")),
    )

    batch_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("summary_batch.id", ondelete="CASCADE"), primary_key=True
    )
    job_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text, server_default="pending")
    error: Mapped[str] = mapped_column(Text, server_default="")
