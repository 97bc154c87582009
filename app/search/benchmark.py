"""`jobpilot bench search`: our search beside PostgreSQL's and bm25s, in one run and on the same postings.

In process each engine gets the same questions of five classes, none of them twice; through HTTP the whole
system gets a mixture of all, at random moments and then as fast as it answers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from rich.table import Table

from app.search.benchmark_data import Built, Folder
from app.search.benchmark_http import (
    CONCURRENCY,
    Latencies,
    SystemFailedError,
    closed_loop,
    endless,
    findable,
    open_loop,
    system,
)
from app.search.benchmark_market import CLASSES, Market, Questions
from app.search.benchmark_peers import Bm25s, Ours, Peer, Postgres, bm25s_of, measure
from app.search.tantivy_engine import TantivyEngine
from app.supervisor.processes import StartError

#: Requests a second that the system has to bear, and what it may take for each (95 of 100).
RATE, GOAL_MS, HTTP_GOAL_MS = 50.0, 20.0, 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    postings: int
    queries: int
    seconds: float
    workers: int
    seed: int
    folder: Path


@dataclass
class Report:
    plan: Plan
    built: Built | None = None
    bm25s_s: float = 0.0
    #: class -> engine -> latencies
    classes: dict[str, dict[str, Latencies]] = field(default_factory=dict)
    matches: dict[str, int] = field(default_factory=dict)
    http: list[Latencies] = field(default_factory=list)
    new: Latencies | None = None


def run(plan: Plan, console: Console, *, peers: bool) -> Report:
    """Raises StartError, SystemFailedError."""
    report = Report(plan)
    market = Market(plan.seed)
    folder = Folder(plan.folder, market, plan.postings, console.print)
    try:
        url = folder.start()
        built = report.built = folder.build(url)
        engine = TantivyEngine(built.root)
        questions = Questions(market, plan.postings, _frequencies(engine, market), plan.seed)
        _in_process(report, questions, _peers(url, engine, report, peers), console)
        with system(url, built.root, plan.folder / "logs", plan.workers) as base:
            asyncio.run(_through_http(report, questions, base, console))
    finally:
        folder.stop()
    return report


def _frequencies(engine: TantivyEngine, market: Market) -> dict[str, int]:
    """In how many postings each word is, as the index counts it."""
    return {word: engine.frequency(word) for word in market.words}


def _peers(url: str, engine: TantivyEngine, report: Report, wanted: bool) -> list[Peer]:
    loop = asyncio.new_event_loop()
    engines: list[Peer] = [Ours(engine, loop)]
    if wanted:
        engines.append(Postgres(url, loop))
        other: Bm25s | None = bm25s_of(url)
        if other is not None:
            report.bm25s_s = other.seconds
            engines.append(other)
    return engines


def _in_process(report: Report, questions: Questions, engines: Sequence[Peer], console: Console) -> None:
    for engine in engines:  # processes, caches of the file system and the tables of places, not the terms
        engine.ask({"q": "warm up", "location": "Oslo", "radius_km": "50"})
    for kind in CLASSES:
        queries = questions.of(kind, report.plan.queries)
        row = report.classes[kind] = {}
        for engine in engines:
            if engine.can(kind):
                console.print(f"{kind}: {engine.name}")
                row[engine.name], matches = measure(engine, queries, report.plan.seconds * 3)
                if matches:
                    report.matches[kind] = int(median(matches))


async def _through_http(report: Report, questions: Questions, base: str, console: Console) -> None:
    plan = report.plan
    console.print("through HTTP")
    due = questions.mixed(int(RATE * plan.seconds * 1.5) + 50)
    report.http.append(await open_loop(base, due, RATE, plan.seconds, plan.seed))
    for concurrency in CONCURRENCY:
        asked = endless(questions.mixed(int(1000 * plan.seconds)))
        report.http.append(await closed_loop(base, asked, concurrency, plan.seconds))
    report.new = await findable(base, 20)


def tables(report: Report) -> list[Table]:
    names = list(next(iter(report.classes.values())))
    title = f"{report.plan.postings:,} postings, in process, one at a time"
    columns = ("n", "p50 ms", "p95 ms", "p99 ms")
    inside = Table("class", "matches (median)", "engine", *columns, title=title, title_justify="left")
    for kind, row in report.classes.items():
        for number, name in enumerate(names):
            first = (kind, f"{report.matches.get(kind, 0):,}") if not number else ("", "")
            found = row.get(name)
            cells = _cells(found) if found else ("", "cannot", "", "")
            inside.add_row(*first, name, *cells, end_section=name == names[-1])
    title = f"GET /api/v1/jobs/, all classes mixed, {report.plan.workers} processes"
    outside = Table("load", *columns, "requests/s", title=title, title_justify="left")
    for found in report.http:
        outside.add_row(found.name, *_cells(found), f"{len(found.values) / found.seconds:.0f}")
    return [inside, outside, _sizes(report)]


def _cells(found: Latencies) -> tuple[str, str, str, str]:
    return (str(len(found.values)), *(f"{found.percentile(q):.1f}" for q in (0.5, 0.95, 0.99)))  # type: ignore[return-value]


def _sizes(report: Report) -> Table:
    table = Table("", "build s", "size MB", title="Indexes", title_justify="left")
    built = report.built
    if built is not None:
        seconds = f"{built.index_s:.0f}" if built.index_s else "was there"
        table.add_row("ours (reads PostgreSQL)", seconds, f"{built.index_bytes / 1e6:.0f}")
        seconds = f"{built.database_s:.0f}" if built.database_s else "was there"
        table.add_row(
            "PostgreSQL (GIN, without the vectors' own time)", seconds, f"{built.database_bytes / 1e6:.0f}"
        )
    if report.bm25s_s:
        table.add_row("bm25s (in memory)", f"{report.bm25s_s:.0f}", "")
    if report.new is not None:
        low, high = report.new.percentile(0.5), report.new.percentile(1)
        table.add_row("a new posting is findable", f"median {low:.0f} ms, longest {high:.0f} ms", "")
    return table


def main(plan: Plan, *, peers: bool, json_out: Path | None) -> int:
    """The exit code: 1 with one line if something under test fails."""
    console = Console()
    try:
        report = run(plan, console, peers=peers)
    except (StartError, SystemFailedError, OSError, httpx.HTTPError) as error:
        console.print(f"error: {type(error).__name__}: {error}", highlight=False)
        return 1
    for table in tables(report):
        console.print(table)
    if json_out is not None:
        json_out.write_text(json.dumps(asdict(report), default=str))
    return 0
