"""What is known of a posting beside its row: requirements, summaries, scores, views and counters."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, JobKey, Moment, UserKey, at_most, one_of

IMPORTANCES = ("must", "nice")
REQUIREMENT_SOURCES = ("employer", "parsed", "predicted")
_now = func.now()


class SkillRequirement(Base):
    """What a posting asks for. `term_id` is the skill of the taxonomy, where the name means one."""

    __tablename__ = "skill_requirement"
    __table_args__ = (
        UniqueConstraint("job_id", "name_key"),
        one_of("importance", IMPORTANCES),
        one_of("source", REQUIREMENT_SOURCES),
        CheckConstraint("name <> '' AND char_length(name) <= 100", name="name_length"),
        CheckConstraint("years BETWEEN 0 AND 50", name="years_plausible"),
    )

    id: Mapped[BigKey]
    job_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("job.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    term_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("skill_term.id", ondelete="SET NULL"), index=True
    )
    importance: Mapped[str] = mapped_column(Text, server_default="must")
    years: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    source: Mapped[str] = mapped_column(Text, server_default="employer")


class JobSummaryText(Base):
    """A model's summary of a posting. It is shown while the posting still has that content."""

    __tablename__ = "job_summary"
    __table_args__ = (
        UniqueConstraint("job_id", "model_version"),
        CheckConstraint("summary <> '' AND char_length(summary) <= 4000", name="summary_length"),
        at_most("model_version", 200),
    )

    id: Mapped[BigKey]
    job_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("job.id", ondelete="CASCADE"))
    model_version: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    #: SummarySentences of the wire contract: texts with the spans they come from.
    sentences: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    created_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=_now)


class MatchScore(Base):
    """How well a seeker and a posting fit, by the model that said so: the newest score of each."""

    __tablename__ = "match_score"
    __table_args__ = (
        UniqueConstraint("user_id", "job_id", "bundle_version"),
        CheckConstraint("score BETWEEN 0 AND 1", name="score_probability"),
        at_most("bundle_version", 200),
    )

    id: Mapped[BigKey]
    user_id: Mapped[UserKey]
    job_id: Mapped[JobKey]
    bundle_version: Mapped[str] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Double)
    computed_at: Mapped[Moment]


class JobView(Base):
    """One viewer looked at one posting on one day (UTC): append-only.

    A viewer is an account, or a `visitor`: a keyed hash that changes daily and names nobody.
    """

    __tablename__ = "job_view"
    __table_args__ = (
        UniqueConstraint("job_id", "day", "user_id"),
        UniqueConstraint("job_id", "day", "visitor"),
        CheckConstraint("num_nonnulls(user_id, visitor) = 1", name="one_viewer"),
        CheckConstraint("octet_length(visitor) = 16", name="visitor_length"),
        Index("ix_job_view_user_id_recorded_at", "user_id", text("recorded_at DESC")),
    )

    id: Mapped[BigKey]
    job_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("job.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"))
    visitor: Mapped[bytes | None] = mapped_column(LargeBinary)
    recorded_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=_now)


class JobCounter(Base):
    """Totals of a posting. Views, saves and applications are recounted from the logs by a task;
    `taken` is the number of applications that stand, kept exact by the statements that change it."""

    __tablename__ = "job_counter"
    __table_args__ = (
        CheckConstraint(
            "view_count >= 0 AND save_count >= 0 AND application_count >= 0 AND taken >= 0",
            name="counts_positive",
        ),
    )

    job_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    view_count: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    save_count: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    application_count: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    taken: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class RollupState(Base):
    """How far a log has been read: up to `read_to` once, up to `position` for good.

    Ids are given before transactions commit, so a lower one may still appear. `horizon` is the highest
    id seen at `horizon_at`; once every transaction of that time has ended, what is up to it is final.
    """

    __tablename__ = "rollup_state"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    read_to: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)
    horizon: Mapped[int] = mapped_column(BigInteger)
    horizon_at: Mapped[Moment]
