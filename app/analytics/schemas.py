"""Wire shapes of the figures about matching."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.kit.schemas import Answer, RequestBody

Slice = Literal["all", "new-seekers", "known-seekers", "fresh-postings", "remote"]
#: Fewer people than this are not reported on.
SMALLEST = 5
DEEPEST = 20


def _in_range(window: str) -> str:
    if not 2 <= int(window[:-1]) <= 90:
        raise ValueError("from 2d to 90d")
    return window


Window = Annotated[str, Field(pattern=r"^[1-9][0-9]?d$"), AfterValidator(_in_range)]


class MetricsQuery(RequestBody):
    model_version: str = Field("", max_length=200, description="a release id; empty = every release")
    slice: Slice = Field(
        "all",
        description="new-seekers: accounts younger than 7 days when shown; fresh-postings: published in the "
        "7 days before; remote: postings that are",
    )
    window: Window = Field("28d", description="days looked back on, 2d to 90d")

    @property
    def days(self) -> int:
        return int(self.window[:-1])


class Rate(Answer):
    """A share with its 95 % interval (Wilson 1927). It takes impressions for independent, which those of
    one person are not quite: true intervals are somewhat wider."""

    value: float
    low: float
    high: float
    n: int


class PositionRate(Answer):
    rank: int = Field(ge=1)
    rate: Rate | None = Field(description="null when fewer than 5 people saw this rank")


class Bin(Answer):
    low: float
    high: float
    mean_score: float | None = Field(description="null, like observed, when fewer than 5 people are in it")
    observed: Rate | None


class Calibration(Answer):
    """Logged scores against what happened: the person opened, saved or applied within a day."""

    n: int
    ece: float = Field(description="expected calibration error over ten bins of equal width")
    brier: float
    bins: list[Bin] = Field(description="those that are not empty")


class Coverage(Answer):
    shown: int = Field(description="distinct postings")
    open: int = Field(description="postings of the slice that were open at some time in the window")
    share: float


class Drift(Answer):
    """Population stability index of the logged scores: below .1 stable, above .25 another distribution."""

    psi: float
    first: int = Field(description="impressions in the first half of the window")
    second: int


class ReleaseFigures(Answer):
    """One release. Fewer than 5 people: `suppressed`, and no figure but the name."""

    model_version: str
    suppressed: bool = False
    people: int | None = None
    pages: int | None = None
    impressions: int | None = None
    click_through: Rate | None = Field(None, description="opened, saved or applied for within a day")
    by_position: list[PositionRate] = Field(default=[], description="ranks 1 to 20")
    calibration_rank_1: Calibration | None = Field(
        None, description="what a score promises is about the first place: looked at for certain"
    )
    calibration: Calibration | None = Field(None, description="at every rank: lower ranks are seen less")
    coverage: Coverage | None = None
    novelty_bits: float | None = Field(
        None,
        description="mean self-information of a shown posting: -log2 of the share of people acting on it",
    )
    repeat_rate: Rate | None = Field(
        None, description="impressions of a posting that the same person was shown before in the window"
    )
    drift: Drift | None = None


class MetricsAnswer(Answer):
    """Latency is not in it: it is measured per process (`Server-Timing`, /metrics), and not kept."""

    window: str
    slice: Slice
    since: datetime
    until: datetime = Field(description="a day ago: what is younger may still be acted on")
    releases: list[ReleaseFigures]
