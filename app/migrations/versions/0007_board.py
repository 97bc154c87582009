"""The job board: fields, states, counters, limits and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.board_rules import APPEND_ONLY, LIMITS, STATES

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JOB_CHECKS = {
    "title_length": "char_length(title) <= 200",
    "requirements_length": "char_length(requirements) <= 60000",
    "benefits_length": "char_length(benefits) <= 60000",
    "application_instructions_length": "char_length(application_instructions) <= 60000",
    "external_application_url_length": "char_length(external_application_url) <= 5000",
    "application_limit_positive": "application_limit > 0",
}
OLD_STATUSES = "status IN ('submitted', 'external', 'withdrawn', 'rejected', 'interview', 'offer')"
NEW_STATUSES = "status IN ('applied', 'in_review', 'interview', 'offer', 'rejected', 'withdrawn')"


def upgrade() -> None:
    _taxonomy()
    _job()
    _beside_the_posting()
    _job_application()
    _limits()
    _audit()
    for statement in (*STATES, *LIMITS, *APPEND_ONLY):
        op.execute(statement)


def _taxonomy() -> None:
    op.create_table(
        "taxonomy_load",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_taxonomy_load")),
    )
    op.create_table(
        "location",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.Column("city_key", sa.Text(), server_default="", nullable=False),
        sa.Column("region", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("population", sa.BigInteger(), nullable=True),
        sa.Column("geoname_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_location_country_iso")),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_location_coordinates_together")),
        sa.CheckConstraint("char_length(label) <= 300", name=op.f("ck_location_label_length")),
        sa.CheckConstraint(
            "lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180",
            name=op.f("ck_location_coordinates_on_earth"),
        ),
        sa.CheckConstraint("population >= 0", name=op.f("ck_location_population_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint(
            "country", "region", "city_key", name=op.f("uq_location_country_region_city_key")
        ),
    )
    op.create_table(
        "skill_term",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("taxonomy_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("label_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alias_keys", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint(
            "kind IN ('skill', 'knowledge', 'technology', 'other')", name=op.f("ck_skill_term_kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill_term")),
        sa.UniqueConstraint("taxonomy_id", name=op.f("uq_skill_term_taxonomy_id")),
    )
    op.create_index(
        "ix_skill_term_alias_keys", "skill_term", ["alias_keys"], unique=False, postgresql_using="gin"
    )
    op.create_index("ix_skill_term_label_key", "skill_term", ["label_key"], unique=False)
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_tag_slug_shape")),
        sa.CheckConstraint("char_length(name) <= 60", name=op.f("ck_tag_name_length")),
        sa.CheckConstraint("char_length(slug) <= 60", name=op.f("ck_tag_slug_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("slug", name=op.f("uq_tag_slug")),
    )
    op.create_table(
        "job_tag",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_tag_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_job_tag_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "tag_id", name=op.f("pk_job_tag")),
    )
    op.create_index(op.f("ix_job_tag_tag_id"), "job_tag", ["tag_id"], unique=False)


def _job() -> None:
    op.add_column("job", sa.Column("location_id", sa.BigInteger(), nullable=True))
    op.add_column("job", sa.Column("application_limit", sa.Integer(), nullable=True))
    op.add_column("job", sa.Column("annotated_hash", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("simhash", sa.BigInteger(), nullable=True))
    op.add_column(
        "job",
        sa.Column("first_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.execute("UPDATE job SET first_seen = created_at")
    op.create_foreign_key(
        op.f("fk_job_location_id"), "job", "location", ["location_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(op.f("ix_job_location_id"), "job", ["location_id"])
    op.create_index(
        "ix_job_expires_at", "job", ["expires_at"], postgresql_where=sa.text("status IN ('active', 'paused')")
    )
    op.create_index(
        "ix_job_not_annotated",
        "job",
        ["id"],
        postgresql_where=sa.text("annotated_hash IS DISTINCT FROM content_hash"),
    )
    op.drop_constraint(op.f("ck_job_title_length"), "job")
    for name, condition in JOB_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_job_{name}"), "job", condition)


def _beside_the_posting() -> None:
    op.create_table(
        "skill_requirement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("term_id", sa.BigInteger(), nullable=True),
        sa.Column("importance", sa.Text(), server_default="must", nullable=False),
        sa.Column("years", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("source", sa.Text(), server_default="employer", nullable=False),
        sa.CheckConstraint(
            "importance IN ('must', 'nice')", name=op.f("ck_skill_requirement_importance_known")
        ),
        sa.CheckConstraint(
            "name <> '' AND char_length(name) <= 100", name=op.f("ck_skill_requirement_name_length")
        ),
        sa.CheckConstraint(
            "source IN ('employer', 'parsed', 'predicted')", name=op.f("ck_skill_requirement_source_known")
        ),
        sa.CheckConstraint("years BETWEEN 0 AND 50", name=op.f("ck_skill_requirement_years_plausible")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_skill_requirement_job_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["term_id"], ["skill_term.id"], name=op.f("fk_skill_requirement_term_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill_requirement")),
        sa.UniqueConstraint("job_id", "name_key", name=op.f("uq_skill_requirement_job_id_name_key")),
    )
    op.create_index(op.f("ix_skill_requirement_term_id"), "skill_requirement", ["term_id"], unique=False)
    op.create_table(
        "job_summary",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "summary <> '' AND char_length(summary) <= 4000", name=op.f("ck_job_summary_summary_length")
        ),
        sa.CheckConstraint(
            "char_length(model_version) <= 200", name=op.f("ck_job_summary_model_version_length")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_job_summary_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_summary")),
        sa.UniqueConstraint("job_id", "model_version", name=op.f("uq_job_summary_job_id_model_version")),
    )
    op.create_table(
        "match_score",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("bundle_version", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "char_length(bundle_version) <= 200", name=op.f("ck_match_score_bundle_version_length")
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_match_score_score_probability")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_match_score_job_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_match_score_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_score")),
        sa.UniqueConstraint(
            "user_id", "job_id", "bundle_version", name=op.f("uq_match_score_user_id_job_id_bundle_version")
        ),
    )
    op.create_index(op.f("ix_match_score_job_id"), "match_score", ["job_id"], unique=False)
    op.create_table(
        "job_view",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("visitor", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(user_id, visitor) = 1", name=op.f("ck_job_view_one_viewer")),
        sa.CheckConstraint("octet_length(visitor) = 16", name=op.f("ck_job_view_visitor_length")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_view_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_job_view_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_view")),
        sa.UniqueConstraint("job_id", "day", "user_id", name=op.f("uq_job_view_job_id_day_user_id")),
        sa.UniqueConstraint("job_id", "day", "visitor", name=op.f("uq_job_view_job_id_day_visitor")),
    )
    op.create_index(
        "ix_job_view_user_id_recorded_at",
        "job_view",
        ["user_id", sa.literal_column("recorded_at DESC")],
        unique=False,
    )
    op.create_table(
        "job_counter",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("view_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("save_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("application_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("taken", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "view_count >= 0 AND save_count >= 0 AND application_count >= 0 AND taken >= 0",
            name=op.f("ck_job_counter_counts_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_job_counter_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_counter")),
    )
    op.create_table(
        "rollup_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("read_to", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("horizon", sa.BigInteger(), nullable=False),
        sa.Column("horizon_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rollup_state")),
    )
    for log in ("event", "job_view", "impression"):  # nobody is writing them while tables are altered
        op.execute(
            f"INSERT INTO rollup_state SELECT '{log}', 0, 0, coalesce(max(id), 0), now() - interval '1 day' "  # noqa: S608
            f"FROM {log}"
        )


def _job_application() -> None:
    table = "job_application"
    for column in (
        sa.Column("is_external", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("answers", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("employer_notes", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column(table, column)
    op.drop_constraint(op.f("ck_job_application_status_known"), table)
    op.execute("UPDATE job_application SET is_external = true WHERE status = 'external'")
    op.execute("UPDATE job_application SET status = 'applied' WHERE status IN ('submitted', 'external')")
    op.alter_column(table, "status", server_default="applied")
    for name, condition in {
        "status_known": NEW_STATUSES,
        "notes_length": "char_length(notes) <= 5000",
        "employer_notes_length": "char_length(employer_notes) <= 5000",
        "answers_list": "jsonb_typeof(answers) = 'array'",
        "answers_length": "octet_length(answers::text) <= 200000",
    }.items():
        op.create_check_constraint(op.f(f"ck_job_application_{name}"), table, condition)
    op.create_table(
        "application_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("actor IN ('seeker', 'employer')", name=op.f("ck_application_change_actor_known")),
        sa.CheckConstraint(
            "status IN ('applied', 'in_review', 'interview', 'offer', 'rejected', 'withdrawn')",
            name=op.f("ck_application_change_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["job_application.id"],
            name=op.f("fk_application_change_application_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_change")),
    )
    op.create_index(
        "ix_application_change_application_id_id",
        "application_change",
        ["application_id", "id"],
        unique=False,
    )
    op.execute(
        "INSERT INTO application_change (application_id, status, actor, at) "
        "SELECT id, status, 'seeker', updated_at FROM job_application"
    )


def _limits() -> None:
    op.create_table(
        "seeker_quota",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("saved_jobs", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("applied", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=True),
        sa.CheckConstraint("saved_jobs >= 0 AND applied >= 0", name=op.f("ck_seeker_quota_used_positive")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_seeker_quota_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_seeker_quota")),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(key) <= 200", name=op.f("ck_idempotency_record_key_length")),
        sa.CheckConstraint(
            "octet_length(fingerprint) = 32", name=op.f("ck_idempotency_record_fingerprint_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_idempotency_record_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_record")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_idempotency_record_user_id_key")),
    )
    op.create_index("ix_idempotency_record_created_at", "idempotency_record", ["created_at"], unique=False)
    op.create_table(
        "seeker_visit",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_seeker_visit_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_seeker_visit")),
    )


def _audit() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_type", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(previous_hash) = 32", name=op.f("ck_audit_log_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_log_previous_hash")),
    )
    op.create_index("ix_audit_log_target", "audit_log", ["target_type", "target_id"], unique=False)


def downgrade() -> None:
    for table, trigger in (
        ("job", "status_transition"),
        ("saved_job", "return_saved"),
        ("job_application", "return_taken"),
        ("job_application", "return_withdrawn"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in (
        "check_job_status()",
        "job_status_may_change(text, text)",
        "return_saved()",
        "return_taken()",
    ):
        op.execute(f"DROP FUNCTION {function}")
    for table in (
        "audit_log",
        "seeker_visit",
        "idempotency_record",
        "seeker_quota",
        "application_change",
        "rollup_state",
        "job_counter",
        "job_view",
        "match_score",
        "job_summary",
        "skill_requirement",
        "job_tag",
    ):
        op.drop_table(table)
    _old_application()
    _old_job()
    for table in ("tag", "skill_term", "location", "taxonomy_load"):
        op.drop_table(table)


def _old_application() -> None:
    op.drop_constraint(op.f("ck_job_application_status_known"), "job_application")
    op.execute(
        "UPDATE job_application SET status = CASE WHEN is_external THEN 'external' ELSE 'submitted' END "
        "WHERE status IN ('applied', 'in_review')"
    )
    op.create_check_constraint(op.f("ck_job_application_status_known"), "job_application", OLD_STATUSES)
    op.alter_column("job_application", "status", server_default="submitted")
    for column in ("is_external", "answers", "notes", "employer_notes"):
        op.drop_column("job_application", column)


def _old_job() -> None:
    for name in JOB_CHECKS:
        op.drop_constraint(op.f(f"ck_job_{name}"), "job")
    op.create_check_constraint(op.f("ck_job_title_length"), "job", "char_length(title) <= 300")
    op.drop_index("ix_job_not_annotated", "job")
    op.drop_index("ix_job_expires_at", "job")
    for column in ("location_id", "application_limit", "annotated_hash", "simhash", "first_seen"):
        op.drop_column("job", column)
