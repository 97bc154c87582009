"""OpenSearch for a cluster: the same searches over HTTP. An alias names the live index.

Indexes are called `<alias>-<name>`; changing over is one request that moves the alias.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from app.search import opensearch_body as body
from app.search.engine import (
    MAX_COUNT,
    SALARY_BANDS,
    Answer,
    Bucket,
    EngineError,
    Facet,
    Hit,
    IndexMissingError,
    Posting,
    Request,
    Suggestion,
)
from app.search.tantivy_engine import SHORTEST_PREFIX, SUGGESTED

PREFIX = "opensearch+"
#: Seconds for a search, and for a change.
SEARCH_S, CHANGE_S, CONNECT_S = 3.0, 60.0, 2.0
#: How long the alias is believed to stay where it is.
ALIAS_S = 5.0
Json = dict[str, Any]


class Cluster:
    """One cluster and one alias in it. Every call raises EngineError."""

    def __init__(self, url: str, seconds: float) -> None:
        parts = urlsplit(url.removeprefix(PREFIX))
        self.alias = parts.path.strip("/")
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        host = parts.netloc.rpartition("@")[2]
        timeout = httpx.Timeout(seconds, connect=CONNECT_S)
        self._http = httpx.AsyncClient(base_url=f"{parts.scheme}://{host}", auth=login, timeout=timeout)

    async def call(self, method: str, path: str, content: Any = None) -> Json:
        """Raises IndexMissingError for a 404."""
        lines = isinstance(content, bytes)
        kind = "application/x-ndjson" if lines else "application/json"
        data = content if lines or content is None else json.dumps(content).encode()
        try:
            answer = await self._http.request(method, path, content=data, headers={"content-type": kind})
        except httpx.HTTPError as error:
            raise EngineError(f"{path}: {type(error).__name__}") from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise IndexMissingError(f"{path}: not there")
        if not answer.is_success:
            raise EngineError(f"{path}: HTTP {answer.status_code} {answer.text[:300]}")
        try:
            found = answer.json()
        except ValueError:
            raise EngineError(f"{path}: not JSON") from None
        if not isinstance(found, dict):
            raise EngineError(f"{path}: not an object")
        return found

    async def live(self) -> str:
        """The name behind the alias. Raises IndexMissingError."""
        names = sorted(await self.call("GET", f"/_alias/{self.alias}"))
        if len(names) != 1 or not names[0].startswith(f"{self.alias}-"):
            raise IndexMissingError(f"the alias {self.alias} names {len(names)} indexes")
        return names[0].removeprefix(f"{self.alias}-")

    def index(self, name: str) -> str:
        return f"{self.alias}-{name}"

    async def close(self) -> None:
        await self._http.aclose()


class OpenSearchEngine:
    name = "opensearch"

    def __init__(self, url: str) -> None:
        self._cluster = Cluster(url, SEARCH_S)
        self._live, self._believed_until = "", 0.0

    async def current(self) -> str:
        if time.monotonic() >= self._believed_until:
            self._live = await self._cluster.live()
            self._believed_until = time.monotonic() + ALIAS_S
        return self._live

    async def documents(self) -> int:
        found = await self._cluster.call("GET", f"/{self._cluster.alias}/_count")
        try:
            return int(found["count"])
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError(f"an answer of another shape: {type(error).__name__}") from error

    async def search(self, request: Request) -> Answer:
        """A word that nobody writes is looked for a second time, with what it probably means."""
        path = f"/{self._cluster.alias}/_search"
        found = await self._cluster.call("POST", path, body.search_body(request))
        corrections = _corrections(found)
        if corrections:
            found = await self._cluster.call("POST", path, body.search_body(request, corrections))
        try:
            return _answer(found, request, corrections)
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise EngineError(f"an answer of another shape: {type(error).__name__}") from error

    async def suggest(self, text: str, limit: int) -> Sequence[Suggestion]:
        begun = " ".join(text.lower().split())
        if len(begun) < SHORTEST_PREFIX:
            return []
        fields = tuple(name for name, _ in SUGGESTED)
        path = f"/{self._cluster.alias}/_search"
        found = await self._cluster.call("POST", path, body.suggest_body(begun, fields, limit))
        try:
            suggestions = [
                Suggestion(bucket["key"], kind, bucket["doc_count"])
                for name, kind in SUGGESTED
                for bucket in found["aggregations"][name]["buckets"]
            ]
        except (KeyError, TypeError) as error:
            raise EngineError(f"an answer of another shape: {type(error).__name__}") from error
        return sorted(suggestions, key=lambda item: -item.count)

    async def close(self) -> None:
        await self._cluster.close()


def _corrections(found: Json) -> tuple[tuple[str, str], ...]:
    entries = [entry for entries in found.get("suggest", {}).values() for entry in entries]
    return tuple((entry["text"], entry["options"][0]["text"]) for entry in entries if entry["options"])


def _answer(found: Json, request: Request, corrections: tuple[tuple[str, str], ...]) -> Answer:
    hits = tuple(Hit(int(hit["fields"]["id"][0]), hit["sort"][0]) for hit in found["hits"]["hits"])
    total = int(found["hits"]["total"]["value"]) if request.count else 0
    facets = {name: _buckets(name, found["aggregations"][name]) for name in request.facets}
    return Answer(hits, min(total, MAX_COUNT), total <= MAX_COUNT, facets, corrections=corrections)


def _buckets(name: Facet, found: Json) -> tuple[Bucket, ...]:
    if name == "salary":
        counts = {int(bucket["from"]): bucket["doc_count"] for bucket in found["buckets"]}
        return tuple(Bucket(str(low), counts.get(low, 0)) for low in SALARY_BANDS)
    return tuple(Bucket(str(item["key"]), item["doc_count"]) for item in found["buckets"] if item["key"])


class OpenSearchIndex:
    def __init__(self, url: str) -> None:
        self._cluster = Cluster(url, CHANGE_S)

    async def live(self) -> str | None:
        try:
            return await self._cluster.live()
        except IndexMissingError:
            return None

    async def create(self, name: str) -> None:
        await self._cluster.call("PUT", f"/{self._cluster.index(name)}", body.index_body())

    async def apply(self, name: str, postings: Sequence[Posting], gone: Collection[int]) -> None:
        await self._bulk(name, postings, gone, "?refresh=true")

    async def load(self, name: str, postings: Sequence[Posting]) -> None:
        await self._bulk(name, postings, (), "")

    async def _bulk(
        self, name: str, postings: Sequence[Posting], gone: Collection[int], options: str
    ) -> None:
        lines: list[Json] = [{"delete": {"_id": str(job_id)}} for job_id in sorted(gone)]
        for posting in postings:
            lines += [{"index": {"_id": str(posting.id)}}, body.document(posting)]
        if not lines:
            return
        content = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
        found = await self._cluster.call("POST", f"/{self._cluster.index(name)}/_bulk{options}", content)
        for item in found.get("items", ()):
            for action, result in item.items():  # deleting what is not there is what was wanted
                if result.get("status", 500) >= 400 and not (action == "delete" and result["status"] == 404):
                    raise EngineError(f"{name}: {action} of {result.get('_id')}: {result.get('error')}")

    async def finish(self, name: str) -> None:
        index = self._cluster.index(name)
        await self._cluster.call("PUT", f"/{index}/_settings", {"index": {"refresh_interval": "1s"}})
        await self._cluster.call("POST", f"/{index}/_refresh")

    async def publish(self, name: str) -> None:
        alias = self._cluster.alias
        away = {"remove": {"index": f"{alias}-*", "alias": alias, "must_exist": False}}
        to = {"add": {"index": self._cluster.index(name), "alias": alias}}
        await self._cluster.call("POST", "/_aliases", {"actions": [away, to]})

    async def sweep(self, keep: Collection[str]) -> None:
        names = await self._cluster.call("GET", f"/{self._cluster.alias}-*/_alias")
        kept = {self._cluster.index(name) for name in keep}
        for name in sorted(set(names) - kept):
            await self._cluster.call("DELETE", f"/{name}")

    async def close(self) -> None:
        await self._cluster.close()
