"""The fold of `features.behaviour` for many rows at once: the same answers from sorted arrays.

For training at scale: it holds the events once, as numbers, and a row costs a binary search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.behaviour import POSITIVES
from features.inputs import History
from features.records import POSITIVE_KINDS

I64 = npt.NDArray[np.int64]
_DAY_US = 86_400_000_000
_NEVER = np.iinfo(np.int64).max
#: As the fold orders events of the same microsecond and job: by the kind's name.
_TIE_ORDER = np.argsort(np.argsort(np.array(POSITIVE_KINDS)))
_CHUNK = 100_000


@dataclass(frozen=True)
class _Columns:
    user: I64
    job: I64
    at: I64  # microseconds since 1970 UTC
    kind: I64  # index into POSITIVE_KINDS, -1 for a dismissal

    def take(self, rows: npt.NDArray[np.generic]) -> _Columns:
        return _Columns(self.user[rows], self.job[rows], self.at[rows], self.kind[rows])


class PastBehaviour:
    """Answers "what was known about this user strictly before this moment" for arrays of users and moments.

    `events` has columns user_id, job_id, kind and at (as `snapshot.read_events` gives them), in any order;
    repetitions are ignored. Equals `BehaviourState.history` as long as a user's dismissals fit the state's
    window; `features/tests/test_behaviour.py` proves it on random data.
    """

    def __init__(self, events: pa.Table) -> None:
        columns = _columns(events)
        positive = columns.kind >= 0
        kept = columns.take(positive)
        order = np.lexsort((_TIE_ORDER[kept.kind], kept.job, kept.at, kept.user))
        kept = _distinct(kept.take(order))
        self._events = kept
        self._cancelled = _cancelled_at(kept, columns.take(~positive))
        self._users = np.unique(kept.user)
        self._moments = np.unique(kept.at)
        self._keys = self._key(kept.user, kept.at)

    def _key(self, user: I64, at: I64) -> I64:
        """One sortable number for (user, moment): both as ranks, so that it fits 64 bits."""
        place = np.searchsorted(self._users, user)
        return place * (len(self._moments) + 1) + np.searchsorted(self._moments, at)

    def history(self, user_ids: I64, at_us: I64, size: int = POSITIVES) -> History:
        """(n,) users and moments in microseconds -> the newest `size` interactions of each, (n, size)."""
        if not 1 <= size <= POSITIVES:
            raise ValueError(f"size must be 1 to {POSITIVES}, the length of the stored history")
        n = len(user_ids)
        out = History(
            np.full((n, size), -1, np.int64), np.zeros((n, size), np.int64), np.zeros((n, size), np.float32)
        )
        for first in range(0, n if len(self._keys) else 0, _CHUNK):
            rows = slice(first, first + _CHUNK)
            self._fill(out, rows, user_ids[rows], at_us[rows], size)
        return out

    def _fill(self, out: History, rows: slice, user: I64, at: I64, size: int) -> None:
        end = np.searchsorted(self._keys, self._key(user, at))
        place = end[:, None] + np.arange(-POSITIVES, 0)[None, :]  # (n, POSITIVES), newest last
        inside = place >= 0
        place = np.maximum(place, 0)
        known = inside & (self._events.user[place] == user[:, None]) & (self._cancelled[place] >= at[:, None])
        # push what is known to the right, keeping its order, so that the newest `size` are the last columns
        order = np.argsort(known, axis=1, kind="stable")[:, -size:]
        place, known = np.take_along_axis(place, order, 1), np.take_along_axis(known, order, 1)
        out.job_ids[rows] = np.where(known, self._events.job[place], -1)
        out.kinds[rows] = np.where(known, self._events.kind[place], 0)
        out.age_days[rows] = np.where(known, (at[:, None] - self._events.at[place]) / _DAY_US, 0)


def _columns(events: pa.Table) -> _Columns:
    names = pa.array([*POSITIVE_KINDS, "dismiss"])
    code = pc.index_in(events["kind"], value_set=names)
    chosen = events.filter(pc.is_valid(code))
    kind = _ints(code.drop_null())
    kind[kind == len(POSITIVE_KINDS)] = -1
    at = chosen["at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return _Columns(_ints(chosen["user_id"]), _ints(chosen["job_id"]), _ints(at), kind)


def _ints(column: pa.ChunkedArray) -> I64:
    return np.array(column.to_numpy(), np.int64)


def _distinct(c: _Columns) -> _Columns:
    if len(c.user) == 0:
        return c
    new = np.ones(len(c.user), bool)
    new[1:] = (
        (c.user[1:] != c.user[:-1])
        | (c.job[1:] != c.job[:-1])
        | (c.at[1:] != c.at[:-1])
        | (c.kind[1:] != c.kind[:-1])
    )
    return c.take(new)


def _cancelled_at(events: _Columns, dismissals: _Columns) -> I64:
    """Per event, the moment of the first dismissal of that job by that user at or after it; else never."""
    n, m = len(events.user), len(dismissals.user)
    user = np.concatenate([events.user, dismissals.user])
    job = np.concatenate([events.job, dismissals.job])
    at = np.concatenate([events.at, dismissals.at])
    is_dismissal = np.repeat([0, 1], [n, m])
    order = np.lexsort((is_dismissal, at, job, user))
    user, job, at, flag = user[order], job[order], at[order], is_dismissal[order] == 1
    following = np.where(flag, np.arange(n + m), n + m)
    following = np.minimum.accumulate(following[::-1])[::-1]  # position of the next dismissal of anybody
    found = np.minimum(following, n + m - 1)
    same = (following < n + m) & (user[found] == user) & (job[found] == job)
    out = np.empty(n + m, np.int64)
    out[order] = np.where(same, at[found], _NEVER)
    return out[:n]
