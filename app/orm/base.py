"""Declarative base: naming convention, key types and timestamps shared by every table."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, MetaData, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.kit.ids import uuid7

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

#: BIGINT because the vector index keys postings by int64.
BigKey = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
PublicId = Annotated[uuid.UUID, mapped_column(Uuid, unique=True, default=uuid7)]
Str = Annotated[str, mapped_column(Text, server_default="")]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
OptionalMoment = Annotated[datetime | None, mapped_column(DateTime(timezone=True))]
Texts = Annotated[list[str], mapped_column(ARRAY(Text), server_default="{}", default=list)]
UserKey = Annotated[int, mapped_column(BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"))]
JobKey = Annotated[int, mapped_column(BigInteger, ForeignKey("job.id", ondelete="CASCADE"), index=True)]


class Base(DeclarativeBase):
    """`eager_defaults` reads server-made values back with RETURNING: asyncio cannot refresh lazily."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    __mapper_args__: Any = {"eager_defaults": True}  # noqa: RUF012 - declared so by SQLAlchemy


class Timestamps:
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """CHECK that `column` is one of `values` (a text column: adding a value needs no type change)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def at_most(column: str, characters: int) -> CheckConstraint:
    return CheckConstraint(f"char_length({column}) <= {characters}", name=f"{column}_length")
