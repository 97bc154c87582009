"""Exact search beside the fast scan on invented vectors: the recall it gives up, the time it saves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from models.index import IndexOptions, JobIndex, RequestedKind
from training.benchmarks.index_datasets import Dataset, Task, make_task, open_task
from training.plots import INK, new_axes

VERSION = "trade-off"
KINDS: tuple[RequestedKind, ...] = ("exact", "fastscan")
_COLOURS = {"exact": "grey", "fastscan": INK}


@dataclass(frozen=True)
class Cell:
    """One kind of index under one filter, asked one query at a time on one thread. `passing` counts the rows
    that the filter lets through, `worst` is the recall of the worst query, `ms` the median processor time."""

    kind: str
    filter: str
    passing: int
    recall: float
    worst: float
    ms: float


def trade_off(
    folder: Path, *, rows: int, queries: int = 60, k: int = 100, dataset: Dataset = "clustered", seed: int = 0
) -> list[Cell]:
    """`rows` vectors of the benchmark's kind (training/benchmarks/index_datasets.py), written to `folder`."""
    make_task(folder, dataset, rows, queries, k, seed, lambda what, share: None)
    task = open_task(folder)
    return [cell for kind in KINDS for cell in _cells(kind, task)]


def _cells(kind: RequestedKind, task: Task) -> list[Cell]:
    options = IndexOptions(threads=1, build_threads=1)
    ids = np.arange(len(task.vectors))
    index = JobIndex.build(task.vectors, ids, encoder_version=VERSION, kind=kind, options=options)
    return [_cell(kind, index, task, name) for name in task.masks]


def _cell(kind: str, index: JobIndex, task: Task, name: str) -> Cell:
    mask = task.masks[name]
    allowed = None if mask.all() else mask
    recalls, seconds = [], []
    for i in range(len(task.queries)):
        started = time.thread_time()
        _, ids = index.search(
            task.queries[i : i + 1],
            task.k,
            encoder_version=VERSION,
            allowed=allowed,
            generation=None if allowed is None else index.generation,
        )
        seconds.append(time.thread_time() - started)
        recalls.append(task.recall(name, i, ids[0]))
    figures = float(np.mean(recalls)), float(np.min(recalls)), 1e3 * float(np.median(seconds))
    return Cell(kind, name, int(mask.sum()), *figures)


def times(cells: Sequence[Cell]) -> Figure:
    """Time of a query by the number of rows that pass."""
    figure, axes = new_axes("Time of a query by filter (invented vectors)", "rows that pass the filter", "ms")
    for kind in KINDS:
        mine = sorted((c for c in cells if c.kind == kind), key=lambda c: c.passing)
        axes.plot([c.passing for c in mine], [c.ms for c in mine], "o-", color=_COLOURS[kind], label=kind)
    axes.set(xscale="log", yscale="log")
    axes.legend(frameon=False)
    return figure


def recalls(found: Mapping[str, Sequence[Cell]]) -> Figure:
    """Mean recall of the scan by data set and filter, down to the worst query."""
    figure, axes = new_axes("Recall against exact search (invented vectors)", "", "recall")
    for shift, (name, cells) in enumerate(found.items()):
        mine = [c for c in cells if c.kind == "fastscan"]
        low = [c.recall - c.worst for c in mine]
        places, colour = np.arange(len(mine)) + 0.15 * shift, (INK, "#2e7d32")[shift % 2]
        means = [c.recall for c in mine]
        error = [low, [0.0] * len(mine)]
        axes.errorbar(places, means, yerr=error, fmt="o", color=colour, capsize=3, label=name)
        axes.set_xticks(range(len(mine)), [f"{c.filter}\n{c.passing:,} rows" for c in mine], fontsize=8)
    axes.axhline(0.99, color="#b35c00", linestyle="--", linewidth=1)
    axes.set_ylim(top=1.005)
    axes.legend(frameon=False)
    return figure
