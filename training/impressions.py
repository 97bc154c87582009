"""Postings as they were shown, page by page: at which rank, to whom, when, and what the person then did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.records import POSITIVE_KINDS
from features.snapshot import read_events
from training.corpus import Corpus

I64 = npt.NDArray[np.int64]
#: What happens later than this after a posting was shown is not an answer to that list any more.
SESSION_US = 2 * 3_600_000_000
NOTHING = -1


@dataclass(frozen=True)
class Shown:
    """Impressions (n,) in order of time, those of one page beside each other in order of rank.

    user and job are rows of the corpus; `at` microseconds UTC; `act` the strongest of POSITIVE_KINDS that
    answered this impression, else NOTHING; `page` grows by one with every list of one person and moment.
    """

    user: I64
    job: I64
    at: I64
    rank: I64
    act: I64
    page: I64

    def __len__(self) -> int:
        return len(self.user)

    @property
    def label(self) -> I64:
        """(n,) 1 where the posting was viewed, saved or applied to, else 0."""
        return np.asarray(self.act != NOTHING, np.int64)

    def take(self, rows: npt.NDArray[np.generic]) -> Shown:
        """Pages keep their numbers."""
        parts = (self.user, self.job, self.at, self.rank, self.act, self.page)
        return Shown(*(part[rows] for part in parts))

    def between(self, start: int, end: int) -> Shown:
        return self.take((self.at >= start) & (self.at < end))

    def sample(self, rows: int, seed: int = 0) -> Shown:
        """Whole pages drawn at random until they hold about `rows` impressions; all, if there are no more."""
        if len(self) <= rows:
            return self
        pages = np.unique(self.page)
        count = max(1, int(len(pages) * rows / len(self)))
        chosen = np.random.default_rng(seed).choice(pages, count, replace=False)
        return self.take(np.isin(self.page, chosen))


def read_shown(corpus: Corpus) -> Shown:
    """All impressions of the corpus' snapshot whose rank is known.

    An act answers the last time before it that the person was shown the posting, within SESSION_US.
    """
    events = read_events(corpus.snapshot, kinds=["impression", *POSITIVE_KINDS])
    code = pc.index_in(events["kind"], value_set=pa.array(POSITIVE_KINDS)).fill_null(NOTHING)
    columns = {
        "user": _rows(events["user_id"], corpus.user_ids),
        "job": _rows(events["job_id"], corpus.job_ids),
        "kind": np.asarray(code.to_numpy(), np.int64),
        "at": np.asarray(events["at"].cast(pa.int64()).to_numpy(), np.int64),
        "rank": np.asarray(events["rank"].cast(pa.int64()).fill_null(0).to_numpy(), np.int64),
    }
    known = (columns["user"] >= 0) & (columns["job"] >= 0)
    known &= (columns["kind"] >= 0) | (columns["rank"] >= 1)
    user, job, kind, at, rank = (columns[c][known] for c in ("user", "job", "kind", "at", "rank"))
    act = _answers(user * (len(corpus.job_ids) + 1) + job, kind, at)
    shown = np.flatnonzero(kind == NOTHING)
    shown = shown[np.lexsort((rank[shown], user[shown], at[shown]))]
    new = np.ones(len(shown), np.int64)
    new[1:] = (user[shown][1:] != user[shown][:-1]) | (at[shown][1:] != at[shown][:-1])
    return Shown(user[shown], job[shown], at[shown], rank[shown], act[shown], np.cumsum(new) - 1)


def _answers(pair: I64, kind: I64, at: I64) -> I64:
    """(n,) per event, if it is an impression, the strongest act that answers it."""
    act = np.full(len(pair), NOTHING, np.int64)
    is_act = kind != NOTHING
    order = np.lexsort((is_act, at, pair))
    place = np.where(is_act[order], NOTHING, np.arange(len(order)))
    last = np.maximum.accumulate(place)  # position in `order` of the impression before each event
    acts = np.flatnonzero(is_act[order] & (last >= 0))
    shown, acted = order[last[acts]], order[acts]
    answers = (pair[shown] == pair[acted]) & (at[acted] - at[shown] <= SESSION_US)
    np.maximum.at(act, shown[answers], kind[acted[answers]])
    return act


def _rows(column: pa.ChunkedArray, ids: I64) -> I64:
    """(n,) the row of each id, -1 where it is unknown."""
    wanted = np.asarray(column.to_numpy(), np.int64)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[at] == wanted, at, -1).astype(np.int64)
