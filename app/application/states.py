"""The life of an application: which status may follow which, and who may say so."""

from __future__ import annotations

from typing import Literal

from app.errors import ConflictError

Status = Literal["applied", "in_review", "interview", "offer", "rejected", "withdrawn"]
Actor = Literal["seeker", "employer"]

#: What the company may set. A refusal can be taken back; what the seeker withdrew is none of theirs.
EMPLOYER: dict[Status, frozenset[Status]] = {
    "applied": frozenset({"in_review", "interview", "offer", "rejected"}),
    "in_review": frozenset({"interview", "offer", "rejected"}),
    "interview": frozenset({"in_review", "offer", "rejected"}),
    "offer": frozenset({"rejected"}),
    "rejected": frozenset({"in_review"}),
    "withdrawn": frozenset(),
}
SEEKER: dict[Status, frozenset[Status]] = {
    status: frozenset({"withdrawn"} if status not in ("rejected", "withdrawn") else set())
    for status in EMPLOYER
}
#: Where the company takes applications itself, nobody but the seeker can keep track here.
SEEKER_ALONE: dict[Status, frozenset[Status]] = {
    status: frozenset(EMPLOYER.keys() - {status}) if status != "withdrawn" else frozenset()
    for status in EMPLOYER
}


def allowed(old: Status, actor: Actor, *, is_external: bool) -> frozenset[Status]:
    if actor == "employer":
        return frozenset() if is_external else EMPLOYER[old]
    return SEEKER_ALONE[old] if is_external else SEEKER[old]


def check(old: Status, new: Status, actor: Actor, *, is_external: bool) -> None:
    """Raises ConflictError, naming what is possible instead."""
    possible = allowed(old, actor, is_external=is_external)
    if new not in possible:
        instead = ", ".join(sorted(possible)) or "nothing"
        raise ConflictError(f"from {old} you can set: {instead}")
