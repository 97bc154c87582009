"""The model that answers now, as people are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.kit.cache import TtlCache
from serving.client import ServingClient, ServingError
from serving.schemas import StateResponse

#: Seconds an answer of the serving layer is kept, and its silence.
KNOWN_S, SILENT_S = 60.0, 5.0
PATIENCE_S = 0.8


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
