"""Rate limits by the generic cell rate algorithm (ITU-T I.371): one moment a client, no list of requests."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

#: From this many clients on, those whose allowance is whole again are forgotten.
MANY = 20_000


@dataclass(frozen=True, slots=True)
class Quota:
    """`limit` requests in `window_s` seconds; the allowance comes back evenly, not at the window's end."""

    name: str
    limit: int
    window_s: int = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """`remaining` requests could follow at once; `reset_s` until the allowance is whole, `retry_s` until the
    next request may come (0 when this one may)."""

    allowed: bool
    remaining: int
    reset_s: int
    retry_s: int


@dataclass(slots=True)
class RateLimiter:
    """Of one process: what several processes allow adds up. Not for counting what is paid for."""

    clock: Callable[[], float]
    _full_at: dict[tuple[str, str], float] = field(default_factory=dict)

    def ask(self, quota: Quota, client: str) -> Verdict:
        """Counts one request of `client` if it may come. A refused one costs nothing."""
        now, key = self.clock(), (quota.name, client)
        interval = quota.window_s / quota.limit
        full_at = max(self._full_at.get(key, now), now) + interval
        wait = full_at - now - quota.window_s
        if wait > 1e-9:
            left = full_at - interval - now
            return Verdict(allowed=False, remaining=0, reset_s=math.ceil(left), retry_s=math.ceil(wait))
        if len(self._full_at) >= MANY:
            self._forget(now)
        self._full_at[key] = full_at
        remaining = int((quota.window_s - (full_at - now)) / interval + 1e-6)
        return Verdict(allowed=True, remaining=remaining, reset_s=math.ceil(full_at - now), retry_s=0)

    def _forget(self, now: float) -> None:
        self._full_at = {key: moment for key, moment in self._full_at.items() if moment > now}
