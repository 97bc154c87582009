"""A seeker's own lists: saved postings and applications."""

from __future__ import annotations

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.orm.base import Base, BigKey, JobKey, PublicId, Str, Timestamps, UserKey, at_most, one_of
from app.orm.job import Job

APPLICATION_STATUSES = ("submitted", "external", "withdrawn", "rejected", "interview", "offer")


class SavedJob(Timestamps, Base):
    __tablename__ = "saved_job"
    __table_args__ = (UniqueConstraint("user_id", "job_id"),)

    id: Mapped[BigKey]
    user_id: Mapped[UserKey]
    job_id: Mapped[JobKey]

    job: Mapped[Job] = relationship(lazy="raise")


class JobApplication(Timestamps, Base):
    """`external`: the employer takes applications on its own site, we record the intent."""

    __tablename__ = "job_application"
    __table_args__ = (
        UniqueConstraint("user_id", "job_id"),
        one_of("status", APPLICATION_STATUSES),
        at_most("cover_letter", 10_000),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    user_id: Mapped[UserKey]
    job_id: Mapped[JobKey]
    status: Mapped[str] = mapped_column(Text, server_default="submitted")
    cover_letter: Mapped[Str]

    job: Mapped[Job] = relationship(lazy="raise")
