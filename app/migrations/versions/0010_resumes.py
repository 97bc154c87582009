"""Resumes, their versions, and what an account downloaded today.

A resume names its current version and a version its resume, so the one reference is added last and checked
when a transaction ends.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _resume()
    _version()
    _quota()
    op.create_foreign_key(
        "fk_resume_current",
        "resume",
        "resume_version",
        ["id", "current"],
        ["resume_id", "number"],
        deferrable=True,
        initially="DEFERRED",
    )


def _resume() -> None:
    op.create_table(
        "resume",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("current", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_resume_name_present")),
        sa.CheckConstraint("char_length(name) <= 100", name=op.f("ck_resume_name_length")),
        sa.CheckConstraint("current > 0", name=op.f("ck_resume_current_positive")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_resume_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_resume_job_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resume")),
        sa.UniqueConstraint("public_id", name=op.f("uq_resume_public_id")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_resume_user_id_name")),
    )
    op.create_index(op.f("ix_resume_job_id"), "resume", ["job_id"], unique=False)
    op.create_index(
        "uq_resume_one_default", "resume", ["user_id"], unique=True, postgresql_where=sa.text("is_default")
    )


def _version() -> None:
    op.create_table(
        "resume_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resume_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "source IN ('typed', 'parsed', 'tailored', 'imported')",
            name=op.f("ck_resume_version_source_known"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_resume_version_number_positive")),
        sa.CheckConstraint(
            "octet_length(content_hash) = 32", name=op.f("ck_resume_version_content_hash_sha256")
        ),
        sa.CheckConstraint(
            "jsonb_typeof(document) = 'object' AND octet_length(document::text) <= 400000",
            name=op.f("ck_resume_version_document_size"),
        ),
        sa.ForeignKeyConstraint(
            ["resume_id"], ["resume.id"], name=op.f("fk_resume_version_resume_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resume_version")),
        sa.UniqueConstraint("resume_id", "number", name=op.f("uq_resume_version_resume_id_number")),
    )


def _quota() -> None:
    op.create_table(
        "resume_quota",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("downloads", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("downloaded_on", sa.Date(), nullable=False),
        sa.CheckConstraint("downloads >= 0", name=op.f("ck_resume_quota_used_positive")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_resume_quota_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_resume_quota")),
    )


def downgrade() -> None:
    op.drop_constraint("fk_resume_current", "resume")
    for table in ("resume_quota", "resume_version", "resume"):
        op.drop_table(table)
