"""What a seeker does not want to be shown: whole companies, and why a posting was hidden."""

from __future__ import annotations

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, JobKey, Moment, UserKey, one_of

DISMISSAL_REASONS = ("", "field", "level", "pay", "place", "company", "known", "other")


class HiddenCompany(Base):
    """None of its postings is recommended to the seeker, those published later included."""

    __tablename__ = "hidden_company"

    user_id: Mapped[UserKey] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("company.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Dismissal(Base):
    """Why a posting was hidden, in the seeker's choice of words; that it was is an event."""

    __tablename__ = "dismissal"
    __table_args__ = (one_of("reason", DISMISSAL_REASONS),)

    user_id: Mapped[UserKey] = mapped_column(primary_key=True)
    job_id: Mapped[JobKey] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())
