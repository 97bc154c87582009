"""How a posting fares: counts since the beginning and a click-through rate that forgets.

The rate rests on counts that halve every `HALF_LIFE_DAYS`: old impressions weigh less, and an event that
arrives late is simply weighed by its age, so the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from features.behaviour import utc
from features.records import InteractionRecord

HALF_LIFE_DAYS = 7.0
#: A posting starts with this many impressions at this rate, so that one lucky click is not a rate of 1.
PRIOR_IMPRESSIONS, PRIOR_RATE = 20.0, 0.05
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Popularity:
    """One posting as of its latest event. `recent_*` are decayed counts at `as_of`.

    Unlike a `BehaviourState` it cannot recognise a repetition: whoever folds must pass an event once.
    """

    job_id: int
    impressions: int = 0
    views: int = 0
    saves: int = 0
    applies: int = 0
    dismisses: int = 0
    recent_impressions: float = 0.0
    recent_views: float = 0.0
    as_of: datetime | None = None

    @property
    def trailing_ctr(self) -> float:
        """Smoothed views per impression of late, in (0, 1) unless views come without impressions."""
        seen = self.recent_impressions + PRIOR_IMPRESSIONS
        return (self.recent_views + PRIOR_IMPRESSIONS * PRIOR_RATE) / seen


def fold_job(state: Popularity, event: InteractionRecord) -> Popularity:
    """The popularity after one more event of this posting."""
    if event.job_id != state.job_id:
        raise ValueError(f"an event of job {event.job_id} in the popularity of job {state.job_id}")
    at = utc(event.at)
    now = at if state.as_of is None else max(state.as_of, at)
    old = 1.0 if state.as_of is None else _weight(now - state.as_of)
    new = _weight(now - at)
    kind = event.kind
    return Popularity(
        state.job_id,
        state.impressions + (kind == "impression"),
        state.views + (kind == "view"),
        state.saves + (kind == "save"),
        state.applies + (kind == "apply"),
        state.dismisses + (kind == "dismiss"),
        state.recent_impressions * old + (new if kind == "impression" else 0.0),
        state.recent_views * old + (new if kind == "view" else 0.0),
        now,
    )


def daily(events: Iterable[InteractionRecord]) -> Iterator[tuple[datetime, Popularity]]:
    """Each posting's popularity at the end of each day (UTC) on which something happened to it.

    Yields (the midnight from which it is known, state): everything in it happened strictly before. Events
    posting by posting, in order of time within each.
    """
    state: Popularity | None = None
    known = datetime.min.replace(tzinfo=UTC)
    for event in events:
        midnight = _next_midnight(event.at)
        if state is not None and (state.job_id != event.job_id or midnight != known):
            yield known, state
        if state is None or state.job_id != event.job_id:
            state = Popularity(event.job_id)
        state, known = fold_job(state, event), midnight
    if state is not None:
        yield known, state


def _next_midnight(moment: datetime) -> datetime:
    return utc(moment).replace(hour=0, minute=0, second=0, microsecond=0) + _DAY


def _weight(age: timedelta) -> float:
    return float(0.5 ** (age / _DAY / HALF_LIFE_DAYS))
