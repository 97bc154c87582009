"""Wire shapes of the dashboard."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.job.schemas import JobSummary
from app.kit.schemas import Answer, RequestBody


def _in_range(window: str) -> str:
    if not 7 <= int(window[:-1]) <= 90:
        raise ValueError("from 7d to 90d")
    return window


Window = Annotated[str, Field(pattern=r"^[1-9][0-9]?d$"), AfterValidator(_in_range)]


class StatsQuery(RequestBody):
    window: Window = Field("30d", description="days looked back on, 7d to 90d")

    @property
    def days(self) -> int:
        return int(self.window[:-1])


class Count(Answer):
    total: int
    in_window: int


class Completeness(Answer):
    share: float = Field(description="of the fields that make matching better, from 0 to 1")
    missing: list[str]


class StatsAnswer(Answer):
    window: str
    since: datetime
    saved: Count
    applied: Count = Field(description="not withdrawn")
    views: int = Field(description="postings you looked at in the window, once a day each")
    matches: int = Field(
        description="postings shown to you in the window that scored match_threshold or more"
    )
    match_threshold: float
    profile: Completeness
    last_visit: datetime = Field(description="before this one; at first, when the account was made")
    new_since_last_visit: int = Field(description="active postings published since")


class Week(Answer):
    start: date
    viewed: int
    saved: int
    applied: int


class Trends(Answer):
    """Of applications that are not withdrawn: how many ever came so far, whatever followed."""

    weeks: list[Week]
    sent: int
    answered: int
    interviews: int
    offers: int


class Activity(Answer):
    kind: Literal["viewed", "saved", "applied", "dismissed", "status"]
    at: datetime
    job: JobSummary
    status: str | None = Field(description="of the application, where that is what changed")
