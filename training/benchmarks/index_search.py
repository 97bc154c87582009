"""Benchmark of the vector index beside raw FAISS and hnswlib: recall, latency, changes, memory.

    python -m training.benchmarks.index_search --json results.json
    python -m training.benchmarks.index_search --scale 0.1 --engines ours,flat,ivf

Every engine runs alone in its own process, so memory is its own. Searches are single queries on one
thread; builds use all cores. Besides wall time the processor time of a query is kept: on a shared machine
it is the figure that can be compared.
"""

from __future__ import annotations

import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from models.index import IndexOptions, JobIndex
from training.benchmarks.index_datasets import (
    FULL_ROWS,
    Bools,
    Dataset,
    Floats,
    Task,
    make_task,
    open_task,
)
from training.benchmarks.index_datasets import Progress as Report
from training.benchmarks.index_peers import EF_CONSTRUCTION, EF_SEARCH, PEERS, Peer, Unsupported

VERSION = "benchmark"
CHANGES = 200
WARM_UP = 3
#: A cell of a slow engine ends after so many seconds, but not before this many queries.
CELL_SECONDS, MIN_QUERIES = 20.0, 20
ENGINES = ("ours", *PEERS)


class Ours(Peer):
    label = "JobIndex"
    index: JobIndex

    def build(self, vectors: Floats, threads: int, progress: Report) -> None:
        progress("building", 0.0)
        options = IndexOptions(threads=1, build_threads=threads)
        self.index = JobIndex.build(
            vectors, np.arange(len(vectors)), encoder_version=VERSION, kind="fastscan", options=options
        )

    def prepare(self, mask: Bools) -> Any:
        return None if mask.all() else (mask, self.index.generation)

    def search(self, query: Floats, k: int, prepared: Any) -> Any:
        allowed, generation = prepared or (None, None)
        return self.index.search(query, k, encoder_version=VERSION, allowed=allowed, generation=generation)[
            1
        ][0]

    def add(self, row: int, vector: Floats) -> None:
        self.index.add([row], vector)

    def delete(self, row: int) -> None:
        self.index.remove([row])


def measure(engine: Peer, task: Task, threads: int, progress: Report) -> dict[str, Any]:
    """Everything about one engine on one data set; seconds and milliseconds as the keys say."""
    before = anonymous_mb()
    started = time.perf_counter()
    engine.build(task.vectors, threads, progress)
    result: dict[str, Any] = {
        "build_s": time.perf_counter() - started,
        "memory_mb": anonymous_mb() - before,
        "cells": {},
    }
    for i, name in enumerate(task.masks):
        progress(f"filter {name}", i / len(task.masks))
        result["cells"][name] = _cell(engine, task, name)
    progress("changes", 0.9)
    result |= _adds(engine, task) | _deletes(engine, task)
    if isinstance(engine, Ours):
        progress("rebuild under search", 0.95)
        result |= _rebuild(engine, task)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def _cell(engine: Peer, task: Task, name: str) -> dict[str, float]:
    prepared = engine.prepare(task.masks[name])
    for query in task.queries[:WARM_UP]:
        engine.search(query[None], task.k, prepared)
    recalls, wall, cpu, started = [], [], [], time.perf_counter()
    for i in range(len(task.queries)):
        query = task.queries[i : i + 1]
        at, at_cpu = time.perf_counter(), time.thread_time()
        ids = engine.search(query, task.k, prepared)
        wall.append(time.perf_counter() - at)
        cpu.append(time.thread_time() - at_cpu)
        recalls.append(task.recall(name, i, ids))
        if i + 1 >= MIN_QUERIES and time.perf_counter() - started > CELL_SECONDS:
            break
    times = _percentiles("", wall) | _percentiles("cpu_", cpu)
    return {"recall": float(np.mean(recalls)), "worst": float(np.min(recalls)), "queries": len(wall)} | times


def _adds(engine: Peer, task: Task) -> dict[str, Any]:
    """Time of single adds, and how many the very next search returned."""
    everything = engine.prepare(np.ones(len(task.vectors), dtype=np.bool_))
    seconds, visible = [], 0
    for i in range(min(CHANGES, len(task.fresh))):
        row, vector = len(task.vectors) + i, task.fresh[i : i + 1]
        at = time.perf_counter()
        engine.add(row, vector)
        seconds.append(time.perf_counter() - at)
        visible += int(engine.search(vector, 1, everything)[0] == row)
    first = {"add_first_ms": 1e3 * seconds[0], "add_visible": visible / len(seconds)}
    return _percentiles("add_", seconds) | first


def _deletes(engine: Peer, task: Task) -> dict[str, Any]:
    seconds: list[float] = []
    started = time.perf_counter()
    try:
        for row in range(CHANGES):
            at = time.perf_counter()
            engine.delete(row)
            seconds.append(time.perf_counter() - at)
            if time.perf_counter() - started > CELL_SECONDS:
                break
    except Unsupported:
        return {"delete_p50_ms": None, "delete_p95_ms": None}
    return _percentiles("delete_", seconds)


