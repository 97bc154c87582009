"""Postings, what people did with them and what they were shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ANNUAL = (
    "{0} * CASE salary_interval WHEN 'hour' THEN 2080 WHEN 'day' THEN 260 WHEN 'week' THEN 52 "
    "WHEN 'month' THEN 12 ELSE 1 END"
)
SEARCH = (
    "setweight(to_tsvector('english', title), 'A') || "
    "setweight(to_tsvector('english', array_to_text(skills)), 'B') || "
    "setweight(to_tsvector('english', left(description, 100000)), 'D')"
)


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("requirements", sa.Text(), server_default="", nullable=False),
        sa.Column("benefits", sa.Text(), server_default="", nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("location", sa.Text(), server_default="", nullable=False),
        sa.Column("job_type", sa.Text(), server_default="", nullable=False),
        sa.Column("remote_option", sa.Text(), server_default="unspecified", nullable=False),
        sa.Column("salary_min", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("salary_max", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("salary_currency", sa.Text(), server_default="", nullable=False),
        sa.Column("salary_interval", sa.Text(), server_default="year", nullable=False),
        sa.Column("salary_source", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "annual_salary_min",
            sa.Numeric(precision=16, scale=2),
            sa.Computed(ANNUAL.format("salary_min"), persisted=True),
            nullable=True,
        ),
        sa.Column(
            "annual_salary_max",
            sa.Numeric(precision=16, scale=2),
            sa.Computed(ANNUAL.format("salary_max"), persisted=True),
            nullable=True,
        ),
        sa.Column("external_application_url", sa.Text(), server_default="", nullable=False),
        sa.Column("application_instructions", sa.Text(), server_default="", nullable=False),
        sa.Column("application_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), server_default="employer", nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("is_featured", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_verified", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "skill_keys",
            postgresql.ARRAY(sa.Text()),
            sa.Computed("fold_texts(skills)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "search_vector",
            postgresql.TSVECTOR(),
            sa.Computed(SEARCH, persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status IN ('closed', 'expired', 'removed')) = (closed_at IS NOT NULL)",
            name=op.f("ck_job_closed_at_set"),
        ),
        sa.CheckConstraint(
            "external_application_url ~ '^(https://.+)?$'", name=op.f("ck_job_apply_url_https")
        ),
        sa.CheckConstraint(
            "job_type IN ('full-time', 'part-time', 'contract', 'internship', 'temporary', 'other', '')",
            name=op.f("ck_job_job_type_known"),
        ),
        sa.CheckConstraint(
            "remote_option IN ('on-site', 'hybrid', 'remote', 'unspecified')",
            name=op.f("ck_job_remote_option_known"),
        ),
        sa.CheckConstraint("salary_currency ~ '^([A-Z]{3})?$'", name=op.f("ck_job_salary_currency_iso")),
        sa.CheckConstraint(
            "salary_interval IN ('year', 'month', 'week', 'day', 'hour')",
            name=op.f("ck_job_salary_interval_known"),
        ),
        sa.CheckConstraint(
            "salary_source IN ('employer', 'parsed', 'predicted', '')",
            name=op.f("ck_job_salary_source_known"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'active', 'paused', 'closed', 'expired', 'removed')",
            name=op.f("ck_job_status_known"),
        ),
        sa.CheckConstraint("title <> ''", name=op.f("ck_job_title_present")),
        sa.CheckConstraint("cardinality(skills) <= 200", name=op.f("ck_job_skills_count")),
        sa.CheckConstraint("char_length(description) <= 200000", name=op.f("ck_job_description_length")),
        sa.CheckConstraint("char_length(external_id) <= 300", name=op.f("ck_job_external_id_length")),
        sa.CheckConstraint("char_length(location) <= 300", name=op.f("ck_job_location_length")),
        sa.CheckConstraint("char_length(title) <= 300", name=op.f("ck_job_title_length")),
        sa.CheckConstraint("salary_min <= salary_max", name=op.f("ck_job_salary_ordered")),
        sa.CheckConstraint("salary_min >= 0 AND salary_max >= 0", name=op.f("ck_job_salary_positive")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_job_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("public_id", name=op.f("uq_job_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_job_slug")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_job_source_external_id")),
    )
    op.create_index(
        "ix_job_active_posted_at",
        "job",
        [sa.literal_column("posted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(op.f("ix_job_company_id"), "job", ["company_id"], unique=False)
    op.create_index("ix_job_search_vector", "job", ["search_vector"], unique=False, postgresql_using="gin")
    op.create_index("ix_job_skill_keys", "job", ["skill_keys"], unique=False, postgresql_using="gin")
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), server_default="api", nullable=False),
        sa.CheckConstraint(
            "kind IN ('view', 'click', 'save', 'unsave', 'apply', 'dismiss')",
            name=op.f("ck_event_kind_known"),
        ),
        sa.CheckConstraint("source IN ('api', 'import')", name=op.f("ck_event_source_known")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_event_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_event_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_event_id")),
    )
    op.create_index(op.f("ix_event_job_id"), "event", ["job_id"], unique=False)
    op.create_index("ix_event_user_id_at", "event", ["user_id", sa.literal_column("at DESC")], unique=False)
    op.create_table(
        "impression",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(release_id) <= 200", name=op.f("ck_impression_release_id_length")),
        sa.CheckConstraint(
            "propensity > 0 AND propensity <= 1", name=op.f("ck_impression_propensity_probability")
        ),
        sa.CheckConstraint("rank >= 1", name=op.f("ck_impression_rank_positive")),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_impression_score_probability")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_impression_job_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_impression_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_impression")),
        sa.UniqueConstraint("request_id", "job_id", name=op.f("uq_impression_request_id_job_id")),
        sa.UniqueConstraint("request_id", "rank", name=op.f("uq_impression_request_id_rank")),
    )
    op.create_index(op.f("ix_impression_job_id"), "impression", ["job_id"], unique=False)
    op.create_index(
        "ix_impression_user_id_at", "impression", ["user_id", sa.literal_column("at DESC")], unique=False
    )
    op.create_table(
        "job_application",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="submitted", nullable=False),
        sa.Column("cover_letter", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('submitted', 'external', 'withdrawn', 'rejected', 'interview', 'offer')",
            name=op.f("ck_job_application_status_known"),
        ),
        sa.CheckConstraint(
            "char_length(cover_letter) <= 10000", name=op.f("ck_job_application_cover_letter_length")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_job_application_job_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_job_application_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_application")),
        sa.UniqueConstraint("public_id", name=op.f("uq_job_application_public_id")),
        sa.UniqueConstraint("user_id", "job_id", name=op.f("uq_job_application_user_id_job_id")),
    )
    op.create_index(op.f("ix_job_application_job_id"), "job_application", ["job_id"], unique=False)
    op.create_table(
        "saved_job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_saved_job_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_saved_job_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_job")),
        sa.UniqueConstraint("user_id", "job_id", name=op.f("uq_saved_job_user_id_job_id")),
    )
    op.create_index(op.f("ix_saved_job_job_id"), "saved_job", ["job_id"], unique=False)


def downgrade() -> None:
    op.drop_table("saved_job")
    op.drop_table("job_application")
    op.drop_table("impression")
    op.drop_table("event")
    op.drop_table("job")
