"""`python -m serving.benchmark`: how long a page of recommendations takes in one process, by stage.

To see a million postings without encoding a million, a release's postings are repeated under new ids with
vectors moved a little (unit noise of .1); what filters, ranking and explanations read is repeated as it is.
The people are invented and all differ. What HTTP, BentoML and the app add is measured by `make bench`.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from models.index import JobIndex
from models.jobs_table import read_jobs
from models.release import Release, champion, read_release
from serving.behaviour import GuardedBehaviour, MemoryBehaviour
from serving.catalog import Catalog
from serving.engine import Engine
from serving.recommender import Recommender
from serving.schemas import HistoryItem, RecommendRequest, ScoreRequest, UserDocument

F32 = npt.NDArray[np.float32]
NOISE = 0.1
SKILLS = (
    *("Python", "PostgreSQL", "AWS", "React", "TypeScript", "Java", "Kubernetes", "Go", "SQL", "C++"),
    *("Docker", "Machine learning", "Node.js", "Nursing", "Accounting", "Sales", "Excel", "Cooking"),
)
PLACES = ("Berlin", "London", "New York", "San Francisco", "Paris", "Toronto", "Munich", "")
TITLES = ("Backend Engineer", "Data Engineer", "Nurse", "Accountant", "Sales Manager", "Chef", "")


def main() -> int:
    arguments = _parser().parse_args()
    release_id = arguments.release or champion(arguments.releases)
    if release_id is None:
        print(f"error: no release was chosen in {arguments.releases}", file=sys.stderr)  # noqa: T201
        return 1
    release = read_release(arguments.releases / release_id)
    console = Console(width=None if sys.stdout.isatty() else 120)
    for size in arguments.postings:
        engine = enlarged(release, size)
        title = f"release {release_id}, {len(engine.index):,} postings ({engine.index.kind} index)"
        console.print(pages_table(engine, arguments.requests, arguments.seed, title))
        console.print(scores_table(engine, arguments.requests, arguments.seed))
    return 0


def enlarged(release: Release, size: int) -> Engine:
    """The release with its postings repeated until there are `size` of them (all of them if 0)."""
    bundle = release.load_bundle(threads=1)
    index = release.load_index()
    ids = np.sort(index.ids())
    vectors = index.vectors(ids)[1]
    tables = pa.concat_tables(read_jobs(release.jobs_path))
    order = np.searchsorted(np.asarray(tables["job_id"]), ids)
    tables = tables.sort_by("job_id").take(pa.array(order)) if len(order) else tables
    catalog, many, rng = Catalog(), [], np.random.default_rng(0)
    size = size or len(ids)
    copies = -(-size // len(ids))
    for copy in tqdm(range(copies), desc="repeating postings", disable=not sys.stderr.isatty()):
        rows = min(len(ids), size - copy * len(ids))
        part = tables.slice(0, rows)
        new = pa.array(ids[:rows] + copy * (int(ids[-1]) + 1))
        catalog.extend(part.set_column(0, "job_id", new))
        moved = vectors[:rows] + (0 if copy == 0 else NOISE) * _noise(rng, vectors[:rows].shape)
        many.append(moved / np.linalg.norm(moved, axis=1, keepdims=True))
    keys = np.concatenate([ids[:size]] + [ids + c * (int(ids[-1]) + 1) for c in range(1, copies)])[:size]
    large = JobIndex.build(
        np.concatenate(many).astype(np.float32), keys, encoder_version=bundle.encoder_version
    )
    return Engine(release, bundle, large, catalog)


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> F32:
    noise = rng.standard_normal(shape).astype(np.float32)
    return np.asarray(noise / np.linalg.norm(noise, axis=1, keepdims=True), np.float32)


def people(ids: npt.NDArray[np.int64], seed: int) -> Iterator[UserDocument]:
    """Invented people without end, every other one with a past."""
    draw = random.Random(seed)  # noqa: S311  (profiles, not secrets)
    now = datetime.now(UTC)
    for number in itertools.count():
        past = draw.sample(range(len(ids)), 5) if number % 2 else []
        yield UserDocument(
            user_id=number,
            desired_title=draw.choice(TITLES),
            resume_text=" ".join(draw.sample(SKILLS, 4)) + " used daily, for customers of all sizes." * 10,
            skills=tuple(draw.sample(SKILLS, 5)),
            location=draw.choice(PLACES),
            experience_years=number % 15,
            history=tuple(HistoryItem(job_id=int(ids[k]), kind="view", at=now) for k in past),
        )


def pages_table(engine: Engine, requests: int, seed: int, title: str) -> Table:
    """Pages of twenty with short ledgers; the first ten requests warm up."""
    recommender, now = _recommender(), datetime.now(UTC)
    total: list[float] = []
    stages: dict[str, list[float]] = {}
    for number, user in enumerate(itertools.islice(people(engine.index.ids(), seed), requests + 10)):
        started = time.perf_counter()
        answer = recommender.recommend(engine, RecommendRequest(user=user, limit=20), now)
        milliseconds = (time.perf_counter() - started) * 1000
        if number >= 10:
            total.append(milliseconds)
            for name, value in answer.stages_ms.items():
                stages.setdefault(name, []).append(value)
    table = Table("stage", "p50 ms", "p95 ms", "p99 ms", "share", title=f"{title}, n = {len(total)}")
    table.title_justify = "left"
    whole = sum(map(sum, stages.values()))
    for name, values in stages.items():
        table.add_row(name, *_percentiles(values), f"{sum(values) / whole:.0%}")
    table.add_row("a page of 20, explained", *_percentiles(total), "", style="bold")
    return table


def scores_table(engine: Engine, requests: int, seed: int) -> Table:
    """Pairs per second: one posting a request, and a hundred, with whole ledgers."""
    recommender, now, ids = _recommender(), datetime.now(UTC), engine.index.ids()
    table = Table("postings a request", "pairs/s", "p50 ms", "p95 ms", title="score, with ledgers")
    table.title_justify = "left"
    draw = random.Random(seed)  # noqa: S311
    for size in (1, 100):
        times = []
        for user in itertools.islice(people(ids, seed), max(requests // (10 if size > 1 else 1), 10)):
            asked = tuple(int(ids[k]) for k in draw.sample(range(len(ids)), size))
            started = time.perf_counter()
            recommender.score(engine, ScoreRequest(user=user, job_ids=asked), now)
            times.append((time.perf_counter() - started) * 1000)
        p50, p95, _ = _percentiles(times)
        table.add_row(str(size), f"{1000 * size / statistics.median(times):.0f}", p50, p95)
    return table


def _recommender() -> Recommender:
    return Recommender(GuardedBehaviour(MemoryBehaviour()), epsilon=0.0, draw=random.Random(0))  # noqa: S311


def _percentiles(values: Sequence[float]) -> tuple[str, str, str]:
    return tuple(f"{float(np.percentile(values, q)):.1f}" for q in (50, 95, 99))  # type: ignore[return-value]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=Path, default=Path("data/releases"))
    parser.add_argument("--release", default=None, help="default: the champion")
    parser.add_argument("--postings", type=int, nargs="+", default=[0], help="sizes; 0: as released")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
