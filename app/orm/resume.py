"""A seeker's resumes: names, and every version of the document."""

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
    ForeignKeyConstraint,
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

from app.orm.base import Base, BigKey, Moment, PublicId, Timestamps, UserKey, at_most, one_of
from app.orm.job import Job

RESUME_SOURCES = ("typed", "parsed", "tailored", "imported")


class Resume(Timestamps, Base):
    """`job_id` is the posting that a copy was made for. `current` is the number of the version that counts;
    the two tables name each other, so the reference is checked at the end of the transaction."""

    __tablename__ = "resume"
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        CheckConstraint("name <> ''", name="name_present"),
        at_most("name", 100),
        CheckConstraint("current > 0", name="current_positive"),
        ForeignKeyConstraint(
            ["id", "current"],
            ["resume_version.resume_id", "resume_version.number"],
            name="fk_resume_current",
            use_alter=True,
            deferrable=True,
            initially="DEFERRED",
        ),
        Index("uq_resume_one_default", "user_id", unique=True, postgresql_where=text("is_default")),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    user_id: Mapped[UserKey]
    job_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("job.id", ondelete="SET NULL"), index=True
    )
    name: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    current: Mapped[int] = mapped_column(Integer, server_default=text("1"))

    job: Mapped[Job | None] = relationship(lazy="raise")


class ResumeVersion(Base):
    """Never changed; a resume keeps its newest ones. `content_hash` is the SHA-256 of the document's
    canonical JSON."""

    __tablename__ = "resume_version"
    __table_args__ = (
        UniqueConstraint("resume_id", "number"),
        one_of("source", RESUME_SOURCES),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("octet_length(content_hash) = 32", name="content_hash_sha256"),
        CheckConstraint(
            "jsonb_typeof(document) = 'object' AND octet_length(document::text) <= 400000",
            name="document_size",
        ),
    )

    id: Mapped[BigKey]
    resume_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("resume.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ResumeQuota(Base):
    """What an account has used of its limits; the statement that uses one checks it."""

    __tablename__ = "resume_quota"
    __table_args__ = (CheckConstraint("downloads >= 0", name="used_positive"),)

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    downloads: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    downloaded_on: Mapped[date] = mapped_column(Date)
