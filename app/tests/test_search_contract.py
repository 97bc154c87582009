"""What every engine must do, asked of each: the embedded one always, OpenSearch where a server is named by
OPENSEARCH_TEST_URL (opensearch+http://localhost:9200/some-alias)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.kit.ids import uuid7
from app.search.compile import clauses_of
from app.search.engine import (
    EngineError,
    Filters,
    IndexMissingError,
    Place,
    Posting,
    Request,
    SearchEngine,
    SearchIndex,
    date_key,
    salary_key,
)
from app.search.opensearch import OpenSearchEngine, OpenSearchIndex
from app.search.tantivy_engine import TantivyEngine
from app.search.tantivy_index import TantivyIndex

SERVER = os.environ.get("OPENSEARCH_TEST_URL", "")
BASE = Posting(
    id=0,
    title="",
    company="Acme",
    company_slug="acme",
    skills=(),
    description="",
    location="Oslo, Norway",
    places=("no", "no//oslo"),
    country="NO",
    job_type="full-time",
    remote="on-site",
    salary_low=None,
    salary_high=None,
    posted=1_700_000_000,
)
BERLIN = {"places": ("de", "de//berlin"), "location": "Berlin", "country": "DE"}
LATE = 1_700_000_300
POSTINGS = [
    replace(BASE, id=1, title="Python Developer", skills=("Python",), salary_low=50_000, salary_high=60_000),
    replace(BASE, id=2, title="Data Engineer", description="Python now and then.", posted=1_700_000_100),
    replace(BASE, id=3, title="Nurse", job_type="part-time", salary_high=90_000, **BERLIN),
    replace(BASE, id=4, title="Night nurse", remote="hybrid", company="Hive & Sons", posted=LATE),
    replace(BASE, id=2**40, title="C++ Developer", skills=("C++", "Node.js"), posted=LATE),
]
POSTINGS[3] = replace(POSTINGS[3], company_slug="hive")


@dataclass
class Pair:
    engine: SearchEngine
    index: SearchIndex
    name: str

    async def ids(self, text: str = "", **fields: Any) -> list[int]:
        filters = Filters(**{name: fields.pop(name) for name in list(fields) if hasattr(Filters(), name)})
        order = fields.pop("order", "relevance" if text else "date")
        answer = await self.engine.search(Request(clauses_of(text), filters, order, **fields))
        assert answer.total >= len(answer.hits)
        return [hit.id for hit in answer.hits]


@pytest.fixture(
    params=[
        "tantivy",
        pytest.param("opensearch", marks=pytest.mark.skipif(not SERVER, reason="no OPENSEARCH_TEST_URL")),
    ]
)
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    engine: SearchEngine
    index: SearchIndex
    if request.param == "tantivy":
        engine, index = TantivyEngine(tmp_path), TantivyIndex(tmp_path)
    else:
        url = f"{SERVER}-{uuid7().hex}"
        engine, index = OpenSearchEngine(url), OpenSearchIndex(url)
    name = f"index-{uuid7().hex}"
    with pytest.raises(IndexMissingError):
        await engine.current()
    await index.create(name)
    await index.load(name, POSTINGS)
    await index.finish(name)
    assert await index.live() is None
    await index.publish(name)
    yield Pair(engine, index, name)
    await index.sweep(())
    await engine.close()
    await index.close()


async def test_words_fields_and_operators(pair: Pair) -> None:
    assert await pair.ids("python") == [1, 2]  # the title counts more
    assert set(await pair.ids("developers")) == {1, 2**40}
    assert set(await pair.ids("nurse -night")) == {3}
    assert set(await pair.ids("engineer or night")) == {2, 4}
    assert await pair.ids('"night nurse"') == [4]
    assert await pair.ids('"nurse night"') == []
    assert await pair.ids("c++") == [2**40]
    assert await pair.ids("node.js") == [2**40]
    assert set(await pair.ids("nur*")) == {3, 4}
    assert await pair.ids("hive") == [4]
    assert await pair.ids("cpp") == [2**40]


async def test_mistyped_words_are_found_and_named(pair: Pair) -> None:
    answer = await pair.engine.search(Request(clauses_of("pyhton developer")))
    assert [hit.id for hit in answer.hits] == [1]
    assert answer.corrections == (("pyhton", "python"),)


async def test_filters(pair: Pair) -> None:
    assert set(await pair.ids(job_types=("part-time",))) == {3}
    assert set(await pair.ids(remote=("hybrid", "remote"))) == {4}
    assert set(await pair.ids(company="hive")) == {4}
    assert set(await pair.ids(skills=("Python",))) == {1}
    assert set(await pair.ids(salary_min=60_000)) == {1, 3}
    assert set(await pair.ids(salary_max=60_000)) == {1}
    assert set(await pair.ids(posted_after=1_700_000_100)) == {2, 4, 2**40}
    assert set(await pair.ids(posted_until=1_700_000_100)) == {1, 2, 3}
    assert set(await pair.ids(ids=(1, 3, 99))) == {1, 3}
    assert await pair.ids(ids=()) == []
    assert set(await pair.ids(place=Place("Berlin", frozenset({"de//potsdam", "de//berlin"})))) == {3}
    assert set(await pair.ids(place=Place("oslo"))) == {1, 2, 4, 2**40}
    assert await pair.ids("nurse", place=Place("nowhere")) == []


async def test_orders_and_going_on_after_a_key(pair: Pair) -> None:
    for order, key in (("date", date_key), ("salary", salary_key)):
        whole = [posting.id for posting in sorted(POSTINGS, key=key, reverse=True)]
        assert await pair.ids(order=order) == whole
        seen: list[int] = []
        after = None
        while True:
            request = Request(order=order, limit=2, after=after)  # type: ignore[arg-type]
            hits = (await pair.engine.search(request)).hits
            if not hits:
                break
            seen += [hit.id for hit in hits]
            after = int(hits[-1].key)
        assert seen == whole


async def test_facets(pair: Pair) -> None:
    answer = await pair.engine.search(Request(facets=("job_type", "company", "salary"), order="date"))
    counts = {name: {bucket.value: bucket.count for bucket in found} for name, found in answer.facets.items()}
    assert counts["job_type"] == {"full-time": 4, "part-time": 1}
    assert counts["company"] == {"acme": 4, "hive": 1}
    assert counts["salary"] | {"60000": 1, "90000": 1, "0": 0} == counts["salary"]
    assert answer.total == 5


async def test_suggestions(pair: Pair) -> None:
    found = {(item.text, item.kind, item.count) for item in await pair.engine.suggest("n", 5)}
    assert found == set()
    found = {(item.text, item.kind, item.count) for item in await pair.engine.suggest("Nu", 5)}
    assert found == {("nurse", "title", 2)}
    assert {(item.text, item.kind) for item in await pair.engine.suggest("hi", 5)} == {
        ("hive & sons", "company")
    }
    assert await pair.engine.suggest("c+.*", 5) == []


async def test_changes_are_visible_at_once_and_may_be_repeated(pair: Pair) -> None:
    changed = replace(POSTINGS[0], title="Ruby Developer", skills=("Ruby",))
    for _ in range(2):
        await pair.index.apply(pair.name, [changed], [3, 77])
        assert await pair.ids("ruby") == [1]
        assert await pair.ids("python") == [2]
        assert await pair.ids("nurse") == [4]
    assert len(await pair.ids()) == await pair.engine.documents() == 4


async def test_another_index_takes_over(pair: Pair) -> None:
    other = f"index-{uuid7().hex}"
    await pair.index.create(other)
    await pair.index.load(other, POSTINGS[:1])
    await pair.index.finish(other)
    assert len(await pair.ids()) == 5
    await pair.index.publish(other)
    assert await pair.index.live() == other
    assert await pair.ids() == [1]
    await pair.index.sweep({other})
    assert await pair.ids() == [1]
    with pytest.raises(EngineError):
        await pair.index.apply(pair.name, POSTINGS, [])


async def test_reposts_are_left_out_where_they_are_to_be(pair: Pair) -> None:
    """A posting that a newer one stands for is not found, not counted and in no facet; otherwise it is."""
    await pair.index.apply(
        pair.name, [replace(POSTINGS[0], repost=True), replace(POSTINGS[2], repost=True)], ()
    )
    assert await pair.ids("python") == [1, 2]
    assert await pair.ids("python", collapse=True) == [2]
    assert await pair.ids("nurse or python", collapse=True, order="date") == [4, 2]
    assert set(await pair.ids("nur*", collapse=True)) == {4}
    assert await pair.ids(collapse=True) == [4, 2**40, 2]
    assert await pair.ids("python", ids=(1,), collapse=True) == []
    asked = Request(facets=("job_type",), order="date", collapse=True)
    answer = await pair.engine.search(asked)
    counts = {bucket.value: bucket.count for bucket in answer.facets["job_type"]}
    assert (answer.total, answer.exact, counts) == (3, True, {"full-time": 3})
    first = await pair.engine.search(replace(asked, limit=1))
    rest = await pair.engine.search(replace(asked, after=int(first.hits[0].key)))
    assert ([hit.id for hit in rest.hits], rest.total) == ([2**40, 2], 3)
    await pair.index.apply(pair.name, [POSTINGS[0]], ())
    assert await pair.ids("python", collapse=True) == [1, 2]
