"""Accounts and what a seeker says about themselves."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Numeric, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.orm.base import (
    Base,
    BigKey,
    OptionalMoment,
    PublicId,
    Str,
    Texts,
    Timestamps,
    UserKey,
    at_most,
    one_of,
)
from app.orm.job import JOB_TYPES, REMOTE_OPTIONS


class User(Timestamps, Base):
    """An account. Seeker is everybody; employer is who is a company's member; staff is set by hand."""

    __tablename__ = "app_user"
    __table_args__ = (
        CheckConstraint("email = lower(email) AND position('@' in email) > 1", name="email_folded"),
        at_most("email", 254),
        at_most("full_name", 200),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    email: Mapped[str] = mapped_column(Text, unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    full_name: Mapped[Str]
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    is_staff: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    terms_version: Mapped[Str]
    last_login: Mapped[OptionalMoment]

    profile: Mapped[UserProfile] = relationship(lazy="raise", back_populates="user", passive_deletes=True)
    skills: Mapped[list[UserSkill]] = relationship(
        lazy="raise", passive_deletes=True, order_by="UserSkill.id", cascade="all, delete-orphan"
    )


class UserProfile(Timestamps, Base):
    """`salary_min` and `salary_max` are the annual expectation in `salary_currency`."""

    __tablename__ = "user_profile"
    __table_args__ = (
        one_of("remote", REMOTE_OPTIONS),
        at_most("desired_title", 300),
        at_most("location", 300),
        at_most("bio", 500),
        at_most("resume_text", 60_000),
        CheckConstraint("experience_years BETWEEN 0 AND 80", name="experience_plausible"),
        CheckConstraint("salary_min >= 0 AND salary_max >= 0", name="salary_positive"),
        CheckConstraint("salary_min <= salary_max", name="salary_ordered"),
        CheckConstraint("salary_currency ~ '^([A-Z]{3})?$'", name="salary_currency_iso"),
        CheckConstraint(
            "job_types <@ ARRAY[" + ", ".join(f"'{kind}'" for kind in JOB_TYPES if kind) + "]",
            name="job_types_known",
        ),
    )

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    desired_title: Mapped[Str]
    location: Mapped[Str]
    remote: Mapped[str] = mapped_column(Text, server_default="unspecified")
    job_types: Mapped[Texts]
    experience_years: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    salary_min: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    salary_max: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    salary_currency: Mapped[Str]
    bio: Mapped[Str]
    resume_text: Mapped[Str]
    training_opt_out: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))

    user: Mapped[User] = relationship(lazy="raise", back_populates="profile")


class UserSkill(Timestamps, Base):
    __tablename__ = "user_skill"
    __table_args__ = (
        UniqueConstraint("user_id", "name_key"),
        CheckConstraint("name <> '' AND char_length(name) <= 100", name="name_length"),
        CheckConstraint("name_key = lower(name)", name="name_key_folded"),
        CheckConstraint("years BETWEEN 0 AND 80", name="years_plausible"),
        one_of("source", ("stated", "parsed", "inferred")),
    )

    id: Mapped[BigKey]
    user_id: Mapped[UserKey]
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    years: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    source: Mapped[str] = mapped_column(Text, server_default="stated")
