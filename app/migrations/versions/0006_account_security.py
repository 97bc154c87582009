"""Accounts people trust: confirmed addresses, second factors, the mail outbox, export and erasure;
and every field of a profile with its constraints.

Accounts from before addresses were confirmed count as confirmed.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LONGEST_TEXT = """
CREATE FUNCTION longest_text(text[]) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(max(char_length(item)), 0) FROM unnest($1) item
$$
"""
INTERVALS = "salary_interval IN ('year', 'month', 'week', 'day', 'hour')"
EDUCATION = (
    "education_level IN ('', 'none', 'high-school', 'vocational', 'associate', 'bachelor', 'master', "
    "'doctorate')"
)
EVIDENCE_SPAN = (
    "(evidence_start IS NULL) = (evidence_end IS NULL) AND evidence_start >= 0 "
    "AND evidence_start < evidence_end"
)
DOCUMENT = "jsonb_typeof({0}) = 'object' AND octet_length({0}::text) <= 4000"
PROFILE_CHECKS = {
    "education_level_known": EDUCATION,
    "salary_interval_known": INTERVALS,
    "phone_number_e164": r"phone_number ~ '^(\+[1-9][0-9]{6,14})?$'",
    "avatar_name": r"avatar ~ '^([0-9a-f]{32}\.jpg)?$'",
    "preferred_locations_size": (
        "cardinality(preferred_locations) <= 20 AND longest_text(preferred_locations) <= 100"
    ),
    "notification_preferences_size": DOCUMENT.format("notification_preferences"),
    "privacy_settings_size": DOCUMENT.format("privacy_settings"),
}
SKILL_CHECKS = {
    "last_used_plausible": "last_used BETWEEN '1950-01-01' AND '2100-01-01'",
    "evidence_span": EVIDENCE_SPAN,
    "evidence_length": "char_length(evidence) <= 300",
    "level_known": "level IN ('', 'beginner', 'intermediate', 'advanced', 'expert')",
}
#: (table, constraint, before, now, what makes old rows fit)
TIGHTENED = (
    (
        "user_profile",
        "location_length",
        "char_length(location) <= 300",
        "char_length(location) <= 100",
        "UPDATE user_profile SET location = left(location, 100) WHERE char_length(location) > 100",
    ),
    (
        "user_profile",
        "experience_plausible",
        "experience_years BETWEEN 0 AND 80",
        "experience_years BETWEEN 0 AND 70",
        "UPDATE user_profile SET experience_years = 70 WHERE experience_years > 70",
    ),
    (
        "user_skill",
        "years_plausible",
        "years BETWEEN 0 AND 80",
        "years BETWEEN 0 AND 70",
        "UPDATE user_skill SET years = 70 WHERE years > 70",
    ),
)


def _moment(name: str, *, nullable: bool = True, now: bool = False) -> sa.Column[datetime]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _document(name: str) -> sa.Column[str]:
    return sa.Column(name, postgresql.JSONB(), server_default="{}", nullable=False)


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _times() -> tuple[sa.Column[datetime], sa.Column[datetime]]:
    return _moment("created_at", nullable=False, now=True), _moment("updated_at", nullable=False, now=True)


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_user_id")
    return sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=name, ondelete="CASCADE")


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    op.execute(LONGEST_TEXT)
    _accounts()
    _profiles()
    _tokens()
    _factors()
    _mail()
    _personal_data()


def _accounts() -> None:
    for name in ("last_active", "email_verified_at"):
        op.add_column("app_user", _moment(name))
    op.execute("UPDATE app_user SET email_verified_at = created_at")
    for name in ("authenticated_at", "last_used_at"):
        op.add_column("auth_session", _moment(name, nullable=False, now=True))
    op.add_column("login_throttle", _text("account"))
    op.create_index("ix_login_throttle_account", "login_throttle", ["account"])


def _profiles() -> None:
    for name, default in (
        ("phone_number", ""),
        ("avatar", ""),
        ("salary_interval", "year"),
        ("education_level", ""),
    ):
        op.add_column("user_profile", _text(name, default))
    for name in ("notification_preferences", "privacy_settings"):
        op.add_column("user_profile", _document(name))
    op.add_column(
        "user_profile",
        sa.Column("profiling_opt_out", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "user_profile",
        sa.Column("preferred_locations", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    for name in ("level", "evidence"):
        op.add_column("user_skill", _text(name))
    op.add_column("user_skill", sa.Column("last_used", sa.Date(), nullable=True))
    for name in ("evidence_start", "evidence_end"):
        op.add_column("user_skill", sa.Column(name, sa.Integer(), nullable=True))
    for table, checks in (("user_profile", PROFILE_CHECKS), ("user_skill", SKILL_CHECKS)):
        for name, condition in checks.items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    for table, name, _, now, fit in TIGHTENED:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.execute(fit)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, now)


def _tokens() -> None:
    op.create_table(
        "account_token",
        _key(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        _moment("expires_at", nullable=False),
        *_times(),
        _check(
            "account_token",
            "purpose_known",
            "purpose IN ('verify-email', 'password-reset', 'second-factor')",
        ),
        _check("account_token", "token_hash_sha256", "octet_length(token_hash) = 32"),
        _of_user("account_token"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_token_token_hash")),
    )
    op.create_index("ix_account_token_user_id", "account_token", ["user_id"])


def _factors() -> None:
    op.create_table(
        "totp_factor",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        _moment("confirmed_at"),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        *_times(),
        _of_user("totp_factor"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp_factor")),
    )
    op.create_table(
        "recovery_code",
        _key(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        _moment("used_at"),
        *_times(),
        _check("recovery_code", "code_hash_sha256", "octet_length(code_hash) = 32"),
        _of_user("recovery_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("user_id", "code_hash", name=op.f("uq_recovery_code_user_id_code_hash")),
    )


def _mail() -> None:
    op.create_table(
        "mail",
        _key(),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        _text("recipient"),
        sa.Column("kind", sa.Text(), nullable=False),
        _document("params"),
        _moment("sent_at"),
        _moment("failed_at"),
        _text("error"),
        *_times(),
        _check("mail", "recipient_length", "char_length(recipient) <= 254"),
        _check("mail", "kind_length", "char_length(kind) <= 50"),
        _check("mail", "error_length", "char_length(error) <= 200"),
        _check("mail", "params_object", "jsonb_typeof(params) = 'object'"),
        _check("mail", "one_outcome", "sent_at IS NULL OR failed_at IS NULL"),
        _of_user("mail"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mail_public_id")),
    )
    op.create_index("ix_mail_user_id", "mail", ["user_id"])
    op.create_index("ix_mail_created_at", "mail", ["created_at"], postgresql_where=sa.text("sent_at IS NULL"))


def _personal_data() -> None:
    op.create_table(
        "data_export",
        _key(),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        _text("status", "queued"),
        _text("file"),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        _moment("ready_at"),
        _moment("expires_at"),
        *_times(),
        _check("data_export", "status_known", "status IN ('queued', 'ready', 'expired')"),
        _check("data_export", "file_when_ready", "(status = 'ready') = (file <> '')"),
        _of_user("data_export"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_export")),
        sa.UniqueConstraint("public_id", name=op.f("uq_data_export_public_id")),
    )
    op.create_index("ix_data_export_user_id", "data_export", ["user_id"])
    op.create_index(
        "uq_data_export_one_queued",
        "data_export",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_table(
        "erasure_receipt",
        _key(),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        _moment("requested_at", nullable=False, now=True),
        _document("stores"),
        sa.Column("files", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("notify", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _moment("completed_at"),
        _check("erasure_receipt", "stores_object", "jsonb_typeof(stores) = 'object'"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_receipt")),
        sa.UniqueConstraint("public_id", name=op.f("uq_erasure_receipt_public_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_erasure_receipt_user_id")),
    )


def downgrade() -> None:
    for table in ("erasure_receipt", "data_export", "mail", "recovery_code", "totp_factor", "account_token"):
        op.drop_table(table)
    for table, name, before, _, _ in TIGHTENED:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, before)
    for table, columns in (
        ("user_skill", ("level", "evidence", "last_used", "evidence_start", "evidence_end")),
        (
            "user_profile",
            (
                *("phone_number", "avatar", "salary_interval", "education_level", "preferred_locations"),
                *("notification_preferences", "privacy_settings", "profiling_opt_out"),
            ),
        ),
        ("auth_session", ("authenticated_at", "last_used_at")),
        ("login_throttle", ("account",)),
        ("app_user", ("last_active", "email_verified_at")),
    ):
        for column in columns:
            op.drop_column(table, column)
    op.execute("DROP FUNCTION longest_text(text[])")
