"""SQL of saved searches and alerts."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import uuid7
from app.kit.pagination import Paging
from app.orm import AlertCandidate, HiddenCompany, Job, JobAlert, SavedSearch, SearchChange


@dataclass(frozen=True, slots=True)
class Candidate:
    number: int
    job_id: int
    at: datetime


async def lock_list(session: AsyncSession, user_id: int) -> None:
    """One change of a person's list at a time, so that a limit holds; until the transaction ends."""
    query = text("SELECT pg_advisory_xact_lock(hashtext('saved_search'), CAST(:key AS int))")
    await session.execute(query, {"key": user_id % 2147483647})


async def count(session: AsyncSession, user_id: int) -> int:
    query = select(func.count()).where(SavedSearch.user_id == user_id)
    return (await session.scalar(query)) or 0


async def name_taken(session: AsyncSession, user_id: int, name: str, but: int = 0) -> bool:
    query = exists().where(SavedSearch.user_id == user_id, SavedSearch.name == name, SavedSearch.id != but)
    return bool(await session.scalar(select(query)))


async def of_user(session: AsyncSession, user_id: int, paging: Paging) -> tuple[int, Sequence[SavedSearch]]:
    query = (
        select(SavedSearch)
        .where(SavedSearch.user_id == user_id)
        .order_by(SavedSearch.id.desc())
        .offset(paging.offset)
        .limit(paging.limit)
    )
    return await count(session, user_id), (await session.scalars(query)).all()


async def find(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, *, lock: bool = False
) -> SavedSearch | None:
    query = select(SavedSearch).where(SavedSearch.user_id == user_id, SavedSearch.public_id == public_id)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def alerts(
    session: AsyncSession, user_id: int, paging: Paging, *, unread: bool
) -> tuple[int, Sequence[Row[JobAlert, str, uuid.UUID]]]:
    """(number, one page of (alert, name and public id of its search)), newest first; closed postings too."""
    where = [JobAlert.user_id == user_id]
    if unread:
        where.append(JobAlert.read_at.is_(None))
    total = (await session.execute(select(func.count()).where(*where))).scalar_one()
    query = (
        select(JobAlert, SavedSearch.name, SavedSearch.public_id)
        .join(SavedSearch, SavedSearch.id == JobAlert.saved_search_id)
        .where(*where)
        .order_by(JobAlert.id.desc())
        .offset(paging.offset)
        .limit(paging.limit)
    )
    return total, (await session.execute(query)).all()


async def mark_read(
    session: AsyncSession, user_id: int, ids: Collection[uuid.UUID] | None, now: datetime
) -> int:
    query = update(JobAlert).where(JobAlert.user_id == user_id, JobAlert.read_at.is_(None))
    if ids is not None:
        query = query.where(JobAlert.public_id.in_(ids))
    result: Any = await session.execute(query.values(read_at=now))
    return int(result.rowcount)


# -- finding what is new -----------------------------------------------------------------------------


async def candidates(session: AsyncSession, index: str | None, limit: int) -> list[Candidate]:
    """The oldest postings not asked about yet, without those the index has still to see."""
    query = select(AlertCandidate.id, AlertCandidate.job_id, AlertCandidate.at)
    if index is not None:
        waiting = select(SearchChange.job_id).where(SearchChange.index_name == index)
        query = query.where(AlertCandidate.job_id.not_in(waiting))
    rows = await session.execute(query.order_by(AlertCandidate.id).limit(limit))
    return [Candidate(number, job_id, at) for number, job_id, at in rows]


async def forget_candidates(session: AsyncSession, numbers: Collection[int]) -> None:
    await session.execute(delete(AlertCandidate).where(AlertCandidate.id == func.any(list(numbers))))


async def watching(session: AsyncSession, last: int, limit: int) -> Sequence[SavedSearch]:
    """The next searches that somebody wants to be told of."""
    query = select(SavedSearch).where(SavedSearch.alerts, SavedSearch.id > last)
    return (await session.scalars(query.order_by(SavedSearch.id).limit(limit))).all()


async def add_alerts(session: AsyncSession, search: SavedSearch, job_ids: Sequence[int]) -> int:
    """Each posting once for a person, however many of their searches find it, however often it is found.
    None of a company they hide."""
    hidden = select(HiddenCompany.company_id).where(HiddenCompany.user_id == search.user_id)
    shown = (Job.id.in_(job_ids), Job.status == "active", Job.company_id.not_in(hidden))
    active = await session.scalars(select(Job.id).where(*shown))
    rows = [
        {
            "public_id": uuid7(),
            "user_id": search.user_id,
            "saved_search_id": search.id,
            "job_id": job_id,
        }
        for job_id in sorted(active.all())
    ]
    if not rows:
        return 0
    made = insert(JobAlert).values(rows).on_conflict_do_nothing().returning(JobAlert.id)
    return len((await session.scalars(made)).all())


async def forget_alerts_before(session: AsyncSession, moment: datetime, limit: int) -> int:
    """The oldest ones, a batch at a time."""
    old = select(JobAlert.id).where(JobAlert.created_at < moment).order_by(JobAlert.created_at).limit(limit)
    result: Any = await session.execute(delete(JobAlert).where(JobAlert.id.in_(old)))
    return int(result.rowcount)
