"""What a person did, as the feature store knows it now. An outage costs freshness, never an answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
from typing import Protocol

from features.behaviour import BehaviourState, fold
from features.records import InteractionRecord
from serving.errors import BehaviourUnavailableError

log = logging.getLogger(__name__)
RETRY_SECONDS = 5.0
OPEN_SECONDS = 30.0


class Behaviour(Protocol):
    """`features.store.BehaviourStore` is one; its StoreError is a RuntimeError."""

    def online(self, user_ids: Sequence[int]) -> dict[int, BehaviourState]: ...

    def push(self, events: Sequence[InteractionRecord]) -> int: ...

    def erase(self, user_ids: Sequence[int]) -> dict[str, int]: ...


class MemoryBehaviour:
    """Without Feast: what this process was told since it started."""

    def __init__(self) -> None:
        self._states: dict[int, BehaviourState] = {}
        self._lock = Lock()

    def online(self, user_ids: Sequence[int]) -> dict[int, BehaviourState]:
        return {i: self._states.get(i) or BehaviourState(i) for i in user_ids}

    def push(self, events: Sequence[InteractionRecord]) -> int:
        new = 0
        with self._lock:
            for event in events:
                before = self._states.get(event.user_id) or BehaviourState(event.user_id)
                after = self._states[event.user_id] = fold(before, event)
                new += after is not before
        return new

    def erase(self, user_ids: Sequence[int]) -> dict[str, int]:
        with self._lock:
            return {"online": sum(self._states.pop(i, None) is not None for i in set(user_ids))}


class LateBehaviour:
    """Opens a store in the background, for importing Feast takes seconds in which people can be answered.

    Until it is open nothing is known of anybody beyond what requests bring, and writers wait.
    """

    def __init__(self, open_store: Callable[[], Behaviour]) -> None:
        self._open_store = open_store
        self._store: Behaviour | None = None
        self._opened = Event()
        Thread(target=self._open, name="behaviour", daemon=True).start()

    def _open(self) -> None:
        said = ""
        while self._store is None:
            try:
                self._store = self._open_store()
            except Exception as error:  # the thread must not end before the store is open
                if _one_line(error) != said:
                    said = _one_line(error)
                    log.warning("the feature store cannot be opened, trying again: %s", said)
                time.sleep(RETRY_SECONDS)
        self._opened.set()
        log.info("the feature store is open")

    def online(self, user_ids: Sequence[int]) -> dict[int, BehaviourState]:
        if self._store is None:
            return {i: BehaviourState(i) for i in user_ids}
        return self._store.online(user_ids)

    def push(self, events: Sequence[InteractionRecord]) -> int:
        self._opened.wait(OPEN_SECONDS)
        if self._store is None:
            raise BehaviourUnavailableError("the feature store is not open yet")
        return self._store.push(events)

    def erase(self, user_ids: Sequence[int]) -> dict[str, int]:
        self._opened.wait(OPEN_SECONDS)
        if self._store is None:
            raise BehaviourUnavailableError("the feature store is not open yet")
        return self._store.erase(user_ids)


class GuardedBehaviour:
    """A read that fails is answered with what is not known, and not tried again for a moment: a person must
    not wait for a store that is down. A write raises BehaviourUnavailableError: its sender will try again."""

    def __init__(self, inner: Behaviour) -> None:
        self._inner = inner
        self._retry_at = 0.0

    def online(self, user_id: int) -> BehaviourState:
        if time.monotonic() < self._retry_at:
            return BehaviourState(user_id)
        try:
            return self._inner.online([user_id])[user_id]
        except RuntimeError as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            log.warning("%s; going on without it for %g s", _one_line(error), RETRY_SECONDS)
            return BehaviourState(user_id)

    def push(self, events: Sequence[InteractionRecord]) -> int:
        try:
            return self._inner.push(events)
        except RuntimeError as error:
            raise BehaviourUnavailableError(_one_line(error)) from error

    def erase(self, user_ids: Sequence[int]) -> dict[str, int]:
        try:
            return self._inner.erase(user_ids)
        except RuntimeError as error:
            raise BehaviourUnavailableError(_one_line(error)) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
