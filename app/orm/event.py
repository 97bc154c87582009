"""What people did and what they were shown: append-only, the source of every training label."""

from __future__ import annotations

import uuid

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Double,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, JobKey, Moment, UserKey, at_most, one_of

#: "click" is a step out to the original posting; for the models it is a view.
EVENT_KINDS = ("view", "click", "save", "unsave", "apply", "dismiss")
EVENT_SOURCES = ("api", "import")


class Event(Base):
    """`event_id` is the idempotency key; `at` when it happened, `received_at` when we heard of it."""

    __tablename__ = "event"
    __table_args__ = (
        one_of("kind", EVENT_KINDS),
        one_of("source", EVENT_SOURCES),
        Index("ix_event_user_id_at", "user_id", text("at DESC")),
    )

    id: Mapped[BigKey]
    event_id: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True)
    user_id: Mapped[UserKey]
    job_id: Mapped[JobKey]
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[Moment]
    received_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())
    request_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    source: Mapped[str] = mapped_column(Text, server_default="api")


class Impression(Base):
    """A posting shown in a ranked list. `propensity` is the policy's chance to put it there."""

    __tablename__ = "impression"
    __table_args__ = (
        UniqueConstraint("request_id", "job_id"),
        UniqueConstraint("request_id", "rank"),
        CheckConstraint("rank >= 1", name="rank_positive"),
        CheckConstraint("score BETWEEN 0 AND 1", name="score_probability"),
        CheckConstraint("propensity > 0 AND propensity <= 1", name="propensity_probability"),
        at_most("release_id", 200),
        Index("ix_impression_user_id_at", "user_id", text("at DESC")),
    )

    id: Mapped[BigKey]
    request_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    user_id: Mapped[UserKey]
    job_id: Mapped[JobKey]
    rank: Mapped[int] = mapped_column(Integer)
    score: Mapped[float] = mapped_column(Double)
    propensity: Mapped[float] = mapped_column(Double)
    release_id: Mapped[str] = mapped_column(Text)
    at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())
