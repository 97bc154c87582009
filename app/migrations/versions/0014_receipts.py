"""Receipts of scores: signed, and kept for as long as their purpose asks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "score_receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('seeker_guidance', 'candidate_screening', 'research')",
            name=op.f("ck_score_receipt_purpose_known"),
        ),
        sa.CheckConstraint("char_length(release_id) <= 64", name=op.f("ck_score_receipt_release_id_length")),
        sa.CheckConstraint("char_length(key_id) <= 64", name=op.f("ck_score_receipt_key_id_length")),
        sa.CheckConstraint("char_length(signature) <= 100", name=op.f("ck_score_receipt_signature_length")),
        sa.CheckConstraint(
            "char_length(signed) BETWEEN 2 AND 200000", name=op.f("ck_score_receipt_signed_length")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_score_receipt_user_id_app_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_receipt")),
    )
    op.create_index("ix_score_receipt_user_id", "score_receipt", ["user_id", "id"])
    op.create_index("ix_score_receipt_expires_at", "score_receipt", ["expires_at"])


def downgrade() -> None:
    op.drop_table("score_receipt")
