"""SQL of profiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Text, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from app.orm import User, UserProfile, UserSkill


async def user_with_profile(session: AsyncSession, user_id: int) -> User:
    query = (
        select(User)
        .where(User.id == user_id)
        .options(joinedload(User.profile), selectinload(User.skills))
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one()


async def lock_profile(session: AsyncSession, user_id: int) -> UserProfile:
    query = select(UserProfile).where(UserProfile.user_id == user_id).with_for_update()
    return (await session.execute(query)).scalar_one()


async def rename(session: AsyncSession, user_id: int, full_name: str) -> None:
    await session.execute(update(User).where(User.id == user_id).values(full_name=full_name))


async def replace_skills(session: AsyncSession, user_id: int, names: Sequence[str]) -> None:
    """Keeps what is known about a skill that stays; folding is PostgreSQL's, as in the CHECK."""
    wanted = select(func.lower(func.unnest(cast(list(names), ARRAY(Text)))))
    await session.execute(
        delete(UserSkill)
        .where(UserSkill.user_id == user_id, UserSkill.name_key.not_in(wanted))
        .execution_options(synchronize_session=False)
    )
    for name in names:
        statement = insert(UserSkill).values(user_id=user_id, name=name, name_key=func.lower(name))
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=[UserSkill.user_id, UserSkill.name_key],
                set_={"name": name, "source": "stated"},
            )
        )


async def describe_skill(session: AsyncSession, user_id: int, *, name: str, **values: Any) -> None:
    statement = (
        update(UserSkill)
        .where(UserSkill.user_id == user_id, UserSkill.name_key == func.lower(name))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    await session.execute(statement)


def apply(profile: UserProfile, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(profile, name, list(value) if isinstance(value, tuple) else value)
