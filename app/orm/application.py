"""A seeker's own lists: saved postings and applications, and what limits them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.orm.base import Base, BigKey, JobKey, Moment, PublicId, Str, Timestamps, UserKey, at_most, one_of
from app.orm.job import Job

APPLICATION_STATUSES = ("applied", "in_review", "interview", "offer", "rejected", "withdrawn")
ACTORS = ("seeker", "employer")


class SavedJob(Timestamps, Base):
    __tablename__ = "saved_job"
    __table_args__ = (UniqueConstraint("user_id", "job_id"),)

    id: Mapped[BigKey]
    user_id: Mapped[UserKey]
    job_id: Mapped[JobKey]

    job: Mapped[Job] = relationship(lazy="raise")


class JobApplication(Timestamps, Base):
    """`is_external`: the employer takes applications on its own site, we record the intent.

    `notes` are the seeker's, `employer_notes` the company's; neither sees the other's. `resume` is the
    document as it was when it was sent, without what its owner hides: later versions do not change it.
    """

    __tablename__ = "job_application"
    __table_args__ = (
        UniqueConstraint("user_id", "job_id"),
        one_of("status", APPLICATION_STATUSES),
        at_most("cover_letter", 10_000),
        at_most("notes", 5_000),
        at_most("employer_notes", 5_000),
        CheckConstraint("jsonb_typeof(answers) = 'array'", name="answers_list"),
        CheckConstraint("octet_length(answers::text) <= 200000", name="answers_length"),
        CheckConstraint("octet_length(resume::text) <= 600000", name="resume_length"),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    user_id: Mapped[UserKey]
    job_id: Mapped[JobKey]
    status: Mapped[str] = mapped_column(Text, server_default="applied")
    is_external: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    cover_letter: Mapped[Str]
    answers: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    notes: Mapped[Str]
    employer_notes: Mapped[Str]
    resume: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    job: Mapped[Job] = relationship(lazy="raise")


class ApplicationChange(Base):
    """Every status an application has had, and who set it: append-only."""

    __tablename__ = "application_change"
    __table_args__ = (
        one_of("status", APPLICATION_STATUSES),
        one_of("actor", ACTORS),
        Index("ix_application_change_application_id_id", "application_id", "id"),
    )

    id: Mapped[BigKey]
    application_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("job_application.id", ondelete="CASCADE")
    )
    status: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SeekerQuota(Base):
    """What an account has used of its limits; the statement that uses one checks it."""

    __tablename__ = "seeker_quota"
    __table_args__ = (CheckConstraint("saved_jobs >= 0 AND applied >= 0", name="used_positive"),)

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    saved_jobs: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    applied: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    applied_on: Mapped[date | None] = mapped_column(Date)


class IdempotencyRecord(Base):
    """The answer given to a request that named itself, as the text that was sent; kept for a day."""

    __tablename__ = "idempotency_record"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint_sha256"),
        Index("ix_idempotency_record_created_at", "created_at"),
        at_most("key", 200),
    )

    id: Mapped[BigKey]
    user_id: Mapped[UserKey]
    key: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[Any] = mapped_column(JSONB)
    created_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SeekerVisit(Base):
    """When a seeker was last here: `previous` is the visit before the current one."""

    __tablename__ = "seeker_visit"

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    previous: Mapped[Moment]
    current: Mapped[Moment]
