"""Training data as arrays: inputs of both sides, positive examples, and the past of each example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.inputs import History, Inputs

I64 = npt.NDArray[np.int64]
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Events:
    """Interactions, sorted by time. Users and jobs are rows of the inputs; time is microseconds UTC."""

    user: I64
    job: I64
    kind: I64  # index into POSITIVE_KINDS
    at: I64

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: npt.NDArray[np.generic]) -> Events:
        return Events(self.user[rows], self.job[rows], self.kind[rows], self.at[rows])


class HistorySource(Protocol):
    """What each example may know: interactions strictly before it, by job *row*."""

    def take(self, rows: I64) -> History: ...


class PastOfEvents:
    """The newest `size` interactions of the same user strictly before each example.

    Holds one sorted copy of the events and a pointer per example: 8 bytes an example, whatever `size` is.
    """

    def __init__(self, events: Events, user: I64, at: I64, size: int) -> None:
        order = np.lexsort((events.at, events.user))
        self._events = events.take(order)
        self._size = size
        self._at = at
        key_user, key_at = self._events.user, self._events.at
        self._start = np.searchsorted(key_user, user, "left")
        # position of the first event of (user, >= at): search in a structure sorted by both
        self._end = _search_pairs(key_user, key_at, user, at)

    def take(self, rows: I64) -> History:
        n, size = len(rows), self._size
        back = np.arange(size - 1, -1, -1)
        at = self._end[rows][:, None] - 1 - back[None, :]  # (n, H)
        valid = at >= self._start[rows][:, None]
        at = np.maximum(at, 0)
        if len(self._events) == 0 or size == 0:
            return _empty(n, size)
        age = (self._at[rows][:, None] - self._events.at[at]) / DAY_US
        return History(
            np.where(valid, self._events.job[at], -1),
            np.where(valid, self._events.kind[at], 0),
            np.where(valid, age, 0).astype(np.float32),
        )


class WholeProfile:
    """Everything the user did except the example itself, a random `size` of it: for data without an order."""

    def __init__(self, events: Events, user: I64, job: I64, size: int, seed: int = 0) -> None:
        order = np.argsort(events.user, kind="stable")
        self._job, key = events.job[order], events.user[order]
        self._start = np.searchsorted(key, user, "left")
        self._length = np.searchsorted(key, user, "right") - self._start
        self._target, self._size = job, size
        self._rng = np.random.default_rng(seed)

    def take(self, rows: I64) -> History:
        n, size = len(rows), self._size
        length = self._length[rows][:, None]
        # without replacement where the profile is short (a cyclic window), a random window where it is long
        first = (self._rng.random((n, 1)) * np.maximum(length, 1)).astype(np.int64)
        steps = np.arange(size)[None, :]
        at = self._start[rows][:, None] + (first + steps) % np.maximum(length, 1)
        job = self._job[np.minimum(at, len(self._job) - 1)]
        valid = (steps < length) & (job != self._target[rows][:, None])
        return History(
            np.where(valid, job, -1), np.zeros((n, size), np.int64), np.zeros((n, size), np.float32)
        )


def _empty(n: int, size: int) -> History:
    return History(
        np.full((n, size), -1, np.int64), np.zeros((n, size), np.int64), np.zeros((n, size), np.float32)
    )


def _search_pairs(key_user: I64, key_at: I64, user: I64, at: I64) -> I64:
    """First position p with (key_user, key_at)[p] >= (user, at), for keys sorted by both."""
    keys = np.empty(len(key_user), [("u", np.int64), ("t", np.int64)])
    keys["u"], keys["t"] = key_user, key_at
    wanted = np.empty(len(user), keys.dtype)
    wanted["u"], wanted["t"] = user, at
    return np.searchsorted(keys, wanted, "left")


@dataclass(frozen=True)
class TrainData:
    """All the trainer reads. Inputs may be memory-mapped; nothing here copies them.

    `weight` (examples,) float32; `passed_over` gives, per user row, jobs shown and not taken (CSR), for hard
    negatives; `thin_users` describes the same user rows by skills and place alone.
    """

    jobs: Inputs
    users: Inputs
    examples: Events
    history: HistorySource
    weight: npt.NDArray[np.float32]
    passed_over: PassedOver | None = None
    thin_users: Inputs | None = None


@dataclass(frozen=True)
class PassedOver:
    """Per user row, jobs that were shown but not acted on: row u owns jobs[offsets[u]:offsets[u + 1]]."""

    jobs: I64
    offsets: I64

    def sample(self, users: I64, count: int, rng: np.random.Generator) -> I64:
        """(n, count) job rows, -1 where the user passed nothing over."""
        start, length = self.offsets[users], self.offsets[users + 1] - self.offsets[users]
        pick = (rng.random((len(users), count)) * np.maximum(length, 1)[:, None]).astype(np.int64)
        at = np.minimum(start[:, None] + pick, max(len(self.jobs) - 1, 0))
        if len(self.jobs) == 0:
            return np.full((len(users), count), -1, np.int64)
        return np.where(length[:, None] > 0, self.jobs[at], -1)


Evaluate = Callable[[], dict[str, float]]
