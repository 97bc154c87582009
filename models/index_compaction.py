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
    leaves the setting of the calling thread. One query cannot use more than one thread, and servers search
    from several; a bulk evaluation that has the machine to itself may pass None.

    Where no more than `exact_rows` rows pass, search is exact whatever the scan could do.

    A write starts work in the background, unless not `automatic`: a fold, which encodes what was added,
    after `delta_rows` rows (until then searched exactly, about 0.15 µs each per query); a compaction, which
    trains and encodes anew, when dead rows, which only hold memory, exceed `min_dead` and `dead_fraction`
    of all, or when rows have grown `retrain_growth` times since the codes were trained.
    """

    threads: int | None = 1
    build_threads: int | None = None
    exact_rows: int = 8_192
    automatic: bool = True
    delta_rows: int = 16_384
    dead_fraction: float = 0.2
    min_dead: int = 4_096
    retrain_growth: float = 1.5

    def dead_due(self, rows: Rows[Any]) -> bool:
        dead = rows.n_rows - rows.n_alive
        return dead > self.min_dead and dead > self.dead_fraction * rows.n_rows


class Compactor:
    """Runs work at most one at a time, in the foreground or in one daemon thread."""

    def __init__(self) -> None:
        self._running = threading.Lock()
        self._thread: threading.Thread | None = None
        self.failed = False

    def run(self, work: Callable[[], None]) -> None:
        """Wait for background work to end, then do this here; what it raises is the caller's."""
        with self._running:
            work()
            self.failed = False

    def start(self, work: Callable[[], None]) -> None:
        """Do it in the background; while something runs already, nothing."""
        if self._running.acquire(blocking=False):
            self._thread = threading.Thread(
                target=self._logged, args=(work,), name="index-compaction", daemon=True
            )
            self._thread.start()

    def wait(self, timeout: float | None) -> bool:
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _logged(self, work: Callable[[], None]) -> None:
        try:
            work()
            self.failed = False
        except Exception:
            self.failed = True
            log.exception("index compaction failed; the old layout keeps answering, exactly but slower")
        finally:
            self._running.release()
