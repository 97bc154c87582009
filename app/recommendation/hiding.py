"""What a seeker does not want to see again: one posting, or all of a company."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFoundError
from app.event import service as events
from app.job import service as jobs
from app.orm import Company
from app.recommendation import hiding_repository as repository

Reason = Literal["", "field", "level", "pay", "place", "company", "known", "other"]


async def hide(session: AsyncSession, user_id: int, reference: str, reason: Reason) -> None:
    """The posting is dismissed, which models learn from; for the reason `company` all of its company's are
    hidden. Hiding one again changes the reason. Raises NotFoundError."""
    job_id = await jobs.any_id(session, reference)
    is_new = not await repository.is_dismissed(session, user_id, job_id)
    await repository.dismiss(session, user_id, job_id, reason)
    if is_new:
        await events.record(session, user_id, job_id, "dismiss")
    if reason == "company":
        company_id = await repository.company_of(session, job_id)
        await repository.hide_company(session, user_id, company_id)


async def hide_company(session: AsyncSession, user_id: int, slug: str) -> None:
    """Raises NotFoundError."""
    await repository.hide_company(session, user_id, (await _company(session, slug)).id)


async def show_company(session: AsyncSession, user_id: int, slug: str) -> None:
    """Its postings may be recommended again. Raises NotFoundError for a company that does not exist."""
    await repository.show_company(session, user_id, (await _company(session, slug)).id)


async def _company(session: AsyncSession, slug: str) -> Company:
    found = await repository.company(session, slug)
    if found is None:
        raise NotFoundError("no such company")
    return found


async def hidden_companies(session: AsyncSession, user_id: int) -> Sequence[Company]:
    """By name."""
    return await repository.hidden_companies(session, user_id)
