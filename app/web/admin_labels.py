"""How the values of moderation read on the staff pages."""

from __future__ import annotations

from datetime import UTC, datetime

from app.admin.schemas import Action
from app.job.states import Status

#: Status -> (sign, word): the word alone would do, the sign makes a long list quicker to read.
STATUSES: dict[Status, tuple[str, str]] = {
    "draft": ("○", "Draft"),
    "active": ("●", "Active"),
    "paused": ("◐", "Paused"),
    "closed": ("■", "Closed"),
    "expired": ("◷", "Expired"),
    "removed": ("✕", "Removed"),
}
ACTIONS: dict[Action, str] = {
    "feature": "Feature",
    "unfeature": "Stop featuring",
    "activate": "Activate",
    "pause": "Pause",
    "close": "Close",
    "expire": "Mark as expired",
    "remove": "Remove",
    "restore": "Restore",
}
#: What an action makes of a posting, as the question before it and the notice after it say.
DONE: dict[Action, str] = {
    "feature": "featured",
    "unfeature": "no longer featured",
    "activate": "activated",
    "pause": "paused",
    "close": "closed",
    "expire": "marked as expired",
    "remove": "removed",
    "restore": "restored, and closed until its employer reopens it",
}
#: Why an action is asked about once more.
MEANINGS: dict[Action, str] = {
    "close": "Seekers can no longer find it or apply. The employer may reopen it.",
    "expire": "Seekers can no longer find it or apply. The employer may reopen it with a later date.",
    "remove": "It stays removed, whatever the employer or an import says, until staff restore it.",
    "restore": "The removal is taken back: closed at first, until the employer reopens it.",
}
MEANINGS_OF_MANY: dict[Action, str] = {
    "close": "Seekers can no longer find them or apply. Their employers may reopen them.",
    "expire": "Seekers can no longer find them or apply. Their employers may reopen them with a later date.",
    "remove": "They stay removed, whatever their employers or an import say, until staff restore them.",
    "restore": "The removals are taken back: closed at first, until their employers reopen them.",
}
ENTRIES = {
    "job.create": "Posting created",
    "job.edit": "Posting edited",
    "job.feature": "Posting featured",
    "job.unfeature": "Posting no longer featured",
    "job.activate": "Posting activated",
    "job.pause": "Posting paused",
    "job.close": "Posting closed",
    "job.expire": "Posting marked as expired",
    "job.remove": "Posting removed",
    "job.restore": "Posting restored",
    "user.activate": "Account activated",
    "user.deactivate": "Account deactivated",
}
HEALTH = {"healthy": "Everything works", "degraded": "Works with less", "unhealthy": "Does not work"}
STATES = {"ok": "Works", "down": "Not reachable", "no worker": "No worker runs", "delayed": "Tasks wait"}


def status(value: str) -> str:
    """ "● Active"; a status that is newer than this file reads as it is stored."""
    return " ".join(STATUSES[value]) if value in STATUSES else value


def state(value: str) -> str:
    return ("✓ " if value == "ok" else "! ") + STATES.get(value, value)


def moment(value: datetime) -> str:
    """ "14 Mar 2030, 10:05 UTC"."""
    there = value.astimezone(UTC)
    return f"{there.day} {there:%b %Y, %H:%M} UTC"


def remarks(detail: dict[str, object]) -> list[str]:
    """What an entry of the audit log says beside its action, a line each."""
    rest = dict(detail)
    before, after = str(rest.pop("before", "")), str(rest.pop("after", ""))
    lines = [f"{status(before)} → {status(after)}"] if before != after else []
    fields, reason = rest.pop("fields", None), rest.pop("reason", "")
    if isinstance(fields, list):
        lines.append("Changed: " + ", ".join(str(name).replace("_", " ") for name in fields))
    lines += [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in rest.items()]
    return [*lines, f"“{reason}”"] if reason else lines
