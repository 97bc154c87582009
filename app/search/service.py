"""The list of postings: found by an engine, read from the database, labelled where one did not answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import MatchingUnavailableError, NotAuthenticatedError
from app.kit.timing import stage
from app.recommendation.matching import Matching
from app.scoring import service as scoring
from app.search import cursor as cursors
from app.search import ranking, repository, reposts
from app.search.compile import clauses_of, filters_of
from app.search.currency import BASE
from app.search.empty import Advice, advise
from app.search.engine import (
    SALARY_BANDS,
    WINDOW,
    Answer,
    Bucket,
    EngineError,
    Facet,
    Hit,
    IndexBrokenError,
    Order,
    Request,
    SearchEngine,
)
from app.search.postgres import PostgresEngine
from app.search.provider import Search
from app.search.schemas import FacetCount, JobQuery, Missing, SuggestionAnswer, Suggestions

logger = logging.getLogger(__name__)
#: Postings whose match is computed, the best by words (or the newest) first: what one call may ask about.
MATCHED = 100
NOTHING = Answer((), 0)


@dataclass(slots=True)
class Found:
    """One page, before it is put on the wire. `rows` are in order."""

    rows: list[Row[Any]]
    total: int
    exact: bool
    page: int
    next_cursor: str | None = None
    degraded: list[Missing] = field(default_factory=list)
    facets: dict[Facet, tuple[Bucket, ...]] = field(default_factory=dict)
    facets_exact: bool = True
    advice: Advice = field(default_factory=Advice)


class Searching:
    """One request's search: which engine answers is settled once, for all of its questions."""

    def __init__(self, session: AsyncSession, search: Search, query: JobQuery) -> None:
        self.session, self.search, self.query = session, search, query
        self.clauses = clauses_of(query.q)
        self.degraded: list[Missing] = []
        self._engine: SearchEngine | None = None

    async def ask(self, request: Request) -> Answer:
        """The index, or the database where there is none."""
        if self._engine is None:
            self._engine = await self._live()
        if isinstance(self._engine, PostgresEngine):
            return await self._engine.search(request)
        try:
            with stage("index"):
                return await self._engine.search(request)
        except EngineError as error:
            self._engine = await self._fallback(error)
            return await self._engine.search(request)

    async def _live(self) -> SearchEngine:
        if self.search.engine is None:
            return PostgresEngine(self.session)
        try:
            return await self.search.live(self.session)
        except EngineError as error:
            return await self._fallback(error)

    async def _fallback(self, error: EngineError) -> SearchEngine:
        """What only a new index can mend is told to the worker."""
        logger.warning("search degraded", extra={"cause": str(error)[:300]})
        self.degraded.append("index")
        if isinstance(error, IndexBrokenError):
            await self.search.complain()
        return PostgresEngine(self.session)


async def search(
    session: AsyncSession, search: Search, matching: Matching, user_id: int | None, query: JobQuery
) -> Found:
    """Raises NotAuthenticatedError (sorted by match, nobody signed in), InvalidInputError (the cursor)."""
    if query.sort == "match" and user_id is None:
        raise NotAuthenticatedError("sign in to sort by your match")
    asking = Searching(session, search, query)
    if query.q and not asking.clauses:  # punctuation alone names nothing
        return Found([], 0, True, query.page)
    filters = await filters_of(query)
    base = Request(clauses=asking.clauses, filters=filters, facets=query.facets, collapse=query.collapse)
    cursor = cursors.read(query.cursor, query) if query.cursor else None
    if query.mode != "keyword" and asking.clauses:
        found = await _by_meaning(asking, matching, base, cursor)
    elif query.sort == "match" and user_id is not None:
        found = await _by_match(asking, matching, user_id, base, cursor)
    else:
        found = await _by_engine(asking, base, cursor)
    if not found.total and not query.cursor:
        found.advice = await advise(asking.ask, base, query, found.advice.corrections)
    found.degraded = asking.degraded
    return found


async def _by_engine(asking: Searching, base: Request, cursor: cursors.Cursor | None) -> Found:
    query = asking.query
    if query.sort in ("date", "salary") or not any(not clause.negative for clause in asking.clauses):
        order: Order = "salary" if query.sort == "salary" else "date"
        offset = (query.page - 1) * query.limit
        request = replace(base, order=order, offset=0 if cursor else offset, limit=query.limit)
        if cursor is not None:
            request = replace(request, after=int(cursor.k))
        answer = await asking.ask(request)
        return await _page(asking, answer, answer.hits, cursor.o if cursor else offset, cursor)
    if cursor is None:
        offset = (query.page - 1) * query.limit
        answer = await asking.ask(replace(base, offset=offset, limit=query.limit))
        return await _page(asking, answer, answer.hits, offset, None)
    window = cursors.window(cursor, query.limit)
    answer = await asking.ask(replace(base, offset=window.offset, limit=window.limit))
    resumed = cursors.resume(cursor, window.offset, answer.hits, query.limit)
    return await _page(asking, answer, resumed.hits, resumed.before, cursor, resumed)


