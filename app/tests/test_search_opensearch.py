"""The OpenSearch adapter on the wire: exchanges as its documentation shows them, from a real HTTP server.

Where a server can be had, test_search_contract.py asks it itself.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app.search.compile import clauses_of
from app.search.engine import EngineError, Filters, IndexMissingError, Request
from app.search.opensearch import OpenSearchEngine, OpenSearchIndex
from app.tests.listening import listening
from app.tests.test_search_contract import BASE

NAME = "index-0123456789abcdef"
SEARCH = "/jobs/_search"


@dataclass
class Recorded:
    """Answers in order, and what was asked."""

    answers: list[tuple[int, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    authorization: str = ""
    url: str = ""
    delay_s: float = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        content = b""
        while True:
            message = await receive()
            content += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = dict(scope["headers"])
        self.authorization = headers.get(b"authorization", b"").decode()
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        lines = [json.loads(line) for line in content.splitlines()]
        bulk = headers[b"content-type"] == b"application/x-ndjson"
        asked = lines if bulk else (json.loads(content) if content else None)
        self.asked.append((scope["method"], scope["path"] + query, asked))
        await asyncio.sleep(self.delay_s)
        status, answer = self.answers.pop(0)
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        start = {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json")],
        }
        await send(start)
        await send({"type": "http.response.body", "body": raw})


@asynccontextmanager
async def served(recorded: Recorded) -> AsyncIterator[Recorded]:
    async with listening(recorded) as port:
        recorded.url = f"opensearch+http://app:s%40cret@127.0.0.1:{port}/jobs"
        yield recorded


@pytest.fixture
async def recorded() -> AsyncIterator[Recorded]:
    async with served(Recorded()) as made:
        yield made


@pytest.fixture
async def engine(recorded: Recorded) -> AsyncIterator[OpenSearchEngine]:
    made = OpenSearchEngine(recorded.url)
    yield made
    await made.close()


@pytest.fixture
async def index(recorded: Recorded) -> AsyncIterator[OpenSearchIndex]:
    made = OpenSearchIndex(recorded.url)
    yield made
    await made.close()


def found(*hits: tuple[int, float], total: int | None = None, **more: Any) -> tuple[int, Any]:
    rows = [{"_id": str(i), "fields": {"id": [i]}, "sort": [key, i]} for i, key in hits]
    count = {"value": len(hits) if total is None else total, "relation": "eq"}
    return 200, {"took": 3, "timed_out": False, "hits": {"total": count, "hits": rows}} | more


async def test_a_search_and_its_answer(recorded: Recorded, engine: OpenSearchEngine) -> None:
    buckets = [{"key": "full-time", "doc_count": 2}, {"key": "", "doc_count": 1}]
    recorded.answers = [found((7, 3.5), (3, 1.25), aggregations={"job_type": {"buckets": buckets}})]
    request = Request(
        clauses_of('python "night nurse" dev* -intern'),
        Filters(salary_min=50_000, job_types=("full-time",)),
        facets=("job_type",),
        offset=20,
        limit=2,
    )
    answer = await engine.search(request)
    assert [(hit.id, hit.key) for hit in answer.hits] == [(7, 3.5), (3, 1.25)]
    assert (answer.total, answer.exact) == (2, True)
    assert [(bucket.value, bucket.count) for bucket in answer.facets["job_type"]] == [("full-time", 2)]
    method, path, body = recorded.asked[0]
    assert (method, path) == ("POST", SEARCH)
    assert (body["from"], body["size"], body["track_total_hits"]) == (20, 2, 10_001)
    must = body["query"]["bool"]["must"]
    assert [next(iter(way.values())).get("type") for way in must[1:]] == ["phrase", "phrase_prefix"]
    assert body["query"]["bool"]["must_not"][0]["multi_match"]["query"] == "intern"
    assert body["query"]["bool"]["filter"] == [
        {"terms": {"job_type": ["full-time"]}},
        {"range": {"salary_high": {"gte": 50_000}}},
    ]
    assert base64.b64decode(recorded.authorization.removeprefix("Basic ")) == b"app:s@cret"


async def test_more_than_anyone_counts(recorded: Recorded, engine: OpenSearchEngine) -> None:
    recorded.answers = [found((1, 9), total=10_001)]
    answer = await engine.search(Request(order="date", after=12, limit=1))
    assert (answer.total, answer.exact) == (10_000, False)
    assert {"range": {"date_key": {"lt": 12}}} in recorded.asked[0][2]["query"]["bool"]["filter"]


async def test_reposts_are_refused_and_documents_counted(
    recorded: Recorded, engine: OpenSearchEngine
) -> None:
    recorded.answers = [found((1, 9)), (200, {"count": 7, "_shards": {}}), (200, {"count": None})]
    await engine.search(Request(order="date", limit=1, collapse=True))
    assert recorded.asked[0][2]["query"]["bool"]["must_not"] == [{"term": {"repost": True}}]
    assert await engine.documents() == 7
    assert recorded.asked[1][:2] == ("GET", "/jobs/_count")
    with pytest.raises(EngineError, match="another shape"):
        await engine.documents()


async def test_a_mistyped_word_is_asked_again_with_its_correction(
    recorded: Recorded, engine: OpenSearchEngine
) -> None:
    options = [{"text": "python", "score": 0.8, "freq": 12}]
    suggest = {"0": [{"text": "pyhton", "offset": 0, "length": 6, "options": options}]}
    recorded.answers = [found(suggest=suggest), found((4, 1.5))]
    answer = await engine.search(Request(clauses_of("pyhton")))
    assert ([hit.id for hit in answer.hits], answer.corrections) == ([4], (("pyhton", "python"),))
    first, second = (body for _, _, body in recorded.asked)
    assert first["suggest"]["0"]["term"]["suggest_mode"] == "missing"
    assert "suggest" not in second
    ways = second["query"]["bool"]["must"][0]["bool"]["should"]
    assert [way["multi_match"]["query"] for way in ways] == ["pyhton", "python"]


async def test_suggestions(recorded: Recorded, engine: OpenSearchEngine) -> None:
    counted = {name: {"buckets": []} for name in ("title_tail", "skill", "company_name")}
    counted["skill"]["buckets"] = [{"key": "c++", "doc_count": 4}]
    recorded.answers = [(200, {"aggregations": counted})]
    suggestions = await engine.suggest("C++", 5)
    assert [(item.text, item.kind, item.count) for item in suggestions] == [("c++", "skill", 4)]
    assert recorded.asked[0][2]["aggs"]["skill"]["terms"]["include"] == "c\\+\\+.*"


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (404, {"error": {"type": "index_not_found_exception"}, "status": 404}, IndexMissingError),
        (503, {"error": "all shards failed"}, EngineError),
        (401, {"error": "who is there"}, EngineError),
        (200, b"<html>", EngineError),
        (200, [], EngineError),
        (200, {"hits": {"hits": [{}], "total": {"value": 1}}}, EngineError),
        (200, {}, EngineError),
    ],
)
async def test_what_is_no_answer_is_an_engine_error(
    status: int, answer: Any, error: type[Exception], recorded: Recorded, engine: OpenSearchEngine
) -> None:
    recorded.answers = [(status, answer)]
    with pytest.raises(error):
        await engine.search(Request(order="date"))


async def test_a_server_that_is_away_or_silent_is_an_engine_error(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = OpenSearchEngine("opensearch+http://127.0.0.1:9/jobs")
    with pytest.raises(EngineError, match="Connect"):
        await away.search(Request(order="date"))
    await away.close()
    monkeypatch.setattr("app.search.opensearch.SEARCH_S", 0.2)
    recorded.delay_s, recorded.answers = 0.6, [found()]
    silent = OpenSearchEngine(recorded.url)
    with pytest.raises(EngineError, match="Timeout"):
        await silent.search(Request(order="date"))
    await silent.close()


async def test_the_alias_says_which_index_is_live(
    recorded: Recorded, engine: OpenSearchEngine, index: OpenSearchIndex
) -> None:
    recorded.answers = [
        (200, {f"jobs-{NAME}": {"aliases": {"jobs": {}}}}),
        (404, {"error": "alias [jobs] missing", "status": 404}),
        (200, {"jobs-a": {}, "jobs-b": {}}),
    ]
    assert await engine.current() == NAME
    assert await engine.current() == NAME  # believed for some seconds
    assert await index.live() is None
    assert await index.live() is None
    assert {path for _, path, _ in recorded.asked} == {"/_alias/jobs"}
    assert len(recorded.asked) == 3


async def test_an_index_is_built_and_takes_over(recorded: Recorded, index: OpenSearchIndex) -> None:
    done = (200, {"acknowledged": True})
    recorded.answers = [done, (200, {"errors": False, "items": []}), done, (200, {"_shards": {}}), done]
    recorded.answers += [(200, {f"jobs-{NAME}": {}, "jobs-index-old": {}}), done]
    await index.create(NAME)
    await index.load(NAME, [replace(BASE, id=5, title="Nurse", salary_low=10)])
    await index.finish(NAME)
    await index.publish(NAME)
    await index.sweep({NAME})
    assert [(method, path) for method, path, _ in recorded.asked] == [
        ("PUT", f"/jobs-{NAME}"),
        ("POST", f"/jobs-{NAME}/_bulk"),
        ("PUT", f"/jobs-{NAME}/_settings"),
        ("POST", f"/jobs-{NAME}/_refresh"),
        ("POST", "/_aliases"),
        ("GET", "/jobs-*/_alias"),
        ("DELETE", "/jobs-index-old"),
    ]
    properties = recorded.asked[0][2]["mappings"]["properties"]
    action, document = recorded.asked[1][2]
    assert action == {"index": {"_id": "5"}}
    assert set(document) | {"words"} == set(properties)
    assert (document["salary_low"], document["salary_high"]) == (10, 10)
    assert [list(action) for action in recorded.asked[4][2]["actions"]] == [["remove"], ["add"]]


async def test_changes_wait_until_they_can_be_seen(recorded: Recorded, index: OpenSearchIndex) -> None:
    gone = {"delete": {"_id": "9", "status": 404, "result": "not_found"}}
    recorded.answers = [(200, {"errors": True, "items": [gone, {"index": {"_id": "5", "status": 201}}]})]
    await index.apply(NAME, [replace(BASE, id=5, title="Nurse")], {9})
    assert recorded.asked[0][1] == f"/jobs-{NAME}/_bulk?refresh=true"
    assert recorded.asked[0][2][0] == {"delete": {"_id": "9"}}
    refused = {"index": {"_id": "5", "status": 400, "error": {"type": "mapper_parsing_exception"}}}
    recorded.answers = [(200, {"errors": True, "items": [refused]})]
    with pytest.raises(EngineError, match="mapper_parsing"):
        await index.apply(NAME, [replace(BASE, id=5, title="Nurse")], ())
