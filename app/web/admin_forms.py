"""A posting as the fields of a form, and back; what a moderation form asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast, get_args

from fastapi import Request
from starlette.datastructures import FormData

from app.admin.schemas import Action
from app.admin.service import BECOMES
from app.errors import AppError
from app.job.schemas import NULLABLE, JobDetail, RequirementAnswer
from app.job.states import Status, may_become

ACTIONS: tuple[Action, ...] = get_args(Action)
#: Asked about once more: seekers lose sight of the posting, or a decision of staff is undone.
CONFIRMED = frozenset({"close", "expire", "remove", "restore"})
#: Somebody will want to know why.
WITH_REASON = frozenset({"remove", "restore"})
MAX_REASON = 500
LISTS = ("skills", "tags")
MOMENTS = ("application_deadline", "expires_at")
TEXTS = (
    "title",
    "description",
    "requirements",
    "benefits",
    "location",
    "remote",
    "job_type",
    "external_application_url",
    "application_instructions",
)
WORDS = {
    "title": "A title has 1 to 200 characters.",
    "company": "There is no company of this short name.",
    "description": "A description has 60,000 characters at most.",
    "requirements": "Requirements have 20,000 characters at most.",
    "benefits": "Benefits have 20,000 characters at most.",
    "location": "A place has 300 characters at most.",
    "skills": "At most 100 skills of at most 100 characters each, one a line.",
    "tags": "At most 10 tags of at most 60 characters each, with a letter or digit in them, one a line.",
    "skill_requirements": "At most 50, one a line: a skill, then must or nice, then years (0 to 50).",
    "salary_min": "The salary is a number, without signs or commas.",
    "salary_max": "The salary is a number, without signs or commas.",
    "salary_currency": "A currency has three capital letters, like EUR.",
    "external_application_url": "An address that starts with https.",
    "application_instructions": "Instructions have 2,000 characters at most.",
    "application_deadline": "A date and a time.",
    "expires_at": "A date and a time.",
    "application_limit": "A whole number from 1 to 1,000,000.",
    "": "The lowest salary is above the highest.",
}


@dataclass(frozen=True, slots=True)
class Order:
    """`action` is None for one that does not exist."""

    action: Action | None
    reason: str
    confirmed: bool

    @property
    def problem(self) -> str:
        """What keeps it from being carried out; "" when nothing does."""
        if len(self.reason) > MAX_REASON:
            return f"A reason has {MAX_REASON} characters at most."
        if self.action in WITH_REASON and not self.reason:
            return "Say why: the audit log keeps it."
        return ""

    @property
    def must_ask(self) -> bool:
        return bool(self.problem) or (self.action in CONFIRMED and not self.confirmed)


async def texts(request: Request) -> dict[str, str]:
    """The form's fields, with line ends as they are stored; files that somebody sends are no fields."""
    return _texts(await request.form())


def _texts(form: FormData) -> dict[str, str]:
    return {
        name: value.replace("\r\n", "\n").replace("\r", "\n").strip()
        for name, value in form.items()
        if isinstance(value, str)
    }


def order(sent: Mapping[str, str]) -> Order:
    action = next((known for known in ACTIONS if known == sent.get("action")), None)
    return Order(action, sent.get("reason", ""), sent.get("confirmed") == "yes")


def possible(status: str, *, is_featured: bool) -> list[Action]:
    """What staff can do to a posting in this state."""
    found: list[Action] = []
    if status == "active":
        found.append("unfeature" if is_featured else "feature")
    if status == "removed":
        return [*found, "restore"]
    now = cast("Status", status)
    return found + [action for action, after in BECOMES.items() if may_become(now, after, "staff")]


# -- a posting's fields ------------------------------------------------------------------------------------


def stored(detail: JobDetail) -> dict[str, str]:
    """The posting as the form shows it; times are UTC, to the minute."""
    values = {name: str(getattr(detail, name)).replace("\r\n", "\n").strip() for name in TEXTS}
    values |= {name: "\n".join(getattr(detail, name)) for name in LISTS}
    values |= {name: _moment(getattr(detail, name)) for name in MOMENTS}
    salary = detail.salary
    return values | {
        "skill_requirements": "\n".join(_line(row) for row in detail.skill_requirements),
        "salary_min": _number(salary.min if salary else None),
        "salary_max": _number(salary.max if salary else None),
        "salary_currency": salary.currency if salary else "",
        "salary_interval": salary.interval if salary else "year",
        "application_limit": _number(detail.application_limit),
    }


def blank() -> dict[str, str]:
    names = (*TEXTS, *LISTS, *MOMENTS, "skill_requirements", "application_limit")
    salary = {"salary_min": "", "salary_max": "", "salary_currency": "", "salary_interval": "year"}
    return dict.fromkeys(names, "") | salary | {"remote": "unspecified"}


def changed(before: Mapping[str, str | None], after: Mapping[str, str]) -> dict[str, object]:
    """Only what the form changed, as the API takes it: the log names these fields and no others."""
    return {name: _parsed(name, after[name]) for name, old in before.items() if after[name] != old}


def _parsed(name: str, typed: str) -> object:
    if name == "skill_requirements":
        return [_requirement(line) for line in _lines(typed)]
    if name in LISTS:
        return _lines(typed)
    if name in NULLABLE and not typed:
        return None
    return f"{typed}Z" if name in MOMENTS else typed


def _lines(typed: str) -> list[str]:
    return [line.strip() for line in typed.split("\n") if line.strip()]


def _line(needed: RequirementAnswer) -> str:
    return "; ".join([needed.name, needed.importance, *([_number(needed.years)] if needed.years else [])])


def _requirement(line: str) -> dict[str, str]:
    """ "Surveying; nice; 2", of which the importance and the years may be left out."""
    parts = [part.strip() for part in line.rsplit(";", 2)]
    return {name: part for name, part in zip(("name", "importance", "years"), parts, strict=False) if part}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".removesuffix(".00")


def _moment(value: datetime | None) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") if value else ""


def said(error: AppError) -> dict[str, str]:
    """Field -> what the service refused about it; "" is the whole form."""
    name = (error.pointer or "").rpartition("/")[2]
    return {name if name in blank() else "": sentence(error.message)}


def sentence(message: str) -> str:
    """What a service says, in words for people: names of fields have no underscores."""
    return f"{message[:1].upper()}{message[1:].rstrip('.')}.".replace("_", " ")
