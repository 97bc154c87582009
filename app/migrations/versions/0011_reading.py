"""What is read out of postings: facts, summaries with their sources, batches of summaries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "job_summary",
        sa.Column("sentences", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
    )
    op.create_table(
        "job_facts",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("char_length(reader) <= 200", name=op.f("ck_job_facts_reader_length")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_job_facts_job_id_job"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_facts")),
    )
    _create_batches()


def _create_batches() -> None:
    op.create_table(
        "summary_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_summary_batch_user_id_app_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_batch")),
        sa.UniqueConstraint("public_id", name=op.f("uq_summary_batch_public_id")),
    )
    op.create_index("ix_summary_batch_user_id", "summary_batch", ["user_id"])
    op.create_table(
        "summary_item",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'done', 'failed')", name=op.f("ck_summary_item_status_known")
        ),
        sa.CheckConstraint(
            "(status = 'failed') = (error <> '')", name=op.f("ck_summary_item_failures_say_why")
        ),
        sa.CheckConstraint("char_length(error) <= 200", name=op.f("ck_summary_item_error_length")),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["summary_batch.id"],
            name=op.f("fk_summary_item_batch_id_summary_batch"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_summary_item_job_id_job"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "job_id", name=op.f("pk_summary_item")),
    )
    op.create_index(op.f("ix_summary_item_job_id"), "summary_item", ["job_id"])
    op.create_index(
        "ix_summary_item_pending",
        "summary_item",
        ["batch_id"],
        postgresql_where=sa.text("status = 'pending'"),
    )


def downgrade() -> None:
    op.drop_table("summary_item")
    op.drop_table("summary_batch")
    op.drop_table("job_facts")
    op.drop_column("job_summary", "sentences")
