"""The collector and the allocator around loading: millions of objects that live as long as the release."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import ReferenceType

IN_FLIGHT_SECONDS = 2.0


@contextmanager
def collector_paused() -> Iterator[None]:
    """While a release loads, every full collection walks what was loaded so far: half of the loading time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def settle_memory() -> None:
    """Takes what is loaded out of the collector's sight and gives freed pages back to the system."""
    gc.freeze()
    _trim()


def free_dropped(parts: Sequence[ReferenceType[Any]]) -> None:
    """For after the last reference to something large was dropped: if parts of it survive, they hang in
    cycles, and only a full collection frees them. It holds up the whole process for about 0.2 s per million
    objects, so it is done only then."""
    deadline = time.monotonic() + IN_FLIGHT_SECONDS
    while (alive := any(part() is not None for part in parts)) and time.monotonic() < deadline:
        time.sleep(0.05)  # a request that began before may still use them
    if alive:
        gc.unfreeze()
        gc.collect()
    settle_memory()


def _trim() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
