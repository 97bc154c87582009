"""Names that postings share: places, skills and tags. Places and skills come from `data/taxonomy/`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.orm.base import Base, BigKey, Moment, Str, Texts, at_most, one_of

SKILL_KINDS = ("skill", "knowledge", "technology", "other")


class TaxonomyLoad(Base):
    """Which version of a table is stored: the SHA-256 of the file it was read from."""

    __tablename__ = "taxonomy_load"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[str] = mapped_column(Text)
    rows: Mapped[int] = mapped_column(Integer)
    loaded_at: Mapped[Moment] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Location(Base):
    """A city, or with an empty `city` a region or country. Coordinates where the taxonomy knows them.

    `region` is a US state, Canadian province or British nation; names are folded in `city_key`.
    """

    __tablename__ = "location"
    __table_args__ = (
        UniqueConstraint("country", "region", "city_key"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_iso"),
        CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="coordinates_together"),
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="coordinates_on_earth"),
        CheckConstraint("population >= 0", name="population_positive"),
        at_most("label", 300),
    )

    id: Mapped[BigKey]
    label: Mapped[str] = mapped_column(Text)
    city: Mapped[Str]
    city_key: Mapped[Str]
    region: Mapped[Str]
    country: Mapped[str] = mapped_column(Text)
    lat: Mapped[float | None] = mapped_column(Double)
    lon: Mapped[float | None] = mapped_column(Double)
    population: Mapped[int | None] = mapped_column(BigInteger)
    geoname_id: Mapped[int | None] = mapped_column(BigInteger)


class SkillTerm(Base):
    """A skill of the taxonomy. `alias_keys` are its other names, folded; several skills may share one."""

    __tablename__ = "skill_term"
    __table_args__ = (
        one_of("kind", SKILL_KINDS),
        Index("ix_skill_term_label_key", "label_key"),
        Index("ix_skill_term_alias_keys", "alias_keys", postgresql_using="gin"),
    )

    id: Mapped[BigKey]
    taxonomy_id: Mapped[str] = mapped_column(Text, unique=True)
    label: Mapped[str] = mapped_column(Text)
    label_key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    alias_keys: Mapped[Texts]


class Tag(Base):
    __tablename__ = "tag"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug_shape"),
        at_most("slug", 60),
        at_most("name", 60),
    )

    id: Mapped[BigKey]
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)


job_tag = Table(
    "job_tag",
    Base.metadata,
    Column("job_id", BigInteger, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", BigInteger, ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True),
)
