"""What every benchmark hands back: a table with the baselines beside ours, a JSON file, one tracked run."""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from training.metrics import Estimate, estimate
from training.progress import say
from training.tracking import NullRun, Run

F64 = npt.NDArray[np.float64]
#: Below this many users the interval is part of the number.
INTERVALS_BELOW = 5_000


class BenchmarkDataError(Exception):
    """The folder does not hold the benchmark's files; the message says which are missing."""


def require_files(folder: Path, names: tuple[str, ...]) -> None:
    """Raises BenchmarkDataError in one line."""
    if not folder.is_dir():
        raise BenchmarkDataError(f"{folder} is not there")
    missing = [n for n in names if not (folder / n).is_file()]
    if missing:
        raise BenchmarkDataError(f"{folder} lacks {', '.join(missing)}")


@dataclass(frozen=True)
class Slice:
    """One group of users: our row and each baseline's, all measured on the same users (or other units).

    `label` is our row's name. `suffix` is appended to our metric names in the JSON ("" for the main group).
    `published` are figures of papers or repositories, labelled as such, not measured here.
    """

    title: str
    users: int
    ours: Mapping[str, Estimate]
    baselines: Mapping[str, Mapping[str, Estimate]]
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    suffix: str = ""
    label: str = "two towers"

    def table(self) -> Table:
        intervals = self.users < INTERVALS_BELOW
        title = f"{self.title} (n = {self.users:,})" + (", 95 % bootstrap intervals" if intervals else "")
        table = Table(title=title, title_justify="left")
        table.add_column("method")
        for name in self.ours:
            table.add_column(name, justify="right")
        for label, row in self.baselines.items():
            table.add_row(label, *(_cell(row[m], intervals) for m in self.ours))
        for label, figures in self.published.items():
            cells = (f"{figures[m]:.4f}" if m in figures else "" for m in self.ours)
            table.add_row(f"published: {label}", *cells, style="dim")
        table.add_row(self.label, *(_cell(v, intervals) for v in self.ours.values()), style="bold")
        return table


def _cell(value: Estimate, interval: bool) -> str:
    return f"{value.mean:.4f} [{value.low:.3f}, {value.high:.3f}]" if interval else f"{value.mean:.4f}"


def estimates(values: Mapping[str, F64], seed: int = 0) -> dict[str, Estimate]:
    """Mean and interval of every metric; above `INTERVALS_BELOW` users the interval is the mean itself."""
    out = {}
    for name, v in values.items():
        if len(v) < INTERVALS_BELOW:
            out[name] = estimate(v, seed=seed)
        else:
            mean = float(v.mean())
            out[name] = Estimate(mean, mean, mean, len(v))
    return out


class Meter:
    """Wall-clock seconds since it was made, and the process's highest resident memory so far."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def peak_mb(self) -> float:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return kilobytes / (1024.0 * (1024.0 if sys.platform == "darwin" else 1.0))


@dataclass(frozen=True)
class BenchmarkReport:
    benchmark: str
    slices: tuple[Slice, ...]
    params: Mapping[str, object]
    seconds: float
    peak_mb: float
    #: Figures that are no mean over a slice's users, by their names in the JSON; and tables that show more.
    figures: Mapping[str, float] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()

    def document(self) -> dict[str, object]:
        metrics, intervals = {}, {}
        for s in self.slices:
            for name, value in s.ours.items():
                metrics[name + s.suffix] = value.mean
                if s.users < INTERVALS_BELOW:
                    intervals[name + s.suffix] = [value.low, value.high]
        baselines: dict[str, dict[str, float]] = {}
        for s in self.slices:
            for label, row in s.baselines.items():
                baselines.setdefault(label, {}).update({k + s.suffix: v.mean for k, v in row.items()})
        return {
            "benchmark": self.benchmark,
            "metrics": metrics | dict(self.figures),
            "intervals_95": intervals,
            "users": {s.title: s.users for s in self.slices},
            "baselines": baselines,
            "published": {k: dict(v) for s in self.slices for k, v in s.published.items()},
            "params": {k: str(v) for k, v in self.params.items()},
            "seconds": round(self.seconds, 1),
            "peak_mb": round(self.peak_mb, 1),
        }


def finish(report: BenchmarkReport, json_out: Path | None, run: Run | None) -> BenchmarkReport:
    """Prints the tables, writes the JSON whole or not at all, logs everything to the run."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 150)
    for s in report.slices:
        console.print(s.table())
    for table in report.tables:
        console.print(table)
    console.print(f"{report.seconds:.0f} s, peak {report.peak_mb:.0f} MB")
    text = json.dumps(report.document(), indent=1)
    if json_out is not None:
        write_whole(json_out, text)
    tracked = run or NullRun()
    tracked.params(report.params)
    document = report.document()
    tracked.metrics(document["metrics"])  # type: ignore[arg-type]
    for s in report.slices:
        for label, row in s.baselines.items():
            tracked.metrics({f"baseline/{label}/{k}{s.suffix}": v.mean for k, v in row.items()})
    tracked.metrics({"seconds": report.seconds, "peak_mb": report.peak_mb})
    tracked.text(text, f"{report.benchmark}.json")
    return report


def as_command(run: Callable[..., object], doc: str | None) -> Callable[[], None]:
    """`python -m training.benchmarks.NAME`: the same as `jobpilot-ml benchmark NAME`, without a tracked run.

    Missing data ends in one line and exit code 2.
    """

    def main() -> None:
        parser = argparse.ArgumentParser(description=doc)
        parser.add_argument("--data", type=Path, required=True)
        parser.add_argument("--json", type=Path, default=None)
        parser.add_argument("--seed", type=int, default=0)
        given = parser.parse_args()
        try:
            run(given.data, json_out=given.json, seed=given.seed)
        except BenchmarkDataError as e:
            say(f"skipped: {e}")
            sys.exit(2)

    return main


def write_whole(path: Path, text: str) -> None:
    """Beside, flushed to disk, then renamed: a crash leaves the previous file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
