"""SQL of resumes."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer, joinedload

from app.kit.pagination import Paging
from app.orm import Job, Resume, ResumeQuota, ResumeVersion, SkillTerm

# Another download of the same account waits for the row, and then sees the newest count.
_DOWNLOAD = text("""
INSERT INTO resume_quota AS q (user_id, downloads, downloaded_on)
VALUES (:user_id, 1, CAST(:today AS date))
ON CONFLICT (user_id) DO UPDATE
SET downloads = CASE WHEN q.downloaded_on = excluded.downloaded_on THEN q.downloads + 1 ELSE 1 END,
    downloaded_on = excluded.downloaded_on
WHERE :most < 0 OR q.downloaded_on <> excluded.downloaded_on OR q.downloads < :most
RETURNING user_id
""")


async def lock_account(session: AsyncSession, user_id: int) -> None:
    """What counts an account's resumes, or says which is the default, is done one at a time."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await session.execute(lock, {"name": f"resumes {user_id}"})


async def count(session: AsyncSession, user_id: int) -> int:
    query = select(func.count(Resume.id)).where(Resume.user_id == user_id)
    return (await session.execute(query)).scalar_one()


async def name_is_taken(session: AsyncSession, user_id: int, name: str, but: int | None = None) -> bool:
    query = select(Resume.id).where(Resume.user_id == user_id, Resume.name == name, Resume.id != (but or 0))
    return await session.scalar(query) is not None


async def page(
    session: AsyncSession, user_id: int, paging: Paging, job_id: int | None
) -> tuple[int, Sequence[tuple[Resume, ResumeVersion]]]:
    """The default first, then the newest."""
    where = [Resume.user_id == user_id]
    if job_id is not None:
        where.append(Resume.job_id == job_id)
    total = (await session.execute(select(func.count(Resume.id)).where(*where))).scalar_one()
    query = (
        _with_version()
        .where(*where)
        .options(defer(ResumeVersion.document, raiseload=True))
        .order_by(Resume.is_default.desc(), Resume.updated_at.desc(), Resume.id.desc())
    )
    rows = await session.execute(query.offset(paging.offset).limit(paging.limit))
    return total, [(row[0], row[1]) for row in rows]


async def find(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, *, lock: bool = False
) -> tuple[Resume, ResumeVersion] | None:
    """A resume of the account with its current version."""
    query = _with_version().where(Resume.user_id == user_id, Resume.public_id == public_id)
    if lock:
        query = query.with_for_update(of=Resume)
    row = (await session.execute(query.execution_options(populate_existing=True))).one_or_none()
    return None if row is None else (row[0], row[1])


def _with_version() -> Select[Resume, ResumeVersion]:
    return (
        select(Resume, ResumeVersion)
        .join(
            ResumeVersion,
            (ResumeVersion.resume_id == Resume.id) & (ResumeVersion.number == Resume.current),
        )
        .options(joinedload(Resume.job).load_only(Job.public_id, raiseload=True))
    )


async def versions(
    session: AsyncSession, resume_id: int, paging: Paging
) -> tuple[int, Sequence[ResumeVersion]]:
    mine = ResumeVersion.resume_id == resume_id
    total = (await session.execute(select(func.count(ResumeVersion.id)).where(mine))).scalar_one()
    query = (
        select(ResumeVersion)
        .where(mine)
        .options(defer(ResumeVersion.document, raiseload=True))
        .order_by(ResumeVersion.number.desc())
        .offset(paging.offset)
        .limit(paging.limit)
    )
    return total, (await session.scalars(query)).all()


async def version(session: AsyncSession, resume_id: int, number: int) -> ResumeVersion | None:
    query = select(ResumeVersion).where(ResumeVersion.resume_id == resume_id, ResumeVersion.number == number)
    return await session.scalar(query)


async def drop_old_versions(session: AsyncSession, resume_id: int, before: int) -> None:
    await session.execute(
        delete(ResumeVersion).where(ResumeVersion.resume_id == resume_id, ResumeVersion.number < before)
    )


async def no_default_but(session: AsyncSession, user_id: int, resume_id: int | None) -> None:
    statement = update(Resume).where(
        Resume.user_id == user_id, Resume.is_default, Resume.id != (resume_id or 0)
    )
    # when it was edited last is not changed by another becoming the default
    await session.execute(statement.values(is_default=False, updated_at=Resume.updated_at))


async def newest(session: AsyncSession, user_id: int) -> Resume | None:
    query = (
        select(Resume).where(Resume.user_id == user_id).order_by(Resume.updated_at.desc(), Resume.id.desc())
    )
    return await session.scalar(query.limit(1))


async def downloads(session: AsyncSession, user_id: int, today: date) -> int:
    query = select(ResumeQuota.downloads).where(
        ResumeQuota.user_id == user_id, ResumeQuota.downloaded_on == today
    )
    return await session.scalar(query) or 0


async def count_download(session: AsyncSession, user_id: int, today: date, most: int) -> bool:
    """Whether it was within what the account may have on one day; below 0 there is no limit."""
    values: dict[str, Any] = {"user_id": user_id, "today": today, "most": most}
    return (await session.execute(_DOWNLOAD, values)).first() is not None


async def skill_names(session: AsyncSession, keys: Collection[str]) -> list[frozenset[str]]:
    """All names, folded, of each skill of the taxonomy that one of the keys names."""
    wanted = list(keys)
    query = select(SkillTerm.label_key, SkillTerm.alias_keys).where(
        or_(SkillTerm.label_key.in_(wanted), SkillTerm.alias_keys.overlap(wanted))
    )
    return [frozenset((label, *aliases)) for label, aliases in await session.execute(query.limit(1000))]