def _rebuild(engine: Ours, task: Task) -> dict[str, Any]:
    """A full compaction beside one thread that never stops searching; changes arrive meanwhile."""
    index, generation = engine.index, engine.index.generation
    seconds: list[float] = []
    failed, peak = 0, 0.0
    started = time.perf_counter()
    index.compact()
    while not index.wait_for_compaction(0):
        turn = len(seconds)
        added = len(task.vectors) + CHANGES + turn
        if turn < len(task.fresh) - CHANGES:
            index.add([added], task.fresh[CHANGES + turn : CHANGES + turn + 1])
        at = time.perf_counter()
        try:
            engine.search(task.queries[turn % len(task.queries)][None], task.k, None)
        except Exception:
            failed += 1
        seconds.append(time.perf_counter() - at)
        peak = max(peak, anonymous_mb()) if turn % 50 == 0 else peak
    elapsed = time.perf_counter() - started
    added_ids = len(task.vectors) + CHANGES + np.arange(min(len(seconds), len(task.fresh) - CHANGES))
    lost = int(np.count_nonzero(index.rows_of(added_ids) < 0))
    return {
        "rebuild_s": elapsed,
        "rebuild_swapped": index.generation != generation,
        "rebuild_searches": len(seconds),
        "rebuild_failed_searches": failed,
        "rebuild_lost_updates": lost,
        "rebuild_peak_mb": peak,
    } | _percentiles("rebuild_search_", seconds)


def _percentiles(prefix: str, seconds: Sequence[float]) -> dict[str, float]:
    p50, p95 = 1e3 * np.quantile(seconds, [0.5, 0.95])
    return {f"{prefix}p50_ms": float(p50), f"{prefix}p95_ms": float(p95)}


def anonymous_mb() -> float:
    """Memory of this process that is its own: mapped files, which all engines share, do not count."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this benchmark reads /proc/self/status of Linux ≥ 4.5")


def _child(connection: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    def report(text: str, share: float) -> None:
        connection.send(("progress", (text, share)))

    try:
        connection.send(("result", work(*arguments, report)))
    except Exception as error:
        connection.send(("error", f"{type(error).__name__}: {error}"))


def in_own_process(work: Callable[..., Any], arguments: tuple[Any, ...], report: Report) -> Any:
    """work(*arguments, report) in a fresh process; RuntimeError with its message when it fails or dies."""
    context = get_context("spawn")
    parent, child = context.Pipe()
    process = context.Process(target=_child, args=(child, work, arguments), daemon=True)
    process.start()
    child.close()
    try:
        while True:
            kind, content = parent.recv()
            if kind == "progress":
                report(*content)
            elif kind == "error":
                raise RuntimeError(content)
            else:
                return content
    except EOFError:
        process.join()
        raise RuntimeError(f"its process ended with code {process.exitcode}") from None
    finally:
        if process.is_alive():
            process.join(10)
            process.terminate()


def measure_engine(name: str, folder: Path, threads: int, report: Report) -> dict[str, Any]:
    engine = Ours() if name == "ours" else PEERS[name]()
    return measure(engine, open_task(folder), threads, report)


def run(
    scale: float = 1.0,
    engines: Sequence[str] = ENGINES,
    datasets: Sequence[Dataset] = get_args(Dataset),
    queries: int = 200,
    k: int = 100,
    folder: Path | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Measure `engines` on `datasets` of scale x 1 M and scale x 300 k rows; see `metrics` for the shape.

    Data is made in a temporary folder (`folder`, or the system's) and removed: 1.4 GB at full size.
    """
    unknown = set(engines) - set(ENGINES) | set(datasets) - set(FULL_ROWS)
    if unknown or not 0 < scale <= 1 or queries < 1 or not engines:
        raise ValueError(f"unknown engine or data set {sorted(unknown)}, or scale outside (0, 1]")
    threads, started = os.cpu_count() or 1, time.perf_counter()
    results: dict[str, dict[str, Any]] = {name: {} for name in engines}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="bench-index-") as data,
        Progress(*columns, console=console or Console(stderr=True), transient=True) as bars,
    ):
        for dataset in datasets:
            place, rows = Path(data) / dataset, max(2_000, int(scale * FULL_ROWS[dataset]))
            with_bar(bars, f"{dataset} data", make_task, (place, dataset, rows, queries, k, 1))
            for name in engines:
                try:
                    arguments = (name, place, threads)
                    results[name][dataset] = with_bar(bars, f"{dataset}: {name}", measure_engine, arguments)
                except RuntimeError as error:
                    results[name][dataset] = {"error": str(error)}
                results[name][dataset]["rows"] = rows
    return summary(results, k, time.perf_counter() - started)


