"""Reading and changing a profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidInputError
from app.kit.periods import PERIODS_PER_YEAR
from app.kit.storage import Storage
from app.orm import User, UserProfile
from app.user import documents, pictures, repository
from app.user.schemas import MAX_SKILLS, SAME, ProfileAnswer, ProfilePatch, SkillDetail, SkillsRequest
from app.user.tasks import enqueue_drop_picture, enqueue_forget_behaviour

HIGHEST = Decimal(1_000_000_000)
MEDIA = "/api/v1/media/avatars/"


@dataclass(frozen=True, slots=True)
class Completed:
    """What a profile did not have before."""

    skills: list[str]
    desired_title: str
    experience_years: float | None


async def profile(session: AsyncSession, user_id: int) -> ProfileAnswer:
    return _answer(await repository.user_with_profile(session, user_id))


async def change(session: AsyncSession, user_id: int, patch: ProfilePatch) -> ProfileAnswer:
    """Raises InvalidInputError when the stored and the sent salaries contradict each other."""
    changes: dict[str, Any] = {SAME.get(name, name): getattr(patch, name) for name in patch.model_fields_set}
    full_name = changes.pop("full_name", None)
    skills = changes.pop("skills", None)
    stored = await repository.lock_profile(session, user_id)
    was_profiled = not stored.profiling_opt_out
    _annualise(stored, changes)
    _merge_documents(stored, changes)
    repository.apply(stored, changes)
    _check_salaries(stored)
    await session.flush()
    if was_profiled and stored.profiling_opt_out:
        await enqueue_forget_behaviour(session, user_id)
    if full_name is not None:
        await repository.rename(session, user_id, full_name)
    if skills is not None:
        distinct: dict[str, str] = {}
        for skill in skills:
            distinct.setdefault(skill.casefold(), skill)
        await repository.replace_skills(session, user_id, list(distinct.values()))
    return await profile(session, user_id)


async def complete(
    session: AsyncSession,
    user_id: int,
    *,
    skills: Sequence[str] = (),
    desired_title: str = "",
    experience_years: float | None = None,
) -> Completed:
    """Adds skills that are not there and fills what is empty: nothing that was stated changes.

    Raises ValidationError for what no profile can hold.
    """
    await repository.lock_profile(session, user_id)
    before = await profile(session, user_id)
    known = {name.casefold() for name in before.skills}
    new = {name.casefold(): name for name in reversed(skills) if name.casefold() not in known}
    added = list(reversed(new.values()))[: max(0, MAX_SKILLS - len(before.skills))]
    changes: dict[str, Any] = {"skills": (*before.skills, *added)} if added else {}
    if desired_title and not before.desired_title:
        changes["desired_title"] = desired_title
    if experience_years is not None and before.experience_years is None:
        changes["experience_years"] = experience_years
    await change(session, user_id, ProfilePatch.model_validate(changes))
    return Completed(added, changes.get("desired_title", ""), changes.get("experience_years"))


async def replace_skills(session: AsyncSession, user_id: int, body: SkillsRequest) -> ProfileAnswer:
    """What a person states replaces what was known of the skill, but for the evidence a parser found."""
    distinct = {skill.name.casefold(): skill for skill in reversed(body.skills)}
    ordered = list(reversed(distinct.values()))
    await repository.lock_profile(session, user_id)
    await repository.replace_skills(session, user_id, [skill.name for skill in ordered])
    for skill in ordered:
        await repository.describe_skill(session, user_id, **skill.model_dump())
    return await profile(session, user_id)


async def change_picture(session: AsyncSession, storage: Storage, user_id: int, data: bytes) -> ProfileAnswer:
    """Raises InvalidInputError for what is no picture, PayloadTooLargeError."""
    name = await pictures.store(storage, data)
    stored = await repository.lock_profile(session, user_id)
    before, stored.avatar = stored.avatar, name
    await session.flush()
    if before:
        await enqueue_drop_picture(session, before)
    return await profile(session, user_id)


async def drop_picture(session: AsyncSession, user_id: int) -> None:
    stored = await repository.lock_profile(session, user_id)
    if stored.avatar:
        await enqueue_drop_picture(session, stored.avatar)
        stored.avatar = ""


def _annualise(stored: UserProfile, changes: dict[str, Any]) -> None:
    """Replaces the expectations in `changes` by what they are in a year. Raises InvalidInputError."""
    units = PERIODS_PER_YEAR[changes.get("salary_interval") or stored.salary_interval]
    for end in ("min", "max"):
        name = f"salary_expectation_{end}"
        if name in changes:
            amount: Decimal | None = changes.pop(name)
            changes[f"salary_{end}"] = None if amount is None else amount * units
            if amount is not None and amount * units > HIGHEST:
                raise InvalidInputError("more than anybody is paid", pointer=f"/body/{name}")


def _merge_documents(stored: UserProfile, changes: dict[str, Any]) -> None:
    preferences = changes.pop("notification_preferences", None)
    if preferences is not None:
        before = documents.notifications(stored.notification_preferences)
        changes["notification_preferences"] = documents.merged(before, preferences)
    settings = changes.pop("privacy_settings", None)
    if settings is not None:
        merged = documents.merged(_privacy(stored), settings, nullable=frozenset({"retention_months"}))
        changes["privacy_settings"] = merged
        for name in documents.OPT_OUTS & settings.model_fields_set:
            if getattr(settings, name) is not None:
                changes[name] = getattr(settings, name)


def _check_salaries(stored: UserProfile) -> None:
    low, high = stored.salary_min, stored.salary_max
    if low is not None and high is not None and low > high:
        raise InvalidInputError("salary_min is above salary_max", pointer="/body/salary_min")


def _privacy(stored: UserProfile) -> documents.PrivacySettings:
    return documents.privacy(
        stored.privacy_settings,
        training_opt_out=stored.training_opt_out,
        profiling_opt_out=stored.profiling_opt_out,
    )


def _expectation(annual: Decimal | None, interval: str) -> float | None:
    return None if annual is None else float(round(annual / PERIODS_PER_YEAR[interval], 2))


_COMPUTED = frozenset(
    {
        *("id", "email", "full_name", "skills", "skill_details", "preferred_job_types", "avatar_url"),
        *("salary_expectation_min", "salary_expectation_max", "last_active"),
        *("notification_preferences", "privacy_settings"),
    }
)


def _answer(user: User) -> ProfileAnswer:
    stored = user.profile
    names = ProfileAnswer.model_fields.keys() - _COMPUTED
    return ProfileAnswer(
        id=user.public_id,
        email=user.email,
        full_name=user.full_name,
        skills=[skill.name for skill in user.skills],
        skill_details=[SkillDetail.model_validate(skill) for skill in user.skills],
        preferred_job_types=stored.job_types,
        avatar_url=MEDIA + stored.avatar if stored.avatar else "",
        salary_expectation_min=_expectation(stored.salary_min, stored.salary_interval),
        salary_expectation_max=_expectation(stored.salary_max, stored.salary_interval),
        notification_preferences=documents.notifications(stored.notification_preferences),
        privacy_settings=_privacy(stored),
        last_active=user.last_active,
        **{name: getattr(stored, name) for name in names},
    )
