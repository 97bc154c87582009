"""Search as clients meet it: the application and a worker as processes of their own, load through HTTP."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import httpx

from app.supervisor.processes import Process, stop_all

LIST = "/api/v1/jobs/"
CONCURRENCY = (1, 8, 32)


class SystemFailedError(RuntimeError):
    """The system under test answered with an error, or not from its index."""


@dataclass
class Latencies:
    """Milliseconds of one run."""

    name: str
    values: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, q: float) -> float:
        ordered = sorted(self.values) or [0.0]
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


@contextmanager
def system(url: str, root: Path, logs: Path, workers: int) -> Iterator[str]:
    """The address of a running application over this database and index."""
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    environment = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": url.replace("postgresql+psycopg", "postgresql"),
        "SEARCH_URL": f"tantivy:{root}",
        "SERVING_URL": "http://127.0.0.1:9",
        "RATE_LIMIT_FACTOR": "0",
        "LOG_LEVEL": "WARNING",
    }
    serve = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", str(workers)]
    app = Process("app", serve, lambda: _answers(base), logs / "app.log", environment)
    work = [sys.executable, "-m", "app.cli", "worker"]
    worker = Process("worker", work, lambda: True, logs / "worker.log", environment)
    try:
        for process in (app, worker):
            process.start()
        app.wait_ready(60)
        yield base
    finally:
        stop_all([app, worker])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health/live/", timeout=2).is_success
    except httpx.HTTPError:
        return False


async def open_loop(
    base: str, queries: Sequence[dict[str, str]], rate: float, seconds: float, seed: int
) -> Latencies:
    """Arrivals as in real life: at random moments, whether or not earlier answers have come. Latency counts
    from the moment the request was due."""
    rng = random.Random(seed)  # noqa: S311
    found = Latencies(f"open loop, {rate:g}/s")
    async with _session() as session:
        await _warm(session, base)
        running: set[asyncio.Task[None]] = set()
        start = time.perf_counter()
        due = start
        for query in queries:
            due += rng.expovariate(rate)
            if due - start > seconds:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(_timed(session, base, query, found, due))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        found.seconds = time.perf_counter() - start
    return found


async def closed_loop(
    base: str, queries: Iterator[dict[str, str]], concurrency: int, seconds: float
) -> Latencies:
    """So many clients, each asking again as soon as it has its answer."""
    found = Latencies(f"{concurrency} at once")
    async with _session() as session:
        await _warm(session, base)
        start = time.perf_counter()

        async def client() -> None:
            while time.perf_counter() - start < seconds:
                await _timed(session, base, next(queries), found, time.perf_counter())

        await asyncio.gather(*(client() for _ in range(concurrency)))
        found.seconds = time.perf_counter() - start
    return found


def _session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=30)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=128), timeout=timeout)


async def _warm(session: aiohttp.ClientSession, base: str) -> None:
    """Connections and processes, not terms: what is asked for here is asked for nowhere else."""
    ignored = Latencies("")
    for turn in range(3):
        queries = [{"q": f"warm{turn}x{number}", "location": "Oslo"} for number in range(32)]
        await asyncio.gather(*(_timed(session, base, q, ignored, time.perf_counter()) for q in queries))


async def _timed(
    session: aiohttp.ClientSession, base: str, query: dict[str, str], found: Latencies, due: float
) -> None:
    async with session.get(f"{base}{LIST}", params=query) as response:
        body = await response.read()
    if response.status != 200 or b'"degraded":[]' not in body:
        raise SystemFailedError(f"{query}: HTTP {response.status} {body[-200:].decode(errors='replace')}")
    found.values.append((time.perf_counter() - due) * 1000)


async def findable(base: str, number: int) -> Latencies:
    """Milliseconds from the answer to a new posting until the list finds it."""
    found = Latencies("until findable")
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:
        account = {
            "email": f"bench-{secrets.token_hex(6)}@example.org",
            "password": secrets.token_urlsafe(16),
        }
        (await client.post("/api/v1/auth/register/", json=account)).raise_for_status()
        login = (await client.post("/api/v1/auth/login/", json=account)).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        company = await client.post("/api/v1/companies/", json={"name": f"Bench {secrets.token_hex(6)}"})
        slug = company.raise_for_status().json()["slug"]
        for _ in range(number):
            word = "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(12))
            body = {"company": slug, "title": f"Keeper {word}", "description": "Keeps."}
            made = (await client.post(LIST, json=body)).raise_for_status().json()
            started = time.perf_counter()
            while not (await client.get(LIST, params={"q": word})).json()["results"]:
                if time.perf_counter() - started > 30:
                    raise SystemFailedError("a new posting was not found within 30 s")
                await asyncio.sleep(0.01)
            found.values.append((time.perf_counter() - started) * 1000)
            (await client.post(f"{LIST}{made['id']}/close/")).raise_for_status()
    return found


def endless(queries: Sequence[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Every query once; who takes more than there are is told so."""
    yield from queries
    for _ in itertools.count():
        raise SystemFailedError("more requests than different queries: raise --queries")
