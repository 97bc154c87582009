"""SQL of search: rows to show, rows to index, and the log of changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.job.repository import SUMMARY
from app.orm import Company, Job, SearchChange, SearchIndexName
from app.search.reposts import OLDER, is_repost

#: Changes counted: nobody asks how many more there are.
MOST_WAITING = 100_000
_SHOWN = text(f"""
SELECT {SUMMARY}, ({OLDER}) AS reposts FROM job j JOIN company c ON c.id = j.company_id
WHERE j.id = ANY(:ids) AND j.status = 'active'
""")  # noqa: S608 - the inserted texts are constants
_INDEXED = (
    Job.id,
    Job.title,
    Job.description,
    Job.requirements,
    Job.benefits,
    Job.skills,
    Job.location,
    Job.job_type,
    Job.remote_option,
    Job.salary_min,
    Job.salary_max,
    Job.salary_currency,
    Job.salary_interval,
    Job.posted_at,
    Company.slug.label("company_slug"),
    Company.name.label("company_name"),
    is_repost().label("is_repost"),
)


async def shown(session: AsyncSession, ids: Collection[int]) -> dict[int, Row[Any]]:
    """Rows for `FoundJob.of_row`, of those that are active now."""
    rows: Sequence[Any] = (await session.execute(_SHOWN, {"ids": list(ids)})).all()
    return {row.id: row for row in rows}


async def company_names(session: AsyncSession, slugs: Collection[str]) -> dict[str, str]:
    query = select(Company.slug, Company.name).where(Company.slug.in_(slugs))
    return {slug: name for slug, name in await session.execute(query)}  # noqa: C416


async def indexed(session: AsyncSession, ids: Collection[int]) -> Sequence[Any]:
    """What an index holds of those that are active."""
    query = (
        select(*_INDEXED)
        .join(Company, Company.id == Job.company_id)
        .where(Job.id == func.any(list(ids)), Job.status == "active")
    )
    return (await session.execute(query)).all()


async def indexed_after(session: AsyncSession, last: int, limit: int) -> Sequence[Any]:
    """The next active postings in ascending order of their ids."""
    query = (
        select(*_INDEXED)
        .join(Company, Company.id == Job.company_id)
        .where(Job.id > last, Job.status == "active")
        .order_by(Job.id)
        .limit(limit)
    )
    return (await session.execute(query)).all()


async def active_count(session: AsyncSession) -> int:
    return (await session.scalar(select(func.count()).where(Job.status == "active"))) or 0


# -- indexes that follow ----------------------------------------------------------------------------


async def follows(session: AsyncSession, name: str) -> bool:
    """Whether an index of that name follows this database."""
    query = select(SearchIndexName.name).where(SearchIndexName.name == name)
    return (await session.scalar(query)) is not None


async def following(session: AsyncSession) -> Sequence[str]:
    return (await session.scalars(select(SearchIndexName.name))).all()


async def follow(session: AsyncSession, name: str) -> int:
    """From now on every change is noted for this index; returns the number of this transaction."""
    await session.execute(insert(SearchIndexName).values(name=name))
    return int((await session.execute(text("SELECT pg_current_xact_id()::text::bigint"))).scalar_one())


async def oldest_running(session: AsyncSession) -> int:
    """The lowest number of a transaction that had not ended."""
    query = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return int((await session.execute(query)).scalar_one())


async def unfollow_others(session: AsyncSession, keep: Collection[str]) -> None:
    await session.execute(delete(SearchIndexName).where(SearchIndexName.name.not_in(keep)))
    await session.execute(delete(SearchChange).where(SearchChange.index_name.not_in(keep)))


async def changes(session: AsyncSession, name: str, limit: int) -> Sequence[tuple[int, int]]:
    """The next (number, posting) that the index has to look at."""
    query = (
        select(SearchChange.id, SearchChange.job_id)
        .where(SearchChange.index_name == name)
        .order_by(SearchChange.id)
        .limit(limit)
    )
    return [(number, job_id) for number, job_id in await session.execute(query)]


async def forget_changes(session: AsyncSession, numbers: Collection[int]) -> None:
    await session.execute(delete(SearchChange).where(SearchChange.id == func.any(list(numbers))))


async def waiting(session: AsyncSession, name: str) -> int:
    """Changes the index has not seen yet; of very many, that there are."""
    some = select(SearchChange.id).where(SearchChange.index_name == name).limit(MOST_WAITING).subquery()
    return (await session.scalar(select(func.count()).select_from(some))) or 0


async def lock_rebuild(session: AsyncSession) -> bool:
    """Held until the session ends. False when somebody else is at it."""
    query = text("SELECT pg_try_advisory_lock(hashtext('search.rebuild'))")
    return bool((await session.execute(query)).scalar_one())


async def unlock_rebuild(session: AsyncSession) -> None:
    await session.execute(text("SELECT pg_advisory_unlock(hashtext('search.rebuild'))"))
