"""Accounts, sessions, profiles and companies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "app_user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_staff", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("terms_version", sa.Text(), server_default="", nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "email = lower(email) AND position('@' in email) > 1", name=op.f("ck_app_user_email_folded")
        ),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("ck_app_user_email_length")),
        sa.CheckConstraint("char_length(full_name) <= 200", name=op.f("ck_app_user_full_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("email", name=op.f("uq_app_user_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_app_user_public_id")),
    )
    op.create_table(
        "company",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("source", sa.Text(), server_default="employer", nullable=False),
        sa.Column("website", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('employer', 'import')", name=op.f("ck_company_source_known")),
        sa.CheckConstraint("char_length(name) <= 300", name=op.f("ck_company_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
        sa.UniqueConstraint("public_id", name=op.f("uq_company_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_company_slug")),
        sa.UniqueConstraint("source", "name_key", name=op.f("uq_company_source_name_key")),
    )
    op.create_table(
        "login_throttle",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_login_throttle_failures_positive")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_throttle")),
    )
    op.create_table(
        "auth_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "end_reason IN ('', 'logout', 'reuse', 'password', 'admin')",
            name=op.f("ck_auth_session_end_reason_known"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_auth_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_session")),
        sa.UniqueConstraint("public_id", name=op.f("uq_auth_session_public_id")),
    )
    op.create_index("ix_auth_session_user_id", "auth_session", ["user_id"], unique=False)
    op.create_table(
        "company_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), server_default="owner", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'recruiter')", name=op.f("ck_company_member_role_known")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_company_member_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_company_member_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_member")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("uq_company_member_company_id_user_id")),
    )
    op.create_index("ix_company_member_user_id", "company_member", ["user_id"], unique=False)
    op.create_table(
        "user_profile",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("desired_title", sa.Text(), server_default="", nullable=False),
        sa.Column("location", sa.Text(), server_default="", nullable=False),
        sa.Column("remote", sa.Text(), server_default="unspecified", nullable=False),
        sa.Column("job_types", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("experience_years", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("salary_min", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("salary_max", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("salary_currency", sa.Text(), server_default="", nullable=False),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column("resume_text", sa.Text(), server_default="", nullable=False),
        sa.Column("training_opt_out", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "job_types <@ ARRAY['full-time', 'part-time', 'contract', 'internship', 'temporary', 'other']",
            name=op.f("ck_user_profile_job_types_known"),
        ),
        sa.CheckConstraint(
            "remote IN ('on-site', 'hybrid', 'remote', 'unspecified')",
            name=op.f("ck_user_profile_remote_known"),
        ),
        sa.CheckConstraint(
            "salary_currency ~ '^([A-Z]{3})?$'", name=op.f("ck_user_profile_salary_currency_iso")
        ),
        sa.CheckConstraint("char_length(bio) <= 500", name=op.f("ck_user_profile_bio_length")),
        sa.CheckConstraint(
            "char_length(desired_title) <= 300", name=op.f("ck_user_profile_desired_title_length")
        ),
        sa.CheckConstraint("char_length(location) <= 300", name=op.f("ck_user_profile_location_length")),
        sa.CheckConstraint(
            "char_length(resume_text) <= 60000", name=op.f("ck_user_profile_resume_text_length")
        ),
        sa.CheckConstraint(
            "experience_years BETWEEN 0 AND 80", name=op.f("ck_user_profile_experience_plausible")
        ),
        sa.CheckConstraint("salary_min <= salary_max", name=op.f("ck_user_profile_salary_ordered")),
        sa.CheckConstraint(
            "salary_min >= 0 AND salary_max >= 0", name=op.f("ck_user_profile_salary_positive")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_user_profile_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_profile")),
    )
    op.create_table(
        "user_skill",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("years", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("source", sa.Text(), server_default="stated", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name <> '' AND char_length(name) <= 100", name=op.f("ck_user_skill_name_length")),
        sa.CheckConstraint(
            "source IN ('stated', 'parsed', 'inferred')", name=op.f("ck_user_skill_source_known")
        ),
        sa.CheckConstraint("name_key = lower(name)", name=op.f("ck_user_skill_name_key_folded")),
        sa.CheckConstraint("years BETWEEN 0 AND 80", name=op.f("ck_user_skill_years_plausible")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_user_skill_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_skill")),
        sa.UniqueConstraint("user_id", "name_key", name=op.f("uq_user_skill_user_id_name_key")),
    )
    op.create_table(
        "refresh_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_refresh_token_token_hash_sha256")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["auth_session.id"], name=op.f("fk_refresh_token_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_refresh_token_token_hash")),
    )
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False)


def downgrade() -> None:
    op.drop_table("refresh_token")
    op.drop_table("user_skill")
    op.drop_table("user_profile")
    op.drop_table("company_member")
    op.drop_table("auth_session")
    op.drop_table("login_throttle")
    op.drop_table("company")
    op.drop_table("app_user")
