"""The collector and the allocator around loading: millions of objects that live as long as the release."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


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


def settle_memory(*, collect: bool = False) -> None:
    """Takes what is loaded out of the collector's sight and gives freed pages back.

    `collect` first frees cycles, frozen ones too: for after something large was dropped. It holds up the
    whole process for about 0.2 s per million objects, so it is no part of a start.
    """
    if collect:
        gc.unfreeze()
        gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
