"""The background thread of a worker: follows the change log and swaps in a new release when one is named."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from serving.engine import Engine
from serving.errors import JournalUnavailableError, ReleaseRefusedError
from serving.journal import Journal
from serving.loader import load_engine, named_champion
from serving.memory import collector_paused, free_dropped

log = logging.getLogger(__name__)
FIRST_CATCH_UP_SECONDS = 10.0
#: A refused release is looked at again after this long: its copy may not have been complete.
REFUSED_SECONDS = 30.0


class Observer(Protocol):
    """What the follower reports; the service turns it into metrics."""

    def applied(self, engine: Engine, lag: int | None) -> None: ...
    def swapped(self, engine: Engine) -> None: ...
    def refused(self, reason: str) -> None: ...


class Follower:
    """`engine` is the one reference that requests read; it is replaced, never changed from outside."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        releases: Path,
        observer: Observer,
        *,
        tail_seconds: float,
        champion_seconds: float,
        encoder_threads: int = 1,
    ) -> None:
        self.engine = engine
        self.refused = ""
        self._journal = journal
        self._releases = releases
        self._observer = observer
        self._tail_seconds = tail_seconds
        self._champion_seconds = champion_seconds
        self._encoder_threads = encoder_threads
        self._refused_id = ""
        self._retry_at = 0.0
        self._log_answers = True
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._tail, name="tail", daemon=True),
            threading.Thread(target=self._watch, name="champion", daemon=True),
        ]

    def start(self) -> None:
        """Catches up before returning; a log that does not answer delays the start only so long."""
        deadline = time.monotonic() + FIRST_CATCH_UP_SECONDS
        while not self._try(self._catch_up) and time.monotonic() < deadline:
            time.sleep(self._tail_seconds)
        self._observer.swapped(self.engine)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10.0)

    def catch_up_now(self) -> None:
        """For the worker that took a change: its own answers show it at once."""
        self.engine.catch_up(self._journal)

    # -- the log -------------------------------------------------------------------------------------

    def _tail(self) -> None:
        while not self._stop.is_set():
            self._journal.wait(self._tail_seconds)
            self._try(self._catch_up)

    def _catch_up(self) -> None:
        engine = self.engine
        sequence = engine.sequence  # read first: the log only grows, so its end cannot be lower
        lag = self._journal.head() - sequence
        if lag < 0:
            log.warning("the change log ends before %d, it was restored: reading it again", sequence)
            engine.start_over()
        self._observer.applied(engine, lag)
        if lag:
            engine.catch_up(self._journal, lambda: not self._stop.is_set())
            self._observer.applied(engine, 0)

    def _try(self, step: Callable[[], None]) -> bool:
        """Reports the begin and the end of an outage, once each."""
        try:
            step()
        except JournalUnavailableError as error:
            if self._log_answers:
                log.warning("%s; answering from memory", error)
            self._log_answers = False
            self._observer.applied(self.engine, None)
            return False
        except Exception:  # the thread must outlive whatever one change brings
            log.exception("following the change log failed; trying again")
            return False
        if not self._log_answers:
            log.warning("the change log answers again")
        self._log_answers = True
        return True

    # -- releases ------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stop.wait(self._champion_seconds):
            try:
                self._follow_champion()
            except Exception:
                log.exception("watching for a new release failed; trying again")

    def _follow_champion(self) -> None:
        try:
            release_id = named_champion(self._releases)
        except ReleaseRefusedError as error:
            self._refuse(str(error))
            return
        if release_id == self.engine.release.release_id:
            self.refused = self._refused_id = ""
        elif release_id != self._refused_id or time.monotonic() > self._retry_at:
            self._change_to(release_id)

    def _change_to(self, release_id: str) -> None:
        try:
            with collector_paused():
                engine = load_engine(self._releases, release_id, encoder_threads=self._encoder_threads)
        except ReleaseRefusedError as error:
            self._refused_id = release_id
            self._retry_at = time.monotonic() + REFUSED_SECONDS
            self._refuse(str(error))
        else:
            self._swap(engine)

    def _refuse(self, reason: str) -> None:
        if reason != self.refused:
            log.error("%s; release %s goes on answering", reason, self.engine.release.release_id)
            self._observer.refused(reason)
        self.refused = reason

    def _swap(self, engine: Engine) -> None:
        """Only a release that knows every acknowledged change may answer: a log outage postpones the swap."""
        while not self._stop.is_set():
            if self._try(lambda: self._reconcile(engine)):
                break
            time.sleep(self._tail_seconds)
        else:
            return
        old, self.engine = self.engine, engine
        self.refused = self._refused_id = ""
        log.warning("release %s answers now, %s before", engine.release.release_id, old.release.release_id)
        self._observer.swapped(engine)
        versions = [engine.encoder_version, old.encoder_version]
        self._try(lambda: self._prune(versions))
        parts = old.parts()
        del old
        free_dropped(parts)

    def _reconcile(self, engine: Engine) -> None:
        engine.catch_up(self._journal, lambda: not self._stop.is_set())

    def _prune(self, versions: list[str]) -> None:
        self._journal.prune_vectors(versions)
