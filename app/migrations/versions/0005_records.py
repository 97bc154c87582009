"""Records: the one definition of what the ML side sees of a posting, a seeker and an interaction.

`job_record` and `user_record` feed both the documents sent to the serving layer and the training
snapshots, so the two cannot drift apart. Schema `snapshot` is what `features/snapshot.py` reads:
it leaves out drafts and everyone who opted out of training.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JOB_RECORD = """
CREATE VIEW job_record AS
SELECT j.id AS job_id,
       j.title,
       c.name AS company,
       left(
         concat_ws(E'\\n\\n', nullif(j.description, ''), nullif(j.requirements, ''), nullif(j.benefits, '')),
         60000
       ) AS description,
       j.skills,
       j.location,
       j.remote_option AS remote,
       j.job_type,
       j.annual_salary_min::float8 AS salary_min,
       j.annual_salary_max::float8 AS salary_max,
       j.salary_currency AS currency,
       j.posted_at,
       j.status,
       j.closed_at,
       j.created_at,
       j.updated_at
FROM job j JOIN company c ON c.id = j.company_id
"""

USER_RECORD = """
CREATE VIEW user_record AS
SELECT u.id AS user_id,
       p.desired_title,
       p.resume_text,
       coalesce(
         (SELECT array_agg(s.name ORDER BY s.id) FROM user_skill s WHERE s.user_id = u.id), '{}'
       ) AS skills,
       p.location,
       p.remote,
       p.experience_years::float8 AS experience_years,
       p.salary_min::float8 AS salary_min,
       u.created_at,
       greatest(u.updated_at, p.updated_at) AS updated_at,
       p.training_opt_out
FROM app_user u JOIN user_profile p ON p.user_id = u.id
"""

SNAPSHOT_USERS = """
CREATE VIEW snapshot.users AS
SELECT user_id, desired_title, resume_text, skills, location, remote, experience_years, salary_min,
       created_at, updated_at
FROM user_record WHERE NOT training_opt_out
"""

SNAPSHOT_EVENTS = """
CREATE VIEW snapshot.events AS
SELECT e.user_id, e.job_id, CASE e.kind WHEN 'click' THEN 'view' ELSE e.kind END AS kind, e.at,
       NULL::int AS rank, NULL::float8 AS score, NULL::float8 AS propensity, NULL::text AS release_id,
       e.received_at AS created_at, e.received_at AS updated_at
FROM event e JOIN user_profile p ON p.user_id = e.user_id
WHERE NOT p.training_opt_out AND e.kind IN ('view', 'click', 'save', 'apply', 'dismiss')
UNION ALL
SELECT i.user_id, i.job_id, 'impression', i.at, i.rank, i.score, i.propensity, i.release_id, i.at, i.at
FROM impression i JOIN user_profile p ON p.user_id = i.user_id
WHERE NOT p.training_opt_out
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'restrict_violation';
END $$
"""
APPEND_ONLY_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_update()
"""


def upgrade() -> None:
    for statement in (
        JOB_RECORD,
        USER_RECORD,
        "CREATE SCHEMA snapshot",
        "CREATE VIEW snapshot.jobs AS SELECT * FROM job_record WHERE status <> 'draft'",
        SNAPSHOT_USERS,
        SNAPSHOT_EVENTS,
        APPEND_ONLY,
        APPEND_ONLY_TRIGGER.format(table="event"),
        APPEND_ONLY_TRIGGER.format(table="impression"),
    ):
        op.execute(statement)


def downgrade() -> None:
    for statement in (
        "DROP TRIGGER append_only ON impression",
        "DROP TRIGGER append_only ON event",
        "DROP FUNCTION refuse_update()",
        "DROP SCHEMA snapshot CASCADE",
        "DROP VIEW user_record",
        "DROP VIEW job_record",
    ):
        op.execute(statement)
