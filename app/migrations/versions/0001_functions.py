"""Functions that generated columns need: PostgreSQL's own are only STABLE."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FOLD_TEXTS = """
CREATE FUNCTION fold_texts(text[]) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(lower(item) ORDER BY place), '{}')
  FROM unnest($1) WITH ORDINALITY AS u(item, place)
$$
"""
ARRAY_TO_TEXT = """
CREATE FUNCTION array_to_text(text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT array_to_string($1, ' ')
$$
"""


def upgrade() -> None:
    op.execute(FOLD_TEXTS)
    op.execute(ARRAY_TO_TEXT)


def downgrade() -> None:
    op.execute("DROP FUNCTION array_to_text(text[])")
    op.execute("DROP FUNCTION fold_texts(text[])")
