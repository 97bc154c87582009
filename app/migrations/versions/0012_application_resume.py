"""Applications carry the resume that was sent with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job_application", sa.Column("resume", postgresql.JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("ck_job_application_resume_length"), "job_application", "octet_length(resume::text) <= 600000"
    )


def downgrade() -> None:
    op.drop_column("job_application", "resume")
