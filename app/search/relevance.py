"""`jobpilot bench relevance`: how good the first ten results are, by mode, over judged queries.

Judgements are lines `query,source,posting,grade` (the posting by its feed's own id) with grades 0 off topic,
1 related, 2 fits, 3 exactly what was asked for. NDCG@10 with gains 2^grade - 1 (Järvelin and Kekäläinen
2002; Burges et al. 2005); a result nobody judged counts as 0 and is reported as such. Only postings of the
sources that were judged are looked at, so demo data beside them changes nothing.
"""

from __future__ import annotations

import csv
import json
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.table import Table
from sqlalchemy import text

from app.db import Database

MODES = ("keyword", "semantic", "hybrid")
K = 10
RESAMPLES = 2000
POOL_TEXT = 600
#: query -> (source, external id) -> grade
Judgements = dict[str, dict[tuple[str, str], int]]
_POSTINGS = text(
    "SELECT j.public_id::text AS id, j.source, j.external_id, j.title, c.name AS company, j.location, "
    "left(j.description, :length) AS text FROM job j JOIN company c ON c.id = j.company_id "
    "WHERE j.public_id = ANY(CAST(:ids AS uuid[]))"
)


class JudgementsError(ValueError):
    """The file of judgements cannot be read as such."""


@dataclass(frozen=True, slots=True)
class ModeResult:
    """One value per query, in the order of the judgements."""

    mode: str
    ndcg: tuple[float, ...]
    judged: tuple[float, ...]
    degraded: int


def read_judgements(path: Path) -> Judgements:
    """Raises JudgementsError naming the line."""
    found: Judgements = defaultdict(dict)
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if number == 1 and row[:1] == ["query"]:
                continue
            if len(row) != 4 or row[3] not in ("0", "1", "2", "3"):
                raise JudgementsError(f"{path}, line {number}: not query,source,posting,grade")
            found[row[0]][row[1], row[2]] = int(row[3])
    if not found:
        raise JudgementsError(f"{path} is empty")
    return dict(found)


def ndcg(grades: Sequence[int], all_grades: Iterable[int], k: int = K) -> float:
    """`grades` of the results in order, `all_grades` of everything judged; 0 where nothing is relevant."""
    ideal = _gain(sorted(all_grades, reverse=True)[:k])
    return _gain(grades[:k]) / ideal if ideal else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum(((1 << grade) - 1) / math.log2(place + 2) for place, grade in enumerate(grades))


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """95 % of the mean over queries (percentile bootstrap)."""
    rng = random.Random(seed)  # noqa: S311 - resampling, not a secret
    n = len(values)
    means = sorted(sum(rng.choices(values, k=n)) / n for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]


async def measure(base_url: str, database: Database, judgements: Judgements) -> list[ModeResult]:
    """Raises httpx.HTTPError when the system does not answer."""
    out = []
    sources = {source for grades in judgements.values() for source, _ in grades}
    async with httpx.AsyncClient(base_url=base_url, timeout=30.0) as client:
        for mode in MODES:
            scores, judged, degraded = [], [], 0
            for query, grades in judgements.items():
                ids, missing = await _ask(client, query, mode, 3 * K)
                rows = await _postings(database, ids)
                found = [(rows[i]["source"], rows[i]["external_id"]) for i in ids if i in rows]
                keys = [key for key in found if key[0] in sources][:K]
                scores.append(ndcg([grades.get(key, 0) for key in keys], grades.values()))
                judged.append(sum(key in grades for key in keys) / max(len(keys), 1))
                degraded += missing
            out.append(ModeResult(mode, tuple(scores), tuple(judged), degraded))
    return out


async def pool(base_url: str, database: Database, queries: Sequence[str], path: Path) -> int:
    """Writes what a judge must read: the first ten of every mode, once each, in random order."""
    rng, written = random.Random(0), 0  # noqa: S311
    async with httpx.AsyncClient(base_url=base_url, timeout=30.0) as client:
        with path.open("w", encoding="utf-8") as file:
            for query in queries:
                found = [await _ask(client, query, mode) for mode in MODES]
                ids = dict.fromkeys(job for ids, _ in found for job in ids)
                rows = list((await _postings(database, list(ids))).values())
                rng.shuffle(rows)
                for row in rows:
                    file.write(json.dumps({"query": query, **row}, ensure_ascii=False) + "\n")
                written += len(rows)
    return written


async def _ask(client: httpx.AsyncClient, query: str, mode: str, limit: int = K) -> tuple[list[str], int]:
    answer = await client.get("/api/v1/jobs/", params={"q": query, "mode": mode, "limit": limit})
    answer.raise_for_status()
    body = answer.json()
    return [row["id"] for row in body["results"]], bool(body["degraded"])


async def _postings(database: Database, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    async with database.transaction() as session:
        rows = await session.execute(_POSTINGS, {"ids": list(ids), "length": POOL_TEXT})
        return {row.pop("id"): row for row in map(dict, rows.mappings())}


def table(results: Sequence[ModeResult]) -> Table:
    out = Table("mode", f"NDCG@{K}", "95 % interval", f"judged@{K}", "degraded", title_justify="left",
                title=f"{len(results[0].ndcg)} judged queries")  # fmt: skip
    for result in results:
        low, high = interval(result.ndcg)
        mean = sum(result.ndcg) / len(result.ndcg)
        judged = sum(result.judged) / len(result.judged)
        out.add_row(
            result.mode, f"{mean:.3f}", f"[{low:.3f}, {high:.3f}]", f"{judged:.0%}", str(result.degraded)
        )
    return out
