"""Progress for people: a bar on a terminal, a line every few seconds in a log, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
_EVERY_SECONDS = 15.0


def track(items: Iterable[T], total: int, label: str) -> Iterator[T]:
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=label, leave=False, file=sys.stderr)
        return
    started = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if now - last >= _EVERY_SECONDS:
            last = now
            say(f"{label}: {done:,}/{total:,} ({now - started:.0f} s)")
        yield item


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)  # noqa: T201  (this is the one place that prints)
