"""Companies and who may act for them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Computed, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, PublicId, Str, Timestamps, UserKey, at_most, one_of

#: "employer": made by a member of the company. "import": named by imported postings, nobody's yet.
COMPANY_SOURCES = ("employer", "import")
MEMBER_ROLES = ("owner", "recruiter")


class Company(Timestamps, Base):
    """`name_key` is lower(name): an import finds "ACME" and "Acme" to be one company."""

    __tablename__ = "company"
    __table_args__ = (
        UniqueConstraint("source", "name_key"),
        one_of("source", COMPANY_SOURCES),
        at_most("name", 300),
    )

    id: Mapped[BigKey]
    public_id: Mapped[PublicId]
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text, Computed("lower(name)", persisted=True))
    source: Mapped[str] = mapped_column(Text, server_default="employer")
    website: Mapped[Str]
    description: Mapped[Str]


class CompanyMember(Timestamps, Base):
    __tablename__ = "company_member"
    __table_args__ = (
        UniqueConstraint("company_id", "user_id"),
        Index("ix_company_member_user_id", "user_id"),
        one_of("role", MEMBER_ROLES),
    )

    id: Mapped[BigKey]
    company_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("company.id", ondelete="CASCADE"))
    user_id: Mapped[UserKey]
    role: Mapped[str] = mapped_column(Text, server_default="owner")
