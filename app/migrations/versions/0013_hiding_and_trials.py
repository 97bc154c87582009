"""Companies and postings that a seeker hides, and resumes tried without an account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hidden_company",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_hidden_company_user_id_app_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_hidden_company_company_id_company"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "company_id", name=op.f("pk_hidden_company")),
    )
    op.create_index(op.f("ix_hidden_company_company_id"), "hidden_company", ["company_id"])
    op.create_table(
        "dismissal",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('', 'field', 'level', 'pay', 'place', 'company', 'known', 'other')",
            name=op.f("ck_dismissal_reason_known"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_dismissal_user_id_app_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_dismissal_job_id_job"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "job_id", name=op.f("pk_dismissal")),
    )
    op.create_index(op.f("ix_dismissal_job_id"), "dismissal", ["job_id"])
    op.create_table(
        "trial",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_trial_token_hash_sha256")),
        sa.CheckConstraint("octet_length(sealed) <= 1000000", name=op.f("ck_trial_sealed_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_trial_token_hash")),
    )
    op.create_index(op.f("ix_trial_expires_at"), "trial", ["expires_at"])


def downgrade() -> None:
    op.drop_table("trial")
    op.drop_table("dismissal")
    op.drop_table("hidden_company")
