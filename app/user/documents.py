"""The two documents of a profile: how to be notified, and what may be done with one's data.

Stored as JSON with every field written out; a field that is added later has its default in older ones. The
opt-outs have columns of their own (views and tasks ask for them) and are no part of the stored JSON.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field

from app.kit.schemas import Answer, RequestBody

Frequency = Literal["instant", "daily", "weekly", "never"]
Visibility = Literal["private", "employers", "public"]
OPT_OUTS = frozenset({"training_opt_out", "profiling_opt_out"})


def known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not a time zone, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, Field(max_length=60), AfterValidator(known_zone)]


class NotificationPreferences(Answer):
    """Mail about the safety of the account is always sent."""

    model_config = ConfigDict(extra="ignore")

    job_alerts: Frequency = "daily"
    application_updates: bool = True
    product_news: bool = False
    email: bool = True
    in_app: bool = True
    time_zone: str = "UTC"


class NotificationPatch(RequestBody):
    """Only the fields that are sent change."""

    job_alerts: Frequency | None = None
    application_updates: bool | None = None
    product_news: bool | None = None
    email: bool | None = None
    in_app: bool | None = None
    time_zone: TimeZone | None = None


class PrivacySettings(Answer):
    model_config = ConfigDict(extra="ignore")

    profile_visibility: Visibility = "private"
    profiling_opt_out: bool = Field(
        False, description="no recommendations from what I did; what was learnt from it is deleted"
    )
    training_opt_out: bool = Field(False, description="leave my data out of model training")
    retention_months: int | None = Field(
        None, description="erase my account after so many months without a visit; null: keep it"
    )


class PrivacyPatch(RequestBody):
    """Only the fields that are sent change."""

    profile_visibility: Visibility | None = None
    profiling_opt_out: bool | None = None
    training_opt_out: bool | None = None
    retention_months: int | None = Field(None, ge=6, le=120)


def notifications(stored: dict[str, Any]) -> NotificationPreferences:
    return NotificationPreferences.model_validate(stored)


def privacy(stored: dict[str, Any], *, training_opt_out: bool, profiling_opt_out: bool) -> PrivacySettings:
    columns = {"training_opt_out": training_opt_out, "profiling_opt_out": profiling_opt_out}
    return PrivacySettings.model_validate(stored | columns)


def merged(before: Answer, patch: RequestBody, *, nullable: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The whole document after the patch, without the opt-outs; null means something where `nullable`."""
    sent = {name: getattr(patch, name) for name in patch.model_fields_set}
    changes = {name: value for name, value in sent.items() if value is not None or name in nullable}
    return {k: v for k, v in (before.model_dump() | changes).items() if k not in OPT_OUTS}
