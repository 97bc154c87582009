"""Changes a person can make to what they show. Nothing protected and nothing past can be edited: there is no
edit of age, name, gap, school or place of birth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from features.demands import DEGREES, Demand
from features.records import UserRecord

EditKind = Literal["add_skill", "years", "degree", "certificate", "language"]
Effort = Literal["none", "days", "weeks", "months", "years"]

#: How a degree is written into a resume, by DEGREES.
_DEGREE_WORDS = (
    "High school diploma",
    "Associate degree",
    "Bachelor's degree",
    "Master's degree",
    "Doctorate",
)
#: Learning a named tool takes weeks, a field of knowledge months (an orientation, not a measurement).
_SKILL_EFFORT: dict[str, Effort] = {"technology": "weeks", "knowledge": "months", "skill": "months"}


@dataclass(frozen=True, slots=True)
class Edit:
    """`value` is the name of what is added, or the new number of years."""

    kind: EditKind
    value: str


def edit_for(demand: Demand, skill_label: str) -> Edit:
    """The change that would meet a demand. `skill_label` names the demand's skill, if it is one."""
    if demand.kind == "skill":
        return Edit("add_skill", skill_label)
    if demand.kind == "years":
        return Edit("years", str(demand.key))
    if demand.kind == "degree":
        return Edit("degree", DEGREES[demand.key])
    return Edit("certificate" if demand.kind == "certificate" else "language", demand.text)


def effort(edit: Edit, skill_type: str = "") -> Effort:
    if edit.kind in ("years", "degree"):
        return "years"
    if edit.kind == "add_skill":
        return _SKILL_EFFORT.get(skill_type, "months")
    return "months"


def applied(user: UserRecord, edit: Edit) -> UserRecord:
    """The person after the change. Raises ValueError if the new number of years is none."""
    if edit.kind == "years":
        return replace(user, experience_years=max(float(edit.value), user.experience_years or 0.0))
    if edit.kind == "degree":
        words = _DEGREE_WORDS[DEGREES.index(edit.value)]
        return replace(user, resume_text=f"{user.resume_text}\n{words}".strip())
    return replace(user, skills=(*user.skills, edit.value))
