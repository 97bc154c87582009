"""Run by Alembic with the connection that `runner` opened."""

from __future__ import annotations

from typing import Any

from alembic import context

from app.orm import Base


def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """The queue's tables belong to procrastinate, not to our metadata."""
    return not (name or "").startswith("procrastinate_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=ours,
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
