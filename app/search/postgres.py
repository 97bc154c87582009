"""PostgreSQL as a search engine: what answers where there is no index, or none to be had.

The same words, phrases, synonyms and filters; no typo tolerance, no radius (a place matches as text) and no
facets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Company, Job
from app.search.currency import BASE, PER_DOLLAR
from app.search.engine import MAX_COUNT, Answer, Clause, Filters, Hit, Request, Suggestion, Unit
from app.search.reposts import is_repost

_ENGLISH = cast(literal("english"), REGCONFIG)
_ID_BITS = 2147483648  # 1 << 31, as in `engine.date_key`
_NOT_WORD = re.compile(r"[^\w]+")
_RATE = case(
    {code: literal(1 / rate, Numeric) for code, rate in PER_DOLLAR.items()},
    value=case((Job.salary_currency == "", BASE), else_=Job.salary_currency),
)
_PAID_FROM = func.coalesce(Job.annual_salary_min, Job.annual_salary_max) * _RATE
_PAID_UP_TO = func.coalesce(Job.annual_salary_max, Job.annual_salary_min) * _RATE
_ID_PART = Job.id.op("%")(_ID_BITS)
_SECONDS = cast(func.floor(func.extract("epoch", Job.posted_at)), BigInteger)
_KEYS: dict[str, ColumnElement[Any]] = {
    "date": func.greatest(_SECONDS, 0) * _ID_BITS + _ID_PART,
    "salary": func.coalesce(cast(func.round(_PAID_UP_TO), BigInteger) + 1, 0) * _ID_BITS + _ID_PART,
}


class PostgresEngine:
    """Of one session: it reads in the request's own."""

    name = "postgresql"

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def search(self, request: Request) -> Answer:
        words = _words(request.clauses)
        where = _conditions(request.filters)
        if words is not None:
            where.append(Job.search_vector.op("@@")(words))
        if request.collapse:
            where.append(~is_repost())
        total = 0
        if request.count:
            some = select(Job.id).where(*where).limit(MAX_COUNT + 1).subquery()
            total = (await self._session.execute(select(func.count()).select_from(some))).scalar_one()
        if request.order == "relevance" and words is not None:
            key: ColumnElement[Any] = func.ts_rank(Job.search_vector, words)
        else:
            key = _KEYS["salary" if request.order == "salary" else "date"]
        if request.after is not None:
            where.append(key < request.after)
        query = select(Job.id, key).where(*where).order_by(key.desc(), Job.id.desc())
        rows = await self._session.execute(query.offset(request.offset).limit(request.limit))
        hits = tuple(Hit(job_id, found) for job_id, found in rows)
        return Answer(hits, min(total, MAX_COUNT), exact=total <= MAX_COUNT)

    async def current(self) -> str:
        return self.name

    async def documents(self) -> int:
        return (await self._session.scalar(select(func.count()).where(Job.status == "active"))) or 0

    async def close(self) -> None:
        """The session is the request's."""

    async def suggest(self, text: str, limit: int) -> Sequence[Suggestion]:
        """Titles alone: nothing else can be found by its beginning fast enough."""
        begun = " ".join(text.lower().split())
        if len(begun) < 2:
            return []
        newest = (
            select(func.lower(Job.title).label("title"))
            .where(Job.status == "active")
            .order_by(Job.posted_at.desc(), Job.id.desc())
            .limit(MAX_COUNT)
            .subquery()
        )
        query = (
            select(newest.c.title, func.count())
            .where(newest.c.title.startswith(begun, autoescape=True))
            .group_by(newest.c.title)
            .order_by(func.count().desc(), newest.c.title)
            .limit(limit)
        )
        return [Suggestion(title, "title", count) for title, count in await self._session.execute(query)]


def _words(clauses: tuple[Clause, ...]) -> ColumnElement[Any] | None:
    """A tsquery, or None when nothing is asked for."""
    found = [_clause(clause) for clause in clauses]
    return reduce(lambda left, right: func.tsquery_and(left, right), found) if found else None


def _clause(clause: Clause) -> ColumnElement[Any]:
    units = [_unit(unit) for unit in clause.units]
    either: ColumnElement[Any] = reduce(lambda left, right: func.tsquery_or(left, right), units)
    return func.tsquery_not(either) if clause.negative else either


def _unit(unit: Unit) -> ColumnElement[Any]:
    if unit.kind == "phrase":
        return func.phraseto_tsquery(_ENGLISH, " ".join(unit.words))
    if unit.kind == "prefix":
        pieces = [piece for piece in _NOT_WORD.split(unit.words[0]) if piece]
        return func.to_tsquery(_ENGLISH, " & ".join(f"{piece}:*" for piece in pieces))
    return func.plainto_tsquery(_ENGLISH, " ".join(unit.words))


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [Job.status == "active"]
    if filters.job_types:
        where.append(Job.job_type.in_(filters.job_types))
    if filters.remote:
        where.append(Job.remote_option.in_(filters.remote))
    if filters.company:
        where.append(Job.company_id.in_(select(Company.id).where(Company.slug == filters.company)))
    if filters.skills:
        where.append(Job.skill_keys.contains([skill.lower() for skill in filters.skills]))
    if filters.salary_min is not None:
        where.append(filters.salary_min <= _PAID_UP_TO)
    if filters.salary_max is not None:
        where.append(filters.salary_max >= _PAID_FROM)
    if filters.posted_after is not None:
        where.append(Job.posted_at >= datetime.fromtimestamp(filters.posted_after, UTC))
    if filters.posted_until is not None:
        where.append(Job.posted_at <= datetime.fromtimestamp(filters.posted_until, UTC))
    if filters.ids is not None:
        where.append(Job.id == func.any(list(filters.ids)))
    if filters.place is not None:
        where.append(Job.location.icontains(filters.place.text, autoescape=True))
    return where
