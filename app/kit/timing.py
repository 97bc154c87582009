"""Where a request's time goes: stages are collected per request and sent as `Server-Timing`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_stages: ContextVar[dict[str, float] | None] = ContextVar("stages", default=None)


@contextmanager
def collect_stages() -> Iterator[dict[str, float]]:
    """Milliseconds by stage name for everything recorded inside the block."""
    stages: dict[str, float] = {}
    token = _stages.set(stages)
    try:
        yield stages
    finally:
        _stages.reset(token)


def record(name: str, milliseconds: float) -> None:
    """Adds to a stage; without a collector (a task, a script) it does nothing."""
    stages = _stages.get()
    if stages is not None:
        stages[name] = stages.get(name, 0.0) + milliseconds


def current() -> dict[str, float]:
    """The stages of the request being answered (empty outside one)."""
    return _stages.get() or {}


@contextmanager
def stage(name: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        record(name, (time.perf_counter() - started) * 1000)


def server_timing(stages: dict[str, float]) -> str:
    """The header's value (W3C Server Timing): `name;dur=milliseconds`, comma separated."""
    return ", ".join(f"{name};dur={milliseconds:.1f}" for name, milliseconds in stages.items())
