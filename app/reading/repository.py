"""SQL of facts, summaries and batches."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import Job, JobFacts, JobSummaryText, SummaryBatch, SummaryItem

_UNREAD = text("""
SELECT j.id FROM job j LEFT JOIN job_facts f ON f.job_id = j.id
WHERE j.status = 'active' AND j.content_hash IS NOT NULL AND f.content_hash IS DISTINCT FROM j.content_hash
ORDER BY j.id DESC LIMIT :limit
""")
_FORGET = text("DELETE FROM skill_requirement WHERE job_id = :job_id AND source = 'parsed'")
_REQUIREMENTS = text("""
INSERT INTO skill_requirement (job_id, name, name_key, term_id, importance, years, source)
SELECT :job_id, left(r.name, 100), lower(left(r.name, 100)), t.id, r.need, r.years, 'parsed'
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(name text, skill_id text, need text, years numeric)
LEFT JOIN skill_term t ON t.taxonomy_id = r.skill_id
WHERE NOT EXISTS (SELECT FROM skill_requirement s WHERE s.job_id = :job_id AND s.source = 'employer')
ON CONFLICT (job_id, name_key) DO NOTHING
""")


async def stored_summaries(
    session: AsyncSession, job_ids: Collection[int]
) -> dict[int, tuple[Job, JobSummaryText | None]]:
    """Each posting and the newest summary of the content it has now."""
    newest = (
        select(JobSummaryText)
        .where(JobSummaryText.job_id.in_(job_ids))
        .ext(distinct_on(JobSummaryText.job_id, JobSummaryText.content_hash))
        .order_by(JobSummaryText.job_id, JobSummaryText.content_hash, JobSummaryText.id.desc())
    )
    found = {(row.job_id, row.content_hash): row for row in await session.scalars(newest)}
    jobs = await session.scalars(select(Job).where(Job.id.in_(job_ids)))
    return {job.id: (job, found.get((job.id, job.content_hash or ""))) for job in jobs}


async def store_summary(session: AsyncSession, job_id: int, values: dict[str, Any]) -> None:
    """One per posting and model; a newer one of the same model takes its place."""
    statement = upsert(JobSummaryText).values(job_id=job_id, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[JobSummaryText.job_id, JobSummaryText.model_version], set_=values
        )
    )


async def facts(session: AsyncSession, job_id: int) -> JobFacts | None:
    return await session.get(JobFacts, job_id)


async def store_facts(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    statement = upsert(JobFacts).values(list(rows))
    changed = {name: statement.excluded[name] for name in ("content_hash", "reader", "facts")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[JobFacts.job_id], set_={**changed, "read_at": text("now()")}
        )
    )


async def store_requirements(session: AsyncSession, job_id: int, rows: str) -> None:
    """`rows` is a JSON array of name, skill_id, need and years. What the employer stated is left alone."""
    await session.execute(_FORGET, {"job_id": job_id})
    await session.execute(_REQUIREMENTS, {"job_id": job_id, "rows": rows})


async def unread(session: AsyncSession, limit: int) -> Sequence[int]:
    """Active postings whose content no facts are known of, newest first."""
    return (await session.scalars(_UNREAD, {"limit": limit})).all()


# -- batches -------------------------------------------------------------------------------------------


async def create_batch(session: AsyncSession, user_id: int, job_ids: Sequence[int]) -> SummaryBatch:
    batch = SummaryBatch(user_id=user_id)
    session.add(batch)
    await session.flush()
    items = [SummaryItem(batch_id=batch.id, job_id=job, place=at) for at, job in enumerate(job_ids)]
    session.add_all(items)
    await session.flush()
    return batch


async def batch(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> SummaryBatch | None:
    query = select(SummaryBatch).where(SummaryBatch.public_id == public_id, SummaryBatch.user_id == user_id)
    return await session.scalar(query)


async def items(session: AsyncSession, batch_id: int) -> Sequence[Row[int, str, str]]:
    query = (
        select(SummaryItem.job_id, SummaryItem.status, SummaryItem.error)
        .where(SummaryItem.batch_id == batch_id)
        .order_by(SummaryItem.place)
    )
    return (await session.execute(query)).all()


async def pending(session: AsyncSession, batch_id: int, limit: int) -> Sequence[int]:
    """Locked, so that a task that runs twice at once does not do the same postings twice."""
    query = (
        select(SummaryItem.job_id)
        .where(SummaryItem.batch_id == batch_id, SummaryItem.status == "pending")
        .order_by(SummaryItem.place)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def settle(session: AsyncSession, batch_id: int, job_ids: Collection[int], error: str = "") -> None:
    await session.execute(
        update(SummaryItem)
        .where(SummaryItem.batch_id == batch_id, SummaryItem.job_id.in_(job_ids))
        .values(status="failed" if error else "done", error=error[:200])
    )
