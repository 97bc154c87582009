"""A corpus and its towers -> rows for the ranker: every posting on a page, as of the moment it was shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.cross import CROSS_FEATURE_ORDER, GROUPS, Seeker, cross_features, likeness, seeker
from features.evidence import Evidence
from features.job_columns import JobColumns
from features.places import Place
from features.records import UserRecord
from features.snapshot import read_users
from models.bundle import ModelBundle
from models.ranker import RankerConfig
from training.corpus import Corpus
from training.evaluate import table_lookup
from training.impressions import Shown
from training.progress import track

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
_BATCH = 512
#: A posting nearer to the person in the towers' space is never less interesting for that alone.
INCREASING = frozenset({"likeness"})


def ranker_config(hidden: int = 16, groups: frozenset[str] | None = None) -> RankerConfig:
    """A ranker of the cross features, or of the named groups of them only."""
    named = tuple((g, tuple(f"{g}/{f}" for f in features)) for g, features in GROUPS)
    chosen = tuple(entry for entry in named if groups is None or entry[0] in groups)
    return RankerConfig(chosen, hidden=hidden, increasing=INCREASING & {name for name, _ in chosen})


def columns_of(config: RankerConfig) -> I64:
    """Where the ranker's features stand among the cross features."""
    return np.array([CROSS_FEATURE_ORDER.index(name) for name in config.feature_names], np.int64)


@dataclass(frozen=True)
class Person:
    """What the snapshot says of somebody, whatever the moment."""

    record: UserRecord
    place: Place | None
    evidence: Evidence


@dataclass(frozen=True)
class Moments:
    """People at moments (m,): their vectors then (m, 256) and the postings they had shown interest in by
    then, newest last, as rows (m, history), -1 padded."""

    user: I64
    at: I64
    vectors: F32
    past: I64

    def __len__(self) -> int:
        return len(self.user)


class PairFeatures:
    """Cross features of a corpus for any person, moment and postings.

    Profiles are those of the snapshot: it keeps no older ones. Behaviour is what came strictly before.
    """

    def __init__(self, corpus: Corpus, bundle: ModelBundle, jobs: JobColumns) -> None:
        self.corpus, self.bundle, self.jobs = corpus, bundle, jobs
        self.vectors = bundle.embed_job_inputs(corpus.jobs)  # (jobs, 256)
        self._people: dict[int, Person] = {}

    def meet(self, users: I64) -> None:
        """Reads the profiles of user rows; only people met can be asked about."""
        wanted = set(users.tolist()) - self._people.keys()
        if not wanted:
            return
        records = (entry for entry in enumerate(read_users(self.corpus.snapshot)) if entry[0] in wanted)
        for row, record in track(records, len(wanted), "reading what seekers show"):
            transform = self.corpus.transform
            self._people[row] = Person(record, transform.user_place(record), transform.evidence(record))

    def moments(self, users: I64, at: I64) -> Iterator[Moments]:
        """(m,) user rows at moments, in batches."""
        size = self.corpus.transform.config.history
        for first in range(0, len(users), _BATCH):
            part = slice(first, first + _BATCH)
            history = self.corpus.history(users[part], at[part], size)
            inputs = self.corpus.users.take(users[part]).with_history(history)
            vectors = self.bundle.embed_user_inputs(inputs, table_lookup(self.vectors))
            yield Moments(users[part], at[part], vectors, history.job_ids)

    def rows(self, moments: Moments, place: int, jobs: I64) -> F32:
        """(n,) job rows -> (n, CROSS_FEATURE_ORDER) for the person at `place` of `moments`."""
        past = moments.past[place]
        past = past[past >= 0]
        person = self._seeker(int(moments.user[place]), past)
        vectors = self.vectors[jobs]
        near = [likeness(vectors, self.vectors[p]) for p in past.tolist()]
        past_likeness = np.stack(near, axis=1) if near else np.zeros((len(jobs), 0), np.float32)
        similarity = likeness(vectors, moments.vectors[place])
        return cross_features(person, self.jobs.take(jobs), similarity, past_likeness, int(moments.at[place]))

    def _seeker(self, user: int, past: I64) -> Seeker:
        known = self._people[user]
        return seeker(known.record, known.place, known.evidence, self.jobs.company[past])


def shown_features(features: PairFeatures, shown: Shown) -> F32:
    """(n, CROSS_FEATURE_ORDER) of impressions as of the moments they were shown."""
    features.meet(np.unique(shown.user))
    out = np.zeros((len(shown), len(CROSS_FEATURE_ORDER)), np.float32)
    starts = np.flatnonzero(np.diff(shown.page, prepend=-1))
    ends = np.r_[starts[1:], len(shown)]
    pages = iter(zip(starts.tolist(), ends.tolist(), strict=True))
    moments = features.moments(shown.user[starts], shown.at[starts])
    places = ((batch, place) for batch in moments for place in range(len(batch)))
    for batch, place in track(places, len(starts), "features of the pages"):
        start, end = next(pages)
        out[start:end] = features.rows(batch, place, shown.job[start:end])
    return out
