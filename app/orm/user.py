"""Accounts and what a seeker says about themselves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
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
from app.orm.job import JOB_TYPES, REMOTE_OPTIONS, SALARY_INTERVALS

EDUCATION_LEVELS = ("", "none", "high-school", "vocational", "associate", "bachelor", "master", "doctorate")
SKILL_LEVELS = ("", "beginner", "intermediate", "advanced", "expert")
SKILL_SOURCES = ("stated", "parsed", "inferred")
Flag = Annotated[bool, mapped_column(Boolean, server_default=text("false"))]
Document = Annotated[dict[str, Any], mapped_column(JSONB, server_default="{}", default=dict)]


class User(Timestamps, Base):
    """An account. Seeker is everybody; employer is who is a company's member; staff is set by hand.

    `last_active` is written at most once in a few minutes and does not move `updated_at`.
    """

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
    last_active: Mapped[OptionalMoment]
    email_verified_at: Mapped[OptionalMoment]

    profile: Mapped[UserProfile] = relationship(lazy="raise", back_populates="user", passive_deletes=True)
    skills: Mapped[list[UserSkill]] = relationship(
        lazy="raise", passive_deletes=True, order_by="UserSkill.id", cascade="all, delete-orphan"
    )


class UserProfile(Timestamps, Base):
    """`salary_min` and `salary_max` are the annual expectation in `salary_currency`; `salary_interval` is
    the unit its owner thinks in. The opt-outs are columns because views and tasks ask for them; the rest of
    the privacy settings is a document."""

    __tablename__ = "user_profile"
    __table_args__ = (
        one_of("remote", REMOTE_OPTIONS),
        at_most("desired_title", 300),
        one_of("education_level", EDUCATION_LEVELS),
        one_of("salary_interval", SALARY_INTERVALS),
        at_most("location", 100),
        at_most("bio", 500),
        at_most("resume_text", 60_000),
        CheckConstraint("phone_number ~ '^(\\+[1-9][0-9]{6,14})?$'", name="phone_number_e164"),
        CheckConstraint("avatar ~ '^([0-9a-f]{32}\\.jpg)?$'", name="avatar_name"),
        CheckConstraint(
            "cardinality(preferred_locations) <= 20 AND longest_text(preferred_locations) <= 100",
            name="preferred_locations_size",
        ),
        *(
            CheckConstraint(
                f"jsonb_typeof({name}) = 'object' AND octet_length({name}::text) <= 4000", name=f"{name}_size"
            )
            for name in ("notification_preferences", "privacy_settings")
        ),
        CheckConstraint("experience_years BETWEEN 0 AND 70", name="experience_plausible"),
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
    training_opt_out: Mapped[Flag]
    profiling_opt_out: Mapped[Flag]
    phone_number: Mapped[Str]
    avatar: Mapped[Str]
    preferred_locations: Mapped[Texts]
    salary_interval: Mapped[str] = mapped_column(Text, server_default="year")
    education_level: Mapped[Str]
    notification_preferences: Mapped[Document]
    privacy_settings: Mapped[Document]

    user: Mapped[User] = relationship(lazy="raise", back_populates="profile")


class UserSkill(Timestamps, Base):
    """`evidence` is what a parser read, and where in the resume's text: [start, end) in characters."""

    __tablename__ = "user_skill"
    __table_args__ = (
        UniqueConstraint("user_id", "name_key"),
        CheckConstraint("name <> '' AND char_length(name) <= 100", name="name_length"),
        CheckConstraint("name_key = lower(name)", name="name_key_folded"),
        CheckConstraint("years BETWEEN 0 AND 70", name="years_plausible"),
        CheckConstraint("last_used BETWEEN '1950-01-01' AND '2100-01-01'", name="last_used_plausible"),
        CheckConstraint(
            "(evidence_start IS NULL) = (evidence_end IS NULL) AND evidence_start >= 0 "
            "AND evidence_start < evidence_end",
            name="evidence_span",
        ),
        at_most("evidence", 300),
        one_of("level", SKILL_LEVELS),
        one_of("source", SKILL_SOURCES),
    )

    id: Mapped[BigKey]
    user_id: Mapped[UserKey]
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    years: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    source: Mapped[str] = mapped_column(Text, server_default="stated")
    level: Mapped[Str]
    last_used: Mapped[date | None] = mapped_column(Date)
    evidence: Mapped[Str]
    evidence_start: Mapped[int | None] = mapped_column(Integer)
    evidence_end: Mapped[int | None] = mapped_column(Integer)
