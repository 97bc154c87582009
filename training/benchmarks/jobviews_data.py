"""The files of the `jobviews` benchmark as arrays: jobs, distinct views in order, and what users stated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.dataset import Events

I64 = npt.NDArray[np.int64]
VIEWS, WISHES, WORK = "Job_Views.csv.gz", "Positions_Of_Interest.csv.gz", "Experience.csv.gz"


@dataclass(frozen=True)
class JobRow:
    title: str
    company: str
    city: str
    state: str
    industry: str


@dataclass(frozen=True)
class Stated:
    """Something a user wrote into a profile at `at` (microseconds UTC)."""

    at: int
    position: str
    city: str = ""
    state: str = ""


@dataclass(frozen=True)
class JobViews:
    """`events` holds each (user, job) once, at its first view, sorted by time; rows ascend by original id."""

    jobs: tuple[JobRow, ...]
    users: int
    events: Events
    wishes: tuple[tuple[Stated, ...], ...]  # per user, oldest first
    work: tuple[tuple[Stated, ...], ...]


def missing_files(folder: Path) -> list[str]:
    return [name for name in (VIEWS, WISHES, WORK) if not (folder / name).is_file()]


def load_jobviews(folder: Path) -> JobViews:
    """Raises ValueError, naming the file and column, if a column is missing or a time cannot be read."""
    views = _read(folder / VIEWS, ("Applicant.ID", "Job.ID", "View.Start"))
    views["at"] = _micros(views["View.Start"], folder / VIEWS)
    views = views.sort_values("at", kind="stable")
    user_ids, users = np.unique(views["Applicant.ID"].to_numpy(np.int64), return_inverse=True)
    job_ids, jobs = np.unique(views["Job.ID"].to_numpy(np.int64), return_inverse=True)
    table = _jobs(views, jobs)
    first = ~pd.Series(users * len(job_ids) + jobs).duplicated().to_numpy()
    # Views may start in the same second: their order in the file, as microseconds, keeps moments distinct.
    at = views["at"].to_numpy(np.int64)[first] + np.arange(int(first.sum()))
    events = Events(users[first], jobs[first], np.zeros(len(at), np.int64), at)
    rows = {int(u): i for i, u in enumerate(user_ids)}
    wishes = _stated(folder / WISHES, rows, ("Position.Of.Interest",))
    work = _stated(folder / WORK, rows, ("Position.Name", "City", "State.Code"))
    return JobViews(table, len(user_ids), events, wishes, work)


def last_of_each(events: Events, users: int, *, at_least: int, back: int = 0) -> I64:
    """Rows of each user's last event (`back` = 0), or the one before (1), of users with enough events.

    `events` must be sorted by time.
    """
    order = np.argsort(events.user, kind="stable")
    counts = np.bincount(events.user, minlength=users)
    ends = np.cumsum(counts)
    return np.sort(order[ends[counts >= at_least] - 1 - back])


def _read(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    frame = pd.read_csv(path, keep_default_na=False, dtype=str)
    for column in columns:
        if column not in frame:
            raise ValueError(f"{path} has no column {column}")
    return frame


def _micros(times: pd.Series[str], path: Path) -> I64:
    try:
        parsed = [datetime.strptime(t, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC) for t in times]
    except ValueError as e:
        raise ValueError(f"{path}: {e}") from e
    return np.array([round(t.timestamp()) * 1_000_000 for t in parsed], np.int64)


def _jobs(views: pd.DataFrame, rows: I64) -> tuple[JobRow, ...]:
    """Job facts as first seen. "NA" is how the export writes a missing industry or company."""
    title = views["Position"].where(views["Position"].str.strip() != "", views["Title"])
    columns = [title, views["Company"], views["City"], views["State.Code"], views["Industry"]]
    cleaned = [["" if v.strip() == "NA" else v.strip() for v in c] for c in columns]
    _, first = np.unique(rows, return_index=True)
    return tuple(JobRow(*(c[i] for c in cleaned)) for i in first)


def _stated(path: Path, rows: dict[int, int], columns: tuple[str, ...]) -> tuple[tuple[Stated, ...], ...]:
    frame = _read(path, ("Applicant.ID", "Created.At", *columns))
    moments = _micros(frame["Created.At"], path)
    out: list[list[Stated]] = [[] for _ in rows]
    facts = [["" if v == "NA" else v.strip() for v in frame[c]] for c in columns]
    for i in np.argsort(moments, kind="stable"):
        row = rows.get(int(frame["Applicant.ID"].iloc[i]))
        if row is not None:
            out[row].append(Stated(int(moments[i]), *(f[i] for f in facts)))
    return tuple(tuple(o) for o in out)
