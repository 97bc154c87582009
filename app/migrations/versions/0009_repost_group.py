"""Postings of one text by one company have a group, and whoever joins or leaves one is noted for the index.

What was indexed before knows no reposts: no index follows this database any more, and a worker builds one.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BEFORE = import_module("app.migrations.versions.0008_search")
NOT_ANNOTATED = "annotated_hash IS DISTINCT FROM content_hash"
# Of the others in a group one is enough: whoever follows looks at the rest of the group as well.
UPDATED = f"""
CREATE OR REPLACE FUNCTION search_job_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note_search_changes((SELECT array_agg(n.id) FROM after_update n JOIN before_update o USING (id)
    WHERE (o.status = 'active' OR n.status = 'active')
      AND ({_BEFORE._NEW}) IS DISTINCT FROM ({_BEFORE._OLD})));
  PERFORM note_search_changes((SELECT array_agg(other.id) FROM (
    SELECT max(s.id) AS id
    FROM after_update n JOIN before_update o USING (id)
    JOIN job s ON s.repost_group IN (o.repost_group, n.repost_group) AND s.id <> n.id AND s.status = 'active'
    WHERE (o.status = 'active' OR n.status = 'active') AND n.repost_group IS DISTINCT FROM o.repost_group
    GROUP BY s.repost_group) AS other));
  PERFORM note_alert_candidates((SELECT array_agg(n.id) FROM after_update n JOIN before_update o USING (id)
    WHERE o.status <> 'active' AND n.status = 'active'));
  RETURN NULL;
END $$
"""  # noqa: S608 - the inserted texts are constants
DELETED = """
CREATE OR REPLACE FUNCTION search_job_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note_search_changes((SELECT array_agg(id) FROM deleted WHERE status = 'active'));
  PERFORM note_search_changes((SELECT array_agg(other.id) FROM (
    SELECT max(s.id) AS id FROM deleted d
    JOIN job s ON s.repost_group = d.repost_group AND s.status = 'active'
    WHERE d.status = 'active' GROUP BY s.repost_group) AS other));
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE repost_group_seq")
    op.add_column("job", sa.Column("repost_group", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_job_repost_group",
        "job",
        ["repost_group", sa.literal_column("posted_at DESC"), sa.literal_column("id DESC")],
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index("ix_job_company_id_title", "job", ["company_id", sa.literal_column("lower(title)")])
    _index_not_annotated(f"{NOT_ANNOTATED} OR repost_group IS NULL")
    op.execute(UPDATED)
    op.execute(DELETED)
    op.execute("DELETE FROM search_change")
    op.execute("DELETE FROM search_index")


def downgrade() -> None:
    for function in (_BEFORE.UPDATED, _BEFORE.DELETED):
        op.execute(function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.drop_index("ix_job_company_id_title", "job")
    op.drop_index("ix_job_repost_group", "job")
    _index_not_annotated(NOT_ANNOTATED)
    op.drop_column("job", "repost_group")
    op.execute("DROP SEQUENCE repost_group_seq")


def _index_not_annotated(condition: str) -> None:
    op.drop_index("ix_job_not_annotated", "job")
    op.create_index("ix_job_not_annotated", "job", ["id"], postgresql_where=sa.text(condition))
