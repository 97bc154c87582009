"""Compaction of a vector index: when it is due, and running it beside the searches."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.index_rows import Rows

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How one process uses an index; not stored with it.

    `threads` is OpenMP's thread count for searches, `build_threads` for building and compacting; None
    leaves the process's setting. Servers that search from several threads use 1.

    A write starts a background compaction (unless not `automatic`) when `delta_rows` rows were added since
    the last one (they are searched exactly, about 0.1 µs each per query), or when dead rows, which only
    hold memory, exceed `min_dead` and `dead_fraction` of all rows.
    """

    threads: int | None = None
    build_threads: int | None = None
    automatic: bool = True
    delta_rows: int = 16_384
    dead_fraction: float = 0.2
    min_dead: int = 4_096

    def due(self, rows: Rows[Any], wants_scan: bool) -> bool:
        dead = rows.n_rows - rows.n_alive
        grown = wants_scan and rows.n_delta > self.delta_rows
        return self.automatic and (
            grown or (dead > self.min_dead and dead > self.dead_fraction * rows.n_rows)
        )


class Compactor:
    """Runs `rebuild` at most once at a time, in the foreground or in one daemon thread."""

    def __init__(self, rebuild: Callable[[], None]) -> None:
        self._rebuild = rebuild
        self._running = threading.Lock()
        self._thread: threading.Thread | None = None
        self.failed = False

    def run(self) -> None:
        """Wait for one in the background to end, then rebuild here; what it raises is the caller's."""
        with self._running:
            self._rebuild()
            self.failed = False

    def start(self) -> None:
        """Rebuild in the background; nothing to do while one runs."""
        if self._running.acquire(blocking=False):
            self._thread = threading.Thread(target=self._logged, name="index-compaction", daemon=True)
            self._thread.start()

    def wait(self, timeout: float | None) -> bool:
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _logged(self) -> None:
        try:
            self._rebuild()
            self.failed = False
        except Exception:
            self.failed = True
            log.exception("index compaction failed; the old layout keeps answering, exactly but slower")
        finally:
            self._running.release()
