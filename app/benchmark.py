"""`jobpilot bench recommendations`: latency of explained recommendations, and scores a second, through the
running system.

Accounts are made for the run (in development only: they need no confirmed address) with profiles that all
differ, so no request repeats another; each account is asked once cold and then under load. The load comes
from a process of its own and through aiohttp: on the same cores, what the client costs is taken from the
system under test, and httpx costs as much as the app.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import secrets
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import aiohttp
import httpx
from rich.console import Console
from rich.table import Table

CONCURRENCY = (1, 8, 32)
#: Requests for scores at once, and postings in each.
SCORING, PAIRS = 8, (1, 100)
SKILLS = (
    "Python", "PostgreSQL", "AWS", "React", "TypeScript", "Java", "Kubernetes", "Go", "Spark", "SQL", "C++",
    "Docker", "Machine learning", "Node.js", "Ruby", "Android", "Terraform", "Kafka", "Linux", "Excel",
)  # fmt: skip
PLACES = ("Berlin", "London", "New York", "San Francisco", "Paris", "Toronto", "Munich", "Amsterdam", "")
TITLES = ("Backend Engineer", "Data Engineer", "Frontend Developer", "DevOps Engineer", "Product Manager", "")
Milliseconds = dict[str, list[float]]


class BenchmarkError(RuntimeError):
    """The system under test does not answer as it should."""


@dataclass
class Level:
    """All answers at one concurrency; `stages` as the server reported them."""

    concurrency: int
    latencies_ms: list[float] = field(default_factory=list)
    stages: Milliseconds = field(default_factory=dict)
    degraded: int = 0
    seconds: float = 0.0

    def add(self, status: int, body: bytes, server_timing: str, milliseconds: float) -> None:
        if status != httpx.codes.OK:
            raise BenchmarkError(f"HTTP {status}: {body[:200].decode(errors='replace')}")
        self.latencies_ms.append(milliseconds)
        self.degraded += b'"degraded":true' in body
        for name, value in stages_of(server_timing).items():
            self.stages.setdefault(name, []).append(value)

    def percentile(self, q: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def stages_of(server_timing: str) -> dict[str, float]:
    """Milliseconds per stage from a `Server-Timing` header (W3C)."""
    out = {}
    for entry in server_timing.split(","):
        name, _, duration = entry.strip().partition(";dur=")
        if duration:
            out[name] = float(duration)
    return out


@dataclass
class Scores:
    """Answers to score requests of `pairs` postings each, at a concurrency of SCORING."""

    pairs: int
    level: Level

    @property
    def per_second(self) -> float:
        return self.pairs * len(self.level.latencies_ms) / self.level.seconds


async def run(
    base_url: str, *, users: int, requests: int, seed: int
) -> tuple[list[float], list[Level], list[Scores]]:
    """(first-request latencies of new accounts, one Level per concurrency, scores per size of a request)."""
    rng = random.Random(seed)  # noqa: S311  (profiles, not secrets)
    async with httpx.AsyncClient(base_url=base_url, timeout=30.0) as client:
        tokens = [await _account(client, rng, number) for number in range(users)]
    limits = aiohttp.TCPConnector(limit=max(CONCURRENCY))
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(base_url, connector=limits, timeout=timeout) as load:
        cold = [await _timed(load, token, Level(0)) for token in tokens]
        levels = []
        for concurrency in CONCURRENCY:
            level = Level(concurrency)
            started = time.perf_counter()
            turns = itertools.islice(itertools.cycle(tokens), requests)
            await asyncio.gather(*(_client(load, turns, level) for _ in range(concurrency)))
            level.seconds = time.perf_counter() - started
            levels.append(level)
        jobs = await _postings(load)
        scores = [await _scores(load, tokens, jobs[:size], requests // 4) for size in PAIRS]
    return cold, levels, scores


async def _postings(load: aiohttp.ClientSession) -> list[str]:
    """Ids of a hundred open postings."""
    async with load.get("/api/v1/jobs/", params={"limit": "100"}) as response:
        body = await response.json()
    ids = [str(item["id"]) for item in body["results"]]
    if len(ids) < max(PAIRS):
        raise BenchmarkError(f"{len(ids)} open postings are too few to score")
    return ids


async def _scores(
    load: aiohttp.ClientSession, tokens: Sequence[str], jobs: Sequence[str], requests: int
) -> Scores:
    """Each account scores the same postings, with whole ledgers and without receipts."""
    level = Level(SCORING)
    turns = itertools.islice(itertools.cycle(tokens), max(requests, SCORING))

    async def client() -> None:
        for token in turns:
            await _score(load, token, jobs, level)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(SCORING)))
    level.seconds = time.perf_counter() - started
    return Scores(len(jobs), level)


async def _score(load: aiohttp.ClientSession, token: str, jobs: Sequence[str], level: Level) -> None:
    body = {"job_ids": list(jobs), "receipts": False}
    started = time.perf_counter()
    headers = {"Authorization": f"Bearer {token}"}
    async with load.post("/api/v2/matching/score/", json=body, headers=headers) as response:
        answer = await response.read()
    milliseconds = (time.perf_counter() - started) * 1000
    level.add(response.status, answer, response.headers.get("server-timing", ""), milliseconds)


async def _client(load: aiohttp.ClientSession, turns: itertools.islice[str], level: Level) -> None:
    for token in turns:
        await _timed(load, token, level)


async def _timed(load: aiohttp.ClientSession, token: str, level: Level) -> float:
    started = time.perf_counter()
    headers = {"Authorization": f"Bearer {token}"}
    async with load.get("/api/v2/recommendations/", params={"limit": "20"}, headers=headers) as response:
        body = await response.read()
    milliseconds = (time.perf_counter() - started) * 1000
    level.add(response.status, body, response.headers.get("server-timing", ""), milliseconds)
    return milliseconds


async def _account(client: httpx.AsyncClient, rng: random.Random, number: int) -> str:
    login = {
        "email": f"bench-{secrets.token_hex(6)}@example.org",
        "password": secrets.token_urlsafe(16),
    }
    _expect(await client.post("/api/v1/auth/register/", json=login), 202)
    answer = _expect(await client.post("/api/v1/auth/login/", json=login), 200)
    token = str(answer["access_token"])
    profile = {
        "skills": rng.sample(SKILLS, 5),
        "location": rng.choice(PLACES),
        "desired_title": rng.choice(TITLES),
        "experience_years": number % 15,
    }
    headers = {"Authorization": f"Bearer {token}"}
    _expect(await client.patch("/api/v1/auth/profile/", json=profile, headers=headers), 200)
    return token


def _expect(response: httpx.Response, status: int) -> dict[str, object]:
    if response.status_code == 429:
        raise BenchmarkError("rate limited: use fewer --users")
    if response.status_code != status:
        raise BenchmarkError(
            f"{response.request.url.path}: HTTP {response.status_code} {response.text[:200]}"
        )
    body: dict[str, object] = response.json()
    return body


def tables(cold: Sequence[float], levels: Sequence[Level], scores: Sequence[Scores]) -> list[Table]:
    latency = Table("concurrency", "n", "p50 ms", "p95 ms", "p99 ms", "requests/s", "degraded",
                    title="GET /api/v2/recommendations/?limit=20", title_justify="left")  # fmt: skip
    first = sorted(cold)
    p95 = first[int(0.95 * (len(first) - 1))]
    latency.add_row(
        "first request", str(len(first)), f"{statistics.median(first):.1f}", f"{p95:.1f}", f"{first[-1]:.1f}"
    )
    for level in levels:
        cells = [f"{level.percentile(q):.1f}" for q in (0.5, 0.95, 0.99)]
        rate = f"{len(level.latencies_ms) / level.seconds:.0f}"
        latency.add_row(
            str(level.concurrency), str(len(level.latencies_ms)), *cells, rate, str(level.degraded)
        )
    return [latency, _stage_table(levels), _score_table(scores)]


def _score_table(scores: Sequence[Scores]) -> Table:
    table = Table("postings a request", "n", "p50 ms", "p95 ms", "pairs/s", title_justify="left",
                  title=f"POST /api/v2/matching/score/, {SCORING} at once, whole ledgers")  # fmt: skip
    for found in scores:
        cells = [f"{found.level.percentile(q):.1f}" for q in (0.5, 0.95)]
        size = str(len(found.level.latencies_ms))
        table.add_row(str(found.pairs), size, *cells, f"{found.per_second:.0f}")
    return table


def _stage_table(levels: Sequence[Level]) -> Table:
    table = Table("stage", *(f"{x.concurrency} at once" for x in levels), title_justify="left",
                  title="Median milliseconds per stage (share of the stages' sum)")  # fmt: skip
    medians = [{k: statistics.median(v) for k, v in level.stages.items()} for level in levels]
    totals = [sum(v for k, v in m.items() if k != "total") for m in medians]
    for name in medians[0]:
        cells = [
            f"{m.get(name, 0):.1f} ({m.get(name, 0) / max(t, 1e-9):.0%})"
            for m, t in zip(medians, totals, strict=True)
        ]
        table.add_row(name, *cells)
    return table


def main(base_url: str, *, users: int, requests: int, seed: int, json_out: Path | None) -> int:
    """The exit code: 1 with one line if the system under test fails."""
    console = Console()
    try:
        cold, levels, scores = asyncio.run(run(base_url, users=users, requests=requests, seed=seed))
    except (OSError, httpx.HTTPError, BenchmarkError) as error:  # aiohttp's errors are OSErrors
        console.print(f"error: {type(error).__name__}: {error}", highlight=False)
        return 1
    for table in tables(cold, levels, scores):
        console.print(table)
    if json_out is not None:
        document = {
            "first_ms": cold,
            "levels": [asdict(x) for x in levels],
            "scores": [asdict(x) | {"pairs_per_second": x.per_second} for x in scores],
        }
        json_out.write_text(json.dumps(document))
    return 0
