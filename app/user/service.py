"""Reading and changing a profile."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidInputError
from app.orm import User, UserProfile
from app.user import repository
from app.user.schemas import ProfileAnswer, ProfilePatch


async def profile(session: AsyncSession, user_id: int) -> ProfileAnswer:
    return _answer(await repository.user_with_profile(session, user_id))


async def change(session: AsyncSession, user_id: int, patch: ProfilePatch) -> ProfileAnswer:
    """Raises InvalidInputError when the stored and the sent salaries contradict each other."""
    changes: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    full_name = changes.pop("full_name", None)
    skills = changes.pop("skills", None)
    stored = await repository.lock_profile(session, user_id)
    repository.apply(stored, changes)
    _check_salaries(stored)
    await session.flush()
    if full_name is not None:
        await repository.rename(session, user_id, full_name)
    if skills is not None:
        distinct: dict[str, str] = {}
        for skill in skills:
            distinct.setdefault(skill.casefold(), skill)
        await repository.replace_skills(session, user_id, list(distinct.values()))
    return await profile(session, user_id)


def _check_salaries(stored: UserProfile) -> None:
    low, high = stored.salary_min, stored.salary_max
    if low is not None and high is not None and low > high:
        raise InvalidInputError("salary_min is above salary_max", pointer="/body/salary_min")


def _answer(user: User) -> ProfileAnswer:
    stored = user.profile
    names = ProfileAnswer.model_fields.keys() - {"id", "email", "full_name", "skills"}
    return ProfileAnswer(
        id=user.public_id,
        email=user.email,
        full_name=user.full_name,
        skills=[skill.name for skill in user.skills],
        **{name: getattr(stored, name) for name in names},
    )
