"""Companies: made by an employer, who becomes the owner, or named by an import."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFoundError
from app.kit.ids import slugify, uuid7
from app.organization import repository
from app.organization.schemas import CompanyCreate, CompanyPatch
from app.orm import Company, CompanyMember


async def get(session: AsyncSession, slug: str) -> Company:
    found = await repository.by_slug(session, slug)
    if found is None:
        raise NotFoundError("no such company")
    return found


async def create(session: AsyncSession, user_id: int, body: CompanyCreate) -> Company:
    """A name another employer took is a conflict (the database's unique constraint says so)."""
    public_id = uuid7()
    made = Company(
        public_id=public_id,
        slug=slugify(body.name, suffix=public_id.hex[-8:]),
        source="employer",
        **body.model_dump(),
    )
    session.add(made)
    await session.flush()
    session.add(CompanyMember(company_id=made.id, user_id=user_id, role="owner"))
    return made


async def change(session: AsyncSession, user_id: int, slug: str, body: CompanyPatch) -> Company:
    found = await of_member(session, slug, user_id)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(found, name, value)
    await session.flush()
    return found


async def of_member(session: AsyncSession, slug: str, user_id: int) -> Company:
    """The company, if the user is its member. Raises NotFoundError: others need not know it exists."""
    found = await repository.of_member(session, slug, user_id)
    if found is None:
        raise NotFoundError("no such company among yours")
    return found


async def is_member(session: AsyncSession, company_id: int, user_id: int) -> bool:
    return await repository.is_member(session, company_id, user_id)