async def _page(
    asking: Searching,
    answer: Answer,
    hits: Sequence[Hit],
    before: int,
    cursor: cursors.Cursor | None,
    resumed: cursors.Resumed | None = None,
) -> Found:
    rows = await _rows(asking.session, [hit.id for hit in hits])
    page = cursor.n if cursor else asking.query.page
    found = Found(rows, answer.total, answer.exact, page, facets=answer.facets)
    found.facets_exact = answer.facets_exact
    found.advice = Advice(corrections=answer.corrections)
    sorted_by_key = bool(hits) and isinstance(hits[-1].key, int)
    if len(hits) == asking.query.limit and (sorted_by_key or before + len(hits) < WINDOW):
        found.next_cursor = cursors.following(asking.query, page, before, hits, resumed)
    return found


async def _listed(
    asking: Searching, answer: Answer, ranked: Sequence[Hit], cursor: cursors.Cursor | None
) -> Found:
    """One page of a ranking that is all here."""
    total = replace(answer, total=len(ranked), exact=answer.exact and answer.total <= len(ranked))
    limit = asking.query.limit
    if cursor is not None:
        resumed = cursors.resume(cursor, 0, ranked, limit)
        return await _page(asking, total, resumed.hits, resumed.before, cursor, resumed)
    before = (asking.query.page - 1) * limit
    return await _page(asking, total, ranked[before : before + limit], before, None)


async def _by_meaning(
    asking: Searching, matching: Matching, base: Request, cursor: cursors.Cursor | None
) -> Found:
    """Without the matching service: by words, labelled."""
    with stage("serving"):
        near = await ranking.by_meaning(matching, asking.query.q, base.filters)
    if near is None:
        asking.degraded.append("matching")
        return await _by_engine(asking, base, cursor)
    if base.collapse:  # the model's own choice among publications is another
        near = await reposts.newest_of(asking.session, near)
    refused = tuple(clause for clause in asking.clauses if clause.negative)
    allowed = replace(base, clauses=refused, filters=replace(base.filters, ids=tuple(near)), facets=())
    passing = {hit.id for hit in (await asking.ask(replace(allowed, order="date", limit=len(near)))).hits}
    near = [job_id for job_id in near if job_id in passing]
    if asking.query.mode == "semantic":
        return await _listed(asking, Answer((), len(near)), ranking.fuse(near), cursor)
    answer = await asking.ask(replace(base, limit=ranking.CANDIDATES))
    fused = ranking.fuse([hit.id for hit in answer.hits], near)
    return await _listed(asking, answer, fused, cursor)


async def _by_match(
    asking: Searching, matching: Matching, user_id: int, base: Request, cursor: cursors.Cursor | None
) -> Found:
    """The best by words, or the newest, by how well they fit the seeker. Unscored ones stay behind."""
    order: Order = "relevance" if any(not clause.negative for clause in asking.clauses) else "date"
    answer = await asking.ask(replace(base, order=order, limit=MATCHED))
    rows = await _rows(asking.session, [hit.id for hit in answer.hits])
    if not rows:
        return await _listed(asking, answer, (), cursor)
    try:
        with stage("serving"):
            scores = await scoring.of_postings(asking.session, matching, user_id, [row.id for row in rows])
    except MatchingUnavailableError:
        asking.degraded.append("matching")
        return await _listed(asking, answer, [Hit(row.id, 0.0) for row in rows], cursor)
    ranked = [Hit(row.id, scores.get(row.id, 0.0)) for row in rows]
    return await _listed(asking, answer, sorted(ranked, key=lambda hit: -hit.key), cursor)


async def _rows(session: AsyncSession, ids: Sequence[int]) -> list[Row[Any]]:
    """In the order of `ids`; what closed in the meantime is left out."""
    if not ids:
        return []
    with stage("show"):
        rows = await repository.shown(session, ids)
    return [rows[job_id] for job_id in ids if job_id in rows]


async def labelled(
    session: AsyncSession, facets: dict[Facet, tuple[Bucket, ...]]
) -> dict[Facet, list[FacetCount]]:
    """With the names of companies and the bands of salaries, as people read them."""
    slugs = {bucket.value for bucket in facets.get("company", ())}
    names = await repository.company_names(session, slugs) if slugs else {}
    return {
        name: [
            FacetCount(value=bucket.value, label=_label(name, bucket.value, names), count=bucket.count)
            for bucket in buckets
        ]
        for name, buckets in facets.items()
    }


def _label(name: Facet, value: str, names: dict[str, str]) -> str:
    if name == "salary":
        low = int(value)
        high = next((band for band in SALARY_BANDS if band > low), None)
        return f"{low:,} to {high:,} {BASE}" if high else f"{low:,} {BASE} and more"
    return names.get(value, value)


async def suggest(session: AsyncSession, search: Search, text: str, limit: int) -> Suggestions:
    """What people may be about to type, most frequent first, each text once."""
    try:
        found = await (await search.live(session)).suggest(text, limit)
    except EngineError:
        found = await PostgresEngine(session).suggest(text, limit)
    distinct = {item.text: item for item in reversed(found)}
    best = sorted(distinct.values(), key=lambda item: (-item.count, item.text))[:limit]
    return Suggestions(results=[SuggestionAnswer.model_validate(item) for item in best])
