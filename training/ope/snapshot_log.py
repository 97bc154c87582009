"""Logged pages of a snapshot: impressions of one release grouped into pages, with what followed each.

A snapshot has no request ids; a page is what one user was shown at one moment by one release (the app logs a
page in one statement, so its rows share their moment). Candidates are the postings open at that moment which
the user had not applied for or dismissed. Filters a user had set are not logged, so a filtered page counts
as an unfiltered one: the overlap test then shows mass that the page could not have shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.snapshot import read_events
from training.ope.pages import F64, I64, LoggedPages, Mask, OpeError

DAY_US = 86_400_000_000
SLOTS = 10
ACTS = ("view", "save", "apply")
_OVER = ("apply", "dismiss")
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class SnapshotLog:
    """Pages of one release. Columns of `pages` are rows of the postings.

    job_ids, opened, closed (m,); at (n,) microseconds UTC; view_keys: sorted (job row, second) of all views.
    """

    release_id: str
    pages: LoggedPages
    user_ids: I64
    at: I64
    job_ids: I64
    opened: I64
    closed: I64
    over: dict[int, tuple[I64, I64]]  # user id -> (job rows, moments) applied for or dismissed
    view_keys: I64

    def eligible(self, rows: I64) -> Mask:
        """(len(rows), m) True where a posting was open and the user not done with it."""
        at = self.at[rows]
        out = (self.opened[None, :] <= at[:, None]) & (self.closed[None, :] > at[:, None])
        for place, (user, moment) in enumerate(zip(self.user_ids[rows].tolist(), at.tolist(), strict=True)):
            jobs, moments = self.over.get(user, (np.zeros(0, np.int64), np.zeros(0, np.int64)))
            out[place, jobs[moments < moment]] = False
        return np.asarray(out)

    def views_before(self, rows: I64) -> F64:
        """(len(rows), m) log of one plus the views of each posting by anybody before the page."""
        job = np.arange(len(self.job_ids), dtype=np.int64)
        start = np.searchsorted(self.view_keys, job << 34)
        end = np.searchsorted(self.view_keys, (job << 34)[None, :] + _seconds(self.at[rows])[:, None])
        return np.asarray(np.log1p((end - start).astype(np.float64)))

    def age_months(self, rows: I64) -> F64:
        """(len(rows), m) months since publication, at most six."""
        age = (self.at[rows][:, None] - self.opened[None, :].astype(np.float64)) / (30.0 * DAY_US)
        return np.asarray(np.clip(age, 0.0, 6.0))


def read_log(
    snapshot: Path,
    *,
    since: int,
    release_id: str | None = None,
    slots: int = SLOTS,
    most: int = 2_000,
    seed: int = 0,
) -> SnapshotLog:
    """Up to `most` pages from moment `since` (microseconds UTC) on; by default of the release with most.

    Raises OpeError when there is none. Pages whose last day is not over yet are left out: what they bring
    is not known.
    """
    events = read_events(snapshot)
    jobs = pq.read_table(snapshot / "jobs.parquet", columns=["job_id", "posted_at", "closed_at"])
    job_ids = np.array(jobs["job_id"].to_numpy(), np.int64)
    last = int(_us(events["at"]).max(initial=0)) - DAY_US
    shown = _impressions(events, since, last, release_id)
    first, number = _group(shown)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(first))[:most])
    pages = _pages(shown, number, chosen, job_ids, slots)
    rows = first[chosen]
    reward = _rewards(events, pages, shown.user[rows], shown.at[rows], job_ids)
    acted = _kinds(events, ("view",))
    place, known = _places(acted.job, job_ids)
    return SnapshotLog(
        release_id=shown.release,
        pages=LoggedPages(pages.user, pages.column, pages.propensity, reward),
        user_ids=shown.user[rows],
        at=shown.at[rows],
        job_ids=job_ids,
        opened=_us(jobs["posted_at"], 0),
        closed=_us(jobs["closed_at"], _NEVER),
        over=_over(events, job_ids),
        view_keys=np.sort((place[known] << 34) + _seconds(acted.at[known])),
    )


@dataclass(frozen=True)
class _Rows:
    user: I64
    job: I64
    at: I64
    rank: I64
    propensity: F64
    release: str = ""

    def take(self, rows: I64 | Mask) -> _Rows:
        columns = (self.user[rows], self.job[rows], self.at[rows], self.rank[rows], self.propensity[rows])
        return _Rows(*columns, self.release)


def _impressions(events: pa.Table, since: int, last: int, release_id: str | None) -> _Rows:
    table = events.filter(pc.equal(events["kind"], "impression"))
    table = table.filter(pc.and_(pc.is_valid(table["propensity"]), pc.is_valid(table["rank"])))
    moment = _us(table["at"])
    table = table.filter(pa.array((moment >= since) & (moment <= last)))
    if table.num_rows == 0:
        raise OpeError("the snapshot holds no impression with a propensity in this period")
    counts = {row["values"]: row["counts"] for row in pc.value_counts(table["release_id"]).to_pylist()}
    wanted = release_id or max(counts, key=lambda name: (counts[name], name or ""))
    if wanted not in counts:
        names = ", ".join(sorted(str(name) for name in counts))
        raise OpeError(f"no page of release {wanted} in this period; there are {names}")
    rows = _columns(table.filter(pc.equal(table["release_id"], wanted)))
    return _Rows(rows.user, rows.job, rows.at, rows.rank, rows.propensity, str(wanted))


def _columns(table: pa.Table) -> _Rows:
    return _Rows(
        np.array(table["user_id"].to_numpy(), np.int64),
        np.array(table["job_id"].to_numpy(), np.int64),
        _us(table["at"]),
        np.array(pc.fill_null(table["rank"], 0).to_numpy(), np.int64),
        np.array(pc.fill_null(table["propensity"], 0.0).to_numpy(), np.float64),
    )


def _kinds(events: pa.Table, kinds: tuple[str, ...]) -> _Rows:
    return _columns(events.filter(pc.is_in(events["kind"], value_set=pa.array(kinds))))


def _group(shown: _Rows) -> tuple[I64, I64]:
    """First impression of each page, and the page of each impression."""
    key = np.stack([shown.at, shown.user], axis=1)
    _, first, number = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return np.asarray(first), np.asarray(number).reshape(-1)


def _pages(shown: _Rows, number: I64, chosen: I64, job_ids: I64, slots: int) -> LoggedPages:
    """The first `slots` ranks of the chosen pages. A posting the snapshot lacks leaves its slot empty."""
    place, known = _places(shown.job, job_ids)
    row = np.searchsorted(chosen, number)
    row = np.minimum(row, len(chosen) - 1)
    keep = (chosen[row] == number) & known & (shown.rank >= 1) & (shown.rank <= slots)
    shape = (len(chosen), slots)
    column, propensity = np.full(shape, -1, np.int64), np.ones(shape)
    where = (row[keep], shown.rank[keep] - 1)
    column[where], propensity[where] = place[keep], shown.propensity[keep]
    user = np.zeros(len(chosen), np.int64)
    user[row[keep]] = shown.user[keep]
    return LoggedPages(user, column, propensity, np.zeros(shape))


def _rewards(events: pa.Table, pages: LoggedPages, users: I64, at: I64, job_ids: I64) -> F64:
    """(n, slots) number of different acts within a day of the page, each given to the newest page before it.

    A posting shown again before the act takes it over, as a person acts on what they see last.
    """
    acts, shown = _kinds(events, ACTS), _kinds(events, ("impression",))
    kinds = events.filter(pc.is_in(events["kind"], value_set=pa.array(ACTS)))["kind"].to_pylist()
    newest: dict[tuple[int, int], I64] = {}
    order = np.lexsort((shown.at, shown.job, shown.user))
    ordered = shown.take(order)
    pairs = np.stack([ordered.user, ordered.job], axis=1)
    starts = np.flatnonzero(np.r_[True, (pairs[1:] != pairs[:-1]).any(axis=1)]) if len(pairs) else order
    for first, end in zip(starts.tolist(), [*starts[1:].tolist(), len(pairs)], strict=True):
        newest[int(pairs[first, 0]), int(pairs[first, 1])] = ordered.at[first:end]
    found: dict[tuple[int, int, int], set[str]] = {}
    for user, job, moment, kind in zip(
        acts.user.tolist(), acts.job.tolist(), acts.at.tolist(), kinds, strict=True
    ):
        moments = newest.get((user, job))
        place = -1 if moments is None else int(np.searchsorted(moments, moment, side="right")) - 1
        if moments is not None and place >= 0 and moment < moments[place] + DAY_US:
            found.setdefault((user, job, int(moments[place])), set()).add(kind)
    reward = np.zeros(pages.column.shape)
    for row, slot in zip(*np.nonzero(pages.shown), strict=True):
        job = int(job_ids[pages.column[row, slot]])
        reward[row, slot] = len(found.get((int(users[row]), job, int(at[row])), ()))
    return reward


def _over(events: pa.Table, job_ids: I64) -> dict[int, tuple[I64, I64]]:
    rows = _kinds(events, _OVER)
    place, known = _places(rows.job, job_ids)
    rows, place = rows.take(known), place[known]
    order = np.argsort(rows.user, kind="stable")
    users, starts = np.unique(rows.user[order], return_index=True)
    parts = zip(np.split(place[order], starts[1:]), np.split(rows.at[order], starts[1:]), strict=True)
    return dict(zip(users.tolist(), parts, strict=True)) if len(users) else {}


def _places(ids: I64, known: I64) -> tuple[I64, Mask]:
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return place, known[place] == ids


def _us(column: pa.ChunkedArray, missing: int = 0) -> I64:
    us = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.array(pc.fill_null(us, missing).to_numpy(), np.int64)


def _seconds(at: I64) -> I64:
    return at // 1_000_000
