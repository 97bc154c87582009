"""The life of a posting: which status may follow which, and who may say so.

The database refuses every other change (trigger `status_transition`); a test holds the two together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from app.errors import ConflictError, InvalidInputError
from app.orm import Job
from app.orm.job import FINAL_STATUSES

Status = Literal["draft", "active", "paused", "closed", "expired", "removed"]
Actor = Literal["employer", "staff", "clock"]

TRANSITIONS: dict[Status, frozenset[Status]] = {
    "draft": frozenset({"active", "closed", "removed"}),
    "active": frozenset({"paused", "closed", "expired", "removed"}),
    "paused": frozenset({"active", "closed", "expired", "removed"}),
    "closed": frozenset({"active", "removed"}),
    "expired": frozenset({"active", "closed", "removed"}),
    "removed": frozenset({"closed"}),
}
#: What an actor may bring about. Removing and undoing it is moderation; only time makes a posting expire,
#: unless staff says that it has.
MAY_SET: dict[Actor, frozenset[Status]] = {
    "employer": frozenset({"active", "paused", "closed"}),
    "staff": frozenset({"active", "paused", "closed", "expired", "removed"}),
    "clock": frozenset({"expired"}),
}


def may_become(old: Status, new: Status, actor: Actor) -> bool:
    if new not in MAY_SET[actor] or new not in TRANSITIONS[old]:
        return False
    return old != "removed" or actor == "staff"


def transition(job: Job, new: Status, actor: Actor, now: datetime) -> bool:
    """Sets the status and what depends on it; False if the posting has that status already.

    Raises ConflictError for a change that is not allowed, InvalidInputError for bringing back a posting
    whose time is over.
    """
    old: Status = job.status  # type: ignore[assignment]  # the database's CHECK says so
    if old == new:
        return False
    if not may_become(old, new, actor):
        raise ConflictError(f"a posting cannot go from {old} to {new}")
    if new == "active" and job.expires_at is not None and job.expires_at <= now:
        raise InvalidInputError("expires_at is over: set a later one", pointer="/body/expires_at")
    job.status = new
    if new == "active":
        if old == "draft":
            job.posted_at = now
        job.last_verified = now
    job.closed_at = _ended(job, old, new, now)
    if new in FINAL_STATUSES:
        job.is_featured = False
    return True


def _ended(job: Job, old: Status, new: Status, now: datetime) -> datetime | None:
    """A posting that had ended before ended then; one that expired, when its time was over."""
    if new not in FINAL_STATUSES:
        return None
    if old in FINAL_STATUSES:
        return job.closed_at
    if new == "expired" and job.expires_at is not None:
        return min(job.expires_at, now)
    return now
