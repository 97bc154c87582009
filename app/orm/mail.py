"""The outbox: mail that a transaction decided to send."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, OptionalMoment, PublicId, Str, Timestamps, at_most


class Mail(Timestamps, Base):
    """What to say is a kind and its parameters, never a text: a link's secret is not in this table.

    A row without a recipient is sent to nobody. It is written where an answer must not tell whether an
    account exists.
    """

    __tablename__ = "mail"
    __table_args__ = (
        at_most("recipient", 254),
        at_most("kind", 50),
        at_most("error", 200),
        CheckConstraint("jsonb_typeof(params) = 'object'", name="params_object"),
        CheckConstraint("sent_at IS NULL OR failed_at IS NULL", name="one_outcome"),
        Index("ix_mail_user_id", "user_id"),
        Index("ix_mail_created_at", "created_at", postgresql_where=text("sent_at IS NULL")),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"))
    recipient: Mapped[Str]
    kind: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}", default=dict)
    sent_at: Mapped[OptionalMoment]
    failed_at: Mapped[OptionalMoment]
    error: Mapped[Str]
