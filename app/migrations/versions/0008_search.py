"""Search: what its index follows and what seekers save."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: What an index holds of a posting, so that a view counted or a place annotated is no change.
COLUMNS = (
    "status, title, description, requirements, benefits, skills, company_id, location, job_type, "
    "remote_option, salary_min, salary_max, salary_currency, salary_interval, posted_at"
)
_OLD, _NEW = (", ".join(f"{row}.{name}" for name in COLUMNS.split(", ")) for row in ("o", "n"))

# One task a transaction is enough, as it takes everything that is noted: the setting remembers it.
NOTE = """
CREATE FUNCTION note_search_changes(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(cardinality(ids), 0) = 0 THEN RETURN; END IF;
  INSERT INTO search_change (index_name, job_id) SELECT i.name, j FROM search_index i, unnest(ids) AS j;
  IF NOT FOUND THEN RETURN; END IF;
  IF current_setting('jobpilot.search_noted', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
    PERFORM set_config('jobpilot.search_noted', pg_current_xact_id()::text, true);
    PERFORM procrastinate_defer_jobs_v1(ARRAY[
      ROW('search', 'search.update', 10, 'search.update', NULL, '{}'::jsonb, NULL)
      ]::procrastinate_job_to_defer_v1[]);
  END IF;
END $$
"""
CANDIDATES = """
CREATE FUNCTION note_alert_candidates(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(cardinality(ids), 0) > 0 AND EXISTS (SELECT FROM saved_search WHERE alerts) THEN
    INSERT INTO alert_candidate (job_id) SELECT unnest(ids);
  END IF;
END $$
"""
INSERTED = """
CREATE FUNCTION search_job_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[] := (SELECT array_agg(id) FROM inserted WHERE status = 'active');
BEGIN
  PERFORM note_search_changes(ids);
  PERFORM note_alert_candidates(ids);
  RETURN NULL;
END $$
"""
UPDATED = f"""
CREATE FUNCTION search_job_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note_search_changes((SELECT array_agg(n.id) FROM after_update n JOIN before_update o USING (id)
    WHERE (o.status = 'active' OR n.status = 'active') AND ({_NEW}) IS DISTINCT FROM ({_OLD})));
  PERFORM note_alert_candidates((SELECT array_agg(n.id) FROM after_update n JOIN before_update o USING (id)
    WHERE o.status <> 'active' AND n.status = 'active'));
  RETURN NULL;
END $$
"""  # noqa: S608 - the inserted text is the constant above
DELETED = """
CREATE FUNCTION search_job_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note_search_changes((SELECT array_agg(id) FROM deleted WHERE status = 'active'));
  RETURN NULL;
END $$
"""
COMPANY = """
CREATE FUNCTION search_company_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM note_search_changes(
    (SELECT array_agg(id) FROM job WHERE company_id = NEW.id AND status = 'active'));
  RETURN NULL;
END $$
"""
TRIGGERS = {
    "job": (
        (
            "search_inserted AFTER INSERT ON job REFERENCING NEW TABLE AS inserted "
            "FOR EACH STATEMENT EXECUTE FUNCTION search_job_inserted()"
        ),
        (
            "search_updated AFTER UPDATE ON job "
            "REFERENCING NEW TABLE AS after_update OLD TABLE AS before_update "
            "FOR EACH STATEMENT EXECUTE FUNCTION search_job_updated()"
        ),
        (
            "search_deleted AFTER DELETE ON job REFERENCING OLD TABLE AS deleted "
            "FOR EACH STATEMENT EXECUTE FUNCTION search_job_deleted()"
        ),
    ),
    "company": (
        (
            "search_renamed AFTER UPDATE OF name, slug ON company FOR EACH ROW "
            "WHEN ((OLD.name, OLD.slug) IS DISTINCT FROM (NEW.name, NEW.slug)) "
            "EXECUTE FUNCTION search_company_renamed()"
        ),
    ),
}
FUNCTIONS = (NOTE, CANDIDATES, INSERTED, UPDATED, DELETED, COMPANY)
NAMES = (
    "search_company_renamed()",
    "search_job_deleted()",
    "search_job_updated()",
    "search_job_inserted()",
    "note_alert_candidates(bigint[])",
    "note_search_changes(bigint[])",
)


def upgrade() -> None:
    _followed()
    _saved()
    for function in FUNCTIONS:
        op.execute(function)
    for triggers in TRIGGERS.values():
        for trigger in triggers:
            op.execute(f"CREATE TRIGGER {trigger}")


def _followed() -> None:
    op.create_table(
        "search_index",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_search_index")),
    )
    op.create_table(
        "search_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("index_name", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_change")),
    )
    op.create_index("ix_search_change_index_name_id", "search_change", ["index_name", "id"], unique=False)
    op.create_table(
        "alert_candidate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_candidate")),
    )


def _saved() -> None:
    op.create_table(
        "saved_search",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("alerts", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_saved_search_name_present")),
        sa.CheckConstraint("char_length(name) <= 100", name=op.f("ck_saved_search_name_length")),
        sa.CheckConstraint(
            "jsonb_typeof(query) = 'object' AND octet_length(query::text) <= 8000",
            name=op.f("ck_saved_search_query_size"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_saved_search_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint("public_id", name=op.f("uq_saved_search_public_id")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_search_user_id_name")),
    )
    op.create_index(
        "ix_saved_search_alerts", "saved_search", ["id"], unique=False, postgresql_where=sa.text("alerts")
    )
    op.create_table(
        "job_alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("saved_search_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_job_alert_{column}"), ondelete="CASCADE"
            )
            for column, table in (
                ("user_id", "app_user"),
                ("saved_search_id", "saved_search"),
                ("job_id", "job"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_alert")),
        sa.UniqueConstraint("public_id", name=op.f("uq_job_alert_public_id")),
        sa.UniqueConstraint("user_id", "job_id", name=op.f("uq_job_alert_user_id_job_id")),
    )
    op.create_index("ix_job_alert_user_id_id", "job_alert", ["user_id", sa.literal_column("id DESC")])
    op.create_index("ix_job_alert_created_at", "job_alert", ["created_at"])
    for column in ("job_id", "saved_search_id"):
        op.create_index(op.f(f"ix_job_alert_{column}"), "job_alert", [column])


def downgrade() -> None:
    for table, triggers in TRIGGERS.items():
        for trigger in triggers:
            op.execute(f"DROP TRIGGER {trigger.split()[0]} ON {table}")
    for name in NAMES:
        op.execute(f"DROP FUNCTION {name}")
    for table in ("job_alert", "saved_search", "alert_candidate", "search_change", "search_index"):
        op.drop_table(table)
