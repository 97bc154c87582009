"""Applications as the company sees them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.application import repository, states
from app.application.schemas import Applicant, ApplicantAnswer, ApplicantPatch
from app.application.service import set_status
from app.errors import NotFoundError
from app.job import service as jobs
from app.kit.pagination import Paging


async def applicants(
    session: AsyncSession, user_id: int, reference: str, statuses: Sequence[str], paging: Paging
) -> tuple[int, list[ApplicantAnswer]]:
    """(number, one page), newest first; what was withdrawn is gone. Raises NotFoundError."""
    job_id = await jobs.owned_id(session, user_id, reference)
    total, rows = await repository.applicants(session, job_id, statuses, paging)
    return total, [_answer(row) for row in rows]


async def change(
    session: AsyncSession, user_id: int, reference: str, public_id: uuid.UUID, patch: ApplicantPatch
) -> ApplicantAnswer:
    """Raises NotFoundError, ConflictError for a status that is not the company's to set."""
    job_id = await jobs.owned_id(session, user_id, reference)
    found = await repository.lock_applicant(session, job_id, public_id)
    if found is None:
        raise NotFoundError("no such application")
    if "employer_notes" in patch.model_fields_set:
        found.employer_notes = patch.employer_notes
    if "status" in patch.model_fields_set:
        set_status(session, found, patch.status, "employer")
    await session.flush()
    return _answer(await repository.applicant(session, job_id, public_id))


def _answer(row: Row[Any]) -> ApplicantAnswer:
    names = ("status", "cover_letter", "answers", "employer_notes", "created_at", "resume")
    return ApplicantAnswer(
        id=row.public_id,
        applicant=Applicant.model_validate(row),
        possible=sorted(states.allowed(row.status, "employer", is_external=False)),
        **{name: getattr(row, name) for name in names},
    )
