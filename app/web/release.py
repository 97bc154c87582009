"""The model that answers now, as people are told of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.kit.cache import TtlCache
from serving.client import ServingClient, ServingError
from serving.schemas import StateResponse

#: Seconds an answer of the serving layer is kept, and its silence.
KNOWN_S, SILENT_S = 60.0, 5.0
PATIENCE_S = 0.8
#: Of a second stage's figures among those of its release.
PREFIX = "second_stage/"


@dataclass(frozen=True, slots=True)
class Number:
    """How true one of the two numbers was in the test: its calibration error, and the share of its ranges
    (90 % each) that held what happened."""

    name: str
    error: float
    coverage: float


@dataclass(frozen=True, slots=True)
class SecondStage:
    """What orders the towers' candidates, and gives both numbers. NDCG@10 of its order and of theirs."""

    ndcg: float
    towers: float
    numbers: tuple[Number, ...]

    @classmethod
    def of(cls, figures: Mapping[str, float]) -> SecondStage | None:
        """None unless the release carries all of it."""
        own = {name.removeprefix(PREFIX): value for name, value in figures.items() if name.startswith(PREFIX)}
        wanted = ("ndcg", "towers_ndcg", "fit_ece", "fit_coverage", "ece", "coverage")
        if not all(math.isfinite(own.get(name, math.nan)) for name in wanted):
            return None
        fit = Number("Fit", own["fit_ece"], own["fit_coverage"])
        interest = Number("Interest", own["ece"], own["coverage"])
        return cls(own["ndcg"], own["towers_ndcg"], (fit, interest))


@dataclass(frozen=True, slots=True)
class Live:
    """A figure that the release does not carry is None."""

    release_id: str
    released_at: datetime | None
    postings: int
    ndcg: float | None
    baseline: float | None
    seekers: int | None
    calibration_error: float | None
    index_recall: float | None
    second: SecondStage | None

    @classmethod
    def of(cls, state: StateResponse) -> Live:
        figures = state.figures
        seekers = figures.get("users")
        return cls(
            release_id=state.release_id,
            released_at=state.released_at,
            postings=state.jobs,
            ndcg=figures.get("ndcg"),
            baseline=figures.get("best_baseline_ndcg"),
            seekers=None if seekers is None else round(seekers),
            calibration_error=figures.get("ece"),
            index_recall=figures.get("index_recall"),
            second=SecondStage.of(figures),
        )


async def live(serving: ServingClient, cache: TtlCache[object]) -> Live | None:
    """None while the serving layer does not answer."""
    known = cache.get("live-release")
    if isinstance(known, Live):
        return known
    if cache.get("live-release-silent"):
        return None
    try:
        made = Live.of(await serving.within(PATIENCE_S).state())
    except ServingError:
        cache.put("live-release-silent", True, SILENT_S)
        return None
    cache.put("live-release", made, KNOWN_S)
    return made
