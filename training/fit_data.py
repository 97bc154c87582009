"""Pairs of a simulated market as `fit` reads them, with what is true of each. Synthetic by construction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.demand_columns import DemandColumns, fit_rows
from features.evidence import Evidence
from features.matches import MIN_DEMANDS, MIN_PERSON_WORDS
from features.snapshot import read_events, read_jobs, read_manifest, read_users
from features.transform import FeatureTransform
from training.market import MarketConfig
from training.market.truth import RequirementTruth
from training.market.world import World
from training.progress import track

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FitPairs:
    """Pairs in order of time: figures (n, FIT_ORDER), truth, and who met what when (row numbers, us)."""

    rows: F64
    label: I64
    user: I64
    job: I64
    at: I64

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: I64) -> FitPairs:
        return FitPairs(self.rows[rows], self.label[rows], self.user[rows], self.job[rows], self.at[rows])

    def between(self, start: int, end: int) -> FitPairs:
        return self.take(np.flatnonzero((self.at >= start) & (self.at < end)))


def fit_pairs(config: MarketConfig, snapshot: Path, transform: FeatureTransform) -> FitPairs:
    """The first time each seeker was shown each posting, where both say enough to compare.

    `snapshot` must be made of the market of `config` (`features.snapshot.snapshot_from_market`): ids tell
    which seeker and posting are meant. Raises ValueError if they cannot belong together.
    """
    truth = RequirementTruth.of(World(config))
    columns = market_demands(snapshot, transform)
    people = market_evidence(snapshot, transform)
    if (len(columns), len(people)) != (len(truth.demand), len(truth.known)):
        raise ValueError(f"{snapshot} is not a snapshot of this market")
    events = read_events(snapshot, kinds=["impression"])
    user, job = (np.asarray(events[c].to_numpy(), np.int64) - 1 for c in ("user_id", "job_id"))
    at = np.asarray(events["at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(), np.int64)
    order = np.argsort(at, kind="stable")
    _, first = np.unique((user * len(columns) + job)[order], return_index=True)
    chosen = order[np.sort(first)]
    user, job, at = user[chosen], job[chosen], at[chosen]
    rows = np.zeros((len(user), 8))
    by_user = np.argsort(user, kind="stable")
    for part in np.split(by_user, np.flatnonzero(np.diff(user[by_user])) + 1):
        rows[part] = fit_rows(columns.take(job[part]), people[int(user[part[0]])])
    enough = (rows[:, :3].sum(axis=1) >= MIN_DEMANDS) & np.array(
        [people[u].words >= MIN_PERSON_WORDS for u in user.tolist()]
    )
    label = truth.meets(user, job).astype(np.int64)
    return FitPairs(rows, label, user, job, at).take(np.flatnonzero(enough))


def market_demands(snapshot: Path, transform: FeatureTransform) -> DemandColumns:
    jobs = track(read_jobs(snapshot), read_manifest(snapshot).rows("jobs"), "reading what postings ask for")
    return DemandColumns.of(transform.demands(job) for job in jobs)


def market_evidence(snapshot: Path, transform: FeatureTransform) -> list[Evidence]:
    return [
        transform.evidence(user)
        for user in track(
            read_users(snapshot), read_manifest(snapshot).rows("users"), "reading what seekers show"
        )
    ]
