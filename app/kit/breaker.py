"""A circuit breaker: a service that does not answer is left alone for a while instead of costing
every caller the full timeout (Nygard, "Release It!", 2nd ed., ch. 5)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after `threshold` failures in a row; every `pause_s` seconds one caller may try again."""

    threshold: int = 3
    pause_s: float = 5.0
    clock: Callable[[], float] = time.monotonic
    _failures: int = field(default=0, init=False)
    _next_try: float = field(default=0.0, init=False)

    def allows(self) -> bool:
        """Whether this caller may try. While open, a yes is given once per pause (the probe)."""
        if self._failures < self.threshold:
            return True
        now = self.clock()
        if now < self._next_try:
            return False
        self._next_try = now + self.pause_s
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self.threshold:
            self._next_try = self.clock() + self.pause_s

    @property
    def is_open(self) -> bool:
        return self._failures >= self.threshold
