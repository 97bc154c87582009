"""A person's copy of their data, and the proof that it was erased."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, OptionalMoment, PublicId, Str, Texts, Timestamps, UserKey, one_of

EXPORT_STATUSES = ("queued", "ready", "expired")


class DataExport(Timestamps, Base):
    """`file` is the storage key while there is one."""

    __tablename__ = "data_export"
    __table_args__ = (
        one_of("status", EXPORT_STATUSES),
        CheckConstraint("(status = 'ready') = (file <> '')", name="file_when_ready"),
        Index("ix_data_export_user_id", "user_id"),
        Index(
            "uq_data_export_one_queued", "user_id", unique=True, postgresql_where=text("status = 'queued'")
        ),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    user_id: Mapped[UserKey]
    status: Mapped[str] = mapped_column(Text, server_default="queued")
    file: Mapped[Str]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    ready_at: Mapped[OptionalMoment]
    expires_at: Mapped[OptionalMoment]


class ErasureReceipt(Base):
    """Outlives the account, so it names nobody: the number of an account that is gone, and counts.

    `stores` has a key for every store that is done; `files` are storage keys still to be deleted; `notify`
    says whether a last mail goes to the address.
    """

    __tablename__ = "erasure_receipt"
    __table_args__ = (CheckConstraint("jsonb_typeof(stores) = 'object'", name="stores_object"),)

    id: Mapped[BigKey]
    public_id: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=uuid.uuid4)
    user_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    stores: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}", default=dict)
    files: Mapped[Texts]
    notify: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    completed_at: Mapped[OptionalMoment]
