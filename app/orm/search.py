"""What the search index follows, and what seekers have saved to be told of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, JobKey, Moment, OptionalMoment, PublicId, Timestamps, UserKey, at_most


class SearchIndexName(Base):
    """An index that follows this database: the live one, and one that is being built beside it."""

    __tablename__ = "search_index"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    created_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SearchChange(Base):
    """A posting that an index has to look at again. Written by triggers, whoever changes the posting."""

    __tablename__ = "search_change"
    __table_args__ = (Index("ix_search_change_index_name_id", "index_name", "id"),)

    id: Mapped[BigKey]
    index_name: Mapped[str] = mapped_column(Text)
    job_id: Mapped[int] = mapped_column(BigInteger)


class AlertCandidate(Base):
    """A posting that became active and that saved searches have not been asked about yet."""

    __tablename__ = "alert_candidate"

    id: Mapped[BigKey]
    job_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SavedSearch(Timestamps, Base):
    """`query` is what `GET /api/v1/jobs/` takes, without paging."""

    __tablename__ = "saved_search"
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        CheckConstraint("name <> ''", name="name_present"),
        at_most("name", 100),
        CheckConstraint(
            "jsonb_typeof(query) = 'object' AND octet_length(query::text) <= 8000", name="query_size"
        ),
        Index("ix_saved_search_alerts", "id", postgresql_where=text("alerts")),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    user_id: Mapped[UserKey]
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[dict[str, Any]] = mapped_column(JSONB)
    alerts: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))


class JobAlert(Base):
    """A new posting that one of a seeker's searches found: each posting once, by the first that did."""

    __tablename__ = "job_alert"
    __table_args__ = (
        UniqueConstraint("user_id", "job_id"),
        Index("ix_job_alert_user_id_id", "user_id", text("id DESC")),
        Index("ix_job_alert_created_at", "created_at"),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    user_id: Mapped[UserKey]
    saved_search_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("saved_search.id", ondelete="CASCADE"), index=True
    )
    job_id: Mapped[JobKey]
    created_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())
    read_at: Mapped[OptionalMoment]
