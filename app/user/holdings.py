"""Which rows of the database are a person's: found through the foreign keys, so that a new table is exported,
counted and erased without anybody having to think of it.

A row is theirs if it refers to the account, or to a row that goes away with the account.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, Table, func, or_, select
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Base, User

#: Hashes and sealed secrets are ours to keep secret, also from who can read the person's mail.
SECRET_COLUMNS = frozenset({"password_hash"})
Condition = ColumnElement[bool]
CHUNK = 500


def of_user(user_id: int) -> dict[Table, Condition]:
    """Table -> which of its rows, the account's own first."""
    root = User.__table__
    assert isinstance(root, Table)  # noqa: S101 - declared as a table, typed as any selectable
    found: dict[Table, Condition] = {root: root.c.id == user_id}
    going = [root]  # tables whose rows go away with the account
    while going:
        parent = going.pop(0)
        for table in Base.metadata.sorted_tables:
            keys = [key for key in _keys_to(table, parent) if parent is root or key.ondelete == "CASCADE"]
            if table in found or not keys:
                continue
            theirs = select(found_column(keys[0], parent)).where(found[parent])
            found[table] = or_(*(key.parent.in_(theirs) for key in keys))
            if all(key.ondelete == "CASCADE" for key in keys):
                going.append(table)
    return found


def found_column(key: ForeignKey, parent: Table) -> ColumnElement[Any]:
    return parent.c[key.column.name]


def _keys_to(table: Table, parent: Table) -> list[ForeignKey]:
    return sorted((k for k in table.foreign_keys if k.column.table is parent), key=lambda k: k.parent.name)


async def counts(session: AsyncSession, user_id: int) -> dict[str, int]:
    """Rows per table, tables without any left out."""
    found = {}
    for table, theirs in of_user(user_id).items():
        count = await session.scalar(select(func.count()).select_from(table).where(theirs))
        if count:
            found[table.name] = count
    return found


async def rows(
    session: AsyncSession, table: Table, theirs: Condition
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """The rows in chunks, without secrets."""
    columns = [column for column in table.c if readable(column)]
    query = select(*columns).where(theirs).order_by(*table.primary_key.columns)
    result = await session.stream(query.execution_options(yield_per=CHUNK))
    async for chunk in result.mappings().partitions(CHUNK):
        yield [dict(row) for row in chunk]


def readable(column: ColumnElement[Any]) -> bool:
    secret = isinstance(column.type, LargeBinary) or column.name in SECRET_COLUMNS
    return not secret and not isinstance(column.type, TSVECTOR)
