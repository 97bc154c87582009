"""Counts beside the results: exact for a narrow search, estimated from random parts for a broad one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tantivy

from app.search.engine import SALARY_BANDS, Bucket, Facet
from app.search.tantivy_query import Builder, Built
from app.search.tantivy_schema import PARTS

FIELDS: dict[Facet, str] = {
    "job_type": "job_type",
    "remote": "remote",
    "skills": "skill",
    "company": "company",
    "country": "country",
}
MOST_BUCKETS = 15
#: Matches looked at for facets: more would tell nobody more and take longer than the search itself.
BOUND = 10_000


def facets_of(
    searcher: tantivy.Searcher, builder: Builder, built: Built, wanted: Sequence[Facet], matches: int
) -> tuple[dict[Facet, tuple[Bucket, ...]], bool]:
    """(counts by facet, whether they are exact). Salaries are counted by the upper end stated."""
    parts = PARTS
    while parts > 1 and matches * parts > BOUND * PARTS:
        parts //= 2
    query = builder.part_of(built, parts)
    found = searcher.aggregate(query, {name: _aggregation(name) for name in wanted})
    scale = PARTS // parts
    return {name: _buckets(name, found[name], scale) for name in wanted}, parts == PARTS


def _aggregation(name: Facet) -> dict[str, Any]:
    if name == "salary":
        bands = [{"from": low, "to": high} for low, high in _bands()]
        bands[-1].pop("to")
        return {"range": {"field": "salary_high", "ranges": bands}}
    return {"terms": {"field": FIELDS[name], "size": MOST_BUCKETS}}


def _bands() -> list[tuple[float, float]]:
    ends = [*SALARY_BANDS[1:], SALARY_BANDS[-1]]
    return [(float(low), float(high)) for low, high in zip(SALARY_BANDS, ends, strict=True)]


def _buckets(name: Facet, found: dict[str, Any], scale: int) -> tuple[Bucket, ...]:
    if name == "salary":
        # the engine adds the bands around ours, which are empty
        counts = {int(bucket["from"]): bucket["doc_count"] for bucket in found["buckets"] if "from" in bucket}
        return tuple(Bucket(str(low), counts.get(low, 0) * scale) for low in SALARY_BANDS)
    return tuple(
        Bucket(str(bucket["key"]), bucket["doc_count"] * scale)
        for bucket in found["buckets"]
        if bucket["key"] != ""
    )
