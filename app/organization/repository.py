"""SQL of companies and their members."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Company, CompanyMember


async def by_slug(session: AsyncSession, slug: str) -> Company | None:
    return await session.scalar(select(Company).where(Company.slug == slug))


async def of_member(session: AsyncSession, slug: str, user_id: int) -> Company | None:
    query = (
        select(Company)
        .join(CompanyMember, CompanyMember.company_id == Company.id)
        .where(Company.slug == slug, CompanyMember.user_id == user_id)
    )
    return await session.scalar(query)


async def is_member(session: AsyncSession, company_id: int, user_id: int) -> bool:
    query = select(CompanyMember.id).where(
        CompanyMember.company_id == company_id, CompanyMember.user_id == user_id
    )
    return await session.scalar(query) is not None
