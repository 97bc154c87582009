"""The task queue's tables, as the pinned procrastinate makes them.

A later procrastinate that changes its schema needs a migration here with its own SQL
(`procrastinate.schema.SchemaManager.get_migrations_path()`); a test compares the pin below.
"""

from __future__ import annotations

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PROCRASTINATE = "3.10"

DROP_ALL = """
DO $$
DECLARE item record;
BEGIN
  FOR item IN SELECT oid::regclass AS name FROM pg_class
    WHERE relname LIKE 'procrastinate\\_%' AND relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace
  LOOP EXECUTE 'DROP TABLE IF EXISTS ' || item.name || ' CASCADE'; END LOOP;
  FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
    WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = 'public'::regnamespace
  LOOP EXECUTE 'DROP FUNCTION IF EXISTS ' || item.name || ' CASCADE'; END LOOP;
  FOR item IN SELECT oid::regtype AS name FROM pg_type
    WHERE typname LIKE 'procrastinate\\_%' AND typnamespace = 'public'::regnamespace AND typtype IN ('e', 'c')
  LOOP EXECUTE 'DROP TYPE IF EXISTS ' || item.name || ' CASCADE'; END LOOP;
END $$
"""


def run(script: str) -> None:
    """The driver's own cursor: several statements at once, and `%` meaning itself."""
    cursor = op.get_bind().connection.cursor()
    try:
        cursor.execute(script)
    finally:
        cursor.close()


def upgrade() -> None:
    run(SchemaManager.get_schema())


def downgrade() -> None:
    run(DROP_ALL)
