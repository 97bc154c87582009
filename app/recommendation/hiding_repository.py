"""SQL of what a seeker hides."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Company, Dismissal, HiddenCompany, Job


async def is_dismissed(session: AsyncSession, user_id: int, job_id: int) -> bool:
    query = exists().where(Dismissal.user_id == user_id, Dismissal.job_id == job_id)
    return bool(await session.scalar(select(query)))


async def dismiss(session: AsyncSession, user_id: int, job_id: int, reason: str) -> None:
    """The newest reason counts."""
    row = insert(Dismissal).values(user_id=user_id, job_id=job_id, reason=reason)
    await session.execute(
        row.on_conflict_do_update(index_elements=["user_id", "job_id"], set_={"reason": reason})
    )


async def company(session: AsyncSession, slug: str) -> Company | None:
    return (await session.scalars(select(Company).where(Company.slug == slug))).one_or_none()


async def company_of(session: AsyncSession, job_id: int) -> int:
    return (await session.execute(select(Job.company_id).where(Job.id == job_id))).scalar_one()


async def hide_company(session: AsyncSession, user_id: int, company_id: int) -> None:
    row = insert(HiddenCompany).values(user_id=user_id, company_id=company_id)
    await session.execute(row.on_conflict_do_nothing())


async def show_company(session: AsyncSession, user_id: int, company_id: int) -> None:
    hidden = (HiddenCompany.user_id == user_id, HiddenCompany.company_id == company_id)
    await session.execute(delete(HiddenCompany).where(*hidden))


async def hidden_companies(session: AsyncSession, user_id: int) -> Sequence[Company]:
    query = (
        select(Company)
        .join(HiddenCompany, HiddenCompany.company_id == Company.id)
        .where(HiddenCompany.user_id == user_id)
        .order_by(Company.name, Company.id)
    )
    return (await session.scalars(query)).all()