def with_bar(bars: Progress, title: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    bar = bars.add_task(title, total=1.0)

    def report(text: str, share: float) -> None:
        bars.update(bar, description=f"{title}: {text}", completed=share)

    try:
        return in_own_process(work, arguments, report)
    finally:
        bars.remove_task(bar)


def summary(results: dict[str, dict[str, Any]], k: int, seconds: float) -> dict[str, Any]:
    """The benchmark's JSON: flat metrics of ours, the same of each peer, and all details."""
    flat = {name: _flat(by_dataset, k) for name, by_dataset in results.items()}
    peaks = [r.get("peak_mb", 0.0) for by_dataset in results.values() for r in by_dataset.values()]
    return {
        "benchmark": "index",
        "metrics": flat.pop("ours", {}),
        "baselines": {PEERS[name].label: values for name, values in flat.items()},
        "seconds": seconds,
        "peak_mb": max(peaks),
        "load_average": os.getloadavg(),
        "cores": os.cpu_count(),
        "k": k,
        "details": results,
    }


def _flat(by_dataset: dict[str, Any], k: int) -> dict[str, float]:
    values: dict[str, float] = {}
    for dataset, result in by_dataset.items():
        for name, cell in result.get("cells", {}).items():
            values[f"recall@{k} {dataset} {name}"] = cell["recall"]
            values[f"p95_ms {dataset} {name}"] = cell["p95_ms"]
        for key in ("add_p95_ms", "delete_p95_ms", "build_s", "rebuild_s", "memory_mb"):
            if result.get(key) is not None:
                values[f"{key} {dataset}"] = result[key]
    return values


def table(report: dict[str, Any]) -> Table:
    """One row a measurement, one column an engine. Times in milliseconds unless they say s."""
    details: dict[str, dict[str, Any]] = report["details"]
    labels = [Ours.label if name == "ours" else PEERS[name].label for name in details]
    out = Table(
        title=f"recall@{report['k']}  p50/p95 ms of one query (processor p95)",
        caption=f"HNSW: M 32, efConstruction {EF_CONSTRUCTION}, efSearch {EF_SEARCH}. Peers rebuild by "
        f"building again. Load average at the end: {report['load_average'][0]:.1f}, {report['cores']} cores.",
    )
    for heading in ("data", "measured", *labels):
        out.add_column(heading, no_wrap=heading in ("data", "measured"))
    for dataset in next(iter(details.values())):
        column = [by_dataset[dataset] for by_dataset in details.values()]
        names = next((list(result["cells"]) for result in column if "cells" in result), [])
        title = f"{dataset} {column[0]['rows']:,}"
        for name in names:
            out.add_row(title, f"filter {name}", *(_cell_text(result, name) for result in column))
        for label, text in _OTHERS.items():
            out.add_row(title, label, *("" if "error" in r else text(r) for r in column))
        out.add_section()
    return out


def _cell_text(result: dict[str, Any], name: str) -> str:
    if "error" in result:
        return f"failed: {result['error']}"
    cell = result["cells"][name]
    times = f"{cell['p50_ms']:.2f}/{cell['p95_ms']:.2f} ({cell['cpu_p95_ms']:.2f})"
    return f"{cell['recall']:.3f}  {times}"


def _delete_text(result: dict[str, Any]) -> str:
    if result["delete_p50_ms"] is None:
        return "cannot"
    return f"{result['delete_p50_ms']:.3f}/{result['delete_p95_ms']:.3f}"


def _rebuild_text(result: dict[str, Any]) -> str:
    if "rebuild_s" not in result:
        return f"{result['build_s']:.1f} s"
    searches = f"{result['rebuild_failed_searches']} of {result['rebuild_searches']} searches failed"
    peak = f"{result['rebuild_lost_updates']} updates lost, peak {result['rebuild_peak_mb']:.0f} MB"
    return f"{result['rebuild_s']:.1f} s, {searches}, their p95 {result['rebuild_search_p95_ms']:.1f}, {peak}"


_OTHERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "add p50/p95": lambda r: f"{r['add_p50_ms']:.3f}/{r['add_p95_ms']:.3f}, first {r['add_first_ms']:.1f}",
    "seen by next search": lambda r: f"{100 * r['add_visible']:.0f} %",
    "delete p50/p95": _delete_text,
    "build": lambda r: f"{r['build_s']:.1f} s",
    "rebuild": _rebuild_text,
    "memory": lambda r: f"{r['memory_mb']:,.0f} MB",
}


def main(
    scale: Annotated[float, typer.Option(help="share of the full 1 M and 300 k rows")] = 1.0,
    engines: Annotated[str, typer.Option(help="comma-separated")] = ",".join(ENGINES),
    datasets: Annotated[str, typer.Option(help="comma-separated")] = ",".join(FULL_ROWS),
    queries: Annotated[int, typer.Option(help="single queries per cell")] = 200,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    """Measure JobIndex beside raw FAISS and hnswlib. HNSW at full size builds for minutes on two cores."""
    try:
        report = run(scale, engines.split(","), datasets.split(","), queries)  # type: ignore[arg-type]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    Console(width=None if os.isatty(1) else 240).print(table(report))
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
