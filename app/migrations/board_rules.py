"""SQL of migration 0007: what triggers of the job board keep true. Frozen with that migration."""

from __future__ import annotations

#: The table of `app.job.states`, frozen; a test holds the two against each other.
TRANSITIONS = {
    "draft": ("active", "closed", "removed"),
    "active": ("paused", "closed", "expired", "removed"),
    "paused": ("active", "closed", "expired", "removed"),
    "closed": ("active", "removed"),
    "expired": ("active", "closed", "removed"),
    "removed": ("closed",),
}
_PAIRS = ", ".join(f"('{old}', '{new}')" for old, news in TRANSITIONS.items() for new in news)
STATES = (
    f"""
CREATE FUNCTION job_status_may_change(old text, new text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (old, new) IN ({_PAIRS}) $$
""",
    """
CREATE FUNCTION check_job_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT job_status_may_change(OLD.status, NEW.status) THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_transition',
      MESSAGE = 'a posting cannot go from ' || OLD.status || ' to ' || NEW.status;
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE TRIGGER status_transition BEFORE UPDATE OF status ON job FOR EACH ROW
WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION check_job_status()
""",
)
# What an application or a saved posting used of a limit comes back with it, also when a row goes by cascade.
LIMITS = (
    """
CREATE FUNCTION return_saved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE seeker_quota SET saved_jobs = greatest(saved_jobs - 1, 0) WHERE user_id = OLD.user_id;
  RETURN NULL;
END $$
""",
    "CREATE TRIGGER return_saved AFTER DELETE ON saved_job FOR EACH ROW EXECUTE FUNCTION return_saved()",
    """
CREATE FUNCTION return_taken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE job_counter SET taken = greatest(taken - 1, 0) WHERE job_id = OLD.job_id;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER return_taken AFTER DELETE ON job_application FOR EACH ROW
WHEN (OLD.status <> 'withdrawn') EXECUTE FUNCTION return_taken()
""",
    """
CREATE TRIGGER return_withdrawn AFTER UPDATE OF status ON job_application FOR EACH ROW
WHEN (OLD.status <> 'withdrawn' AND NEW.status = 'withdrawn') EXECUTE FUNCTION return_taken()
""",
    """
INSERT INTO seeker_quota (user_id, saved_jobs) SELECT user_id, count(*) FROM saved_job GROUP BY user_id
""",
    (
        "INSERT INTO job_counter (job_id, taken) SELECT job_id, count(*) FROM job_application "
        "WHERE status <> 'withdrawn' GROUP BY job_id"
    ),
)
APPEND_ONLY = (
    "CREATE TRIGGER append_only BEFORE UPDATE ON job_view FOR EACH ROW EXECUTE FUNCTION refuse_update()",
    (
        "CREATE TRIGGER append_only BEFORE UPDATE ON application_change "
        "FOR EACH ROW EXECUTE FUNCTION refuse_update()"
    ),
    (
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log "
        "FOR EACH ROW EXECUTE FUNCTION refuse_update()"
    ),
    (
        "CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_update()"
    ),
)
