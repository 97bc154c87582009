"""A person's data as a ZIP of JSON files, one per kind of record."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.storage import Storage
from app.orm import Company, Job
from app.user import account_repository as repository
from app.user import holdings, pictures

README = """Your data at JobPilot.

Each .json file is a list of records of one kind, as they are kept. Times are UTC (ISO 8601).
app_user.json          your account
user_profile.json      what you said about yourself; user_skill.json: your skills
resume.json            your resumes; resume_version.json: every version that is kept, as JSON Resume
event.json             what you did with postings; impression.json: which you were shown, and why there
saved_job.json, job_application.json    your lists
hidden_company.json, dismissal.json    what you hid, and why
score_receipt.json     receipts of scores: hashes, numbers, signatures
auth_session.json      your sessions; mail.json: mails we sent you
postings.json          what the numbers of postings (job_id) stand for
avatar.jpg             your picture, if there is one
Not in here: password hashes and other secrets. What our models compute about you (features, vectors) follows
from these records and is made anew when it is needed.
"""
Row = dict[str, Any]


async def write(session: AsyncSession, storage: Storage, user_id: int, target: Path) -> None:
    """Memory is bounded by a chunk of rows and the set of posting numbers."""
    jobs: set[int] = set()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        for table, theirs in holdings.of_user(user_id).items():
            with archive.open(f"{table.name}.json", "w") as file:
                async for line in _lines(holdings.rows(session, table, theirs), jobs):
                    file.write(line)
        with archive.open("postings.json", "w") as file:
            async for line in _lines(_postings(session, sorted(jobs)), set()):
                file.write(line)
        avatar = await repository.avatar(session, user_id)
        picture = pictures.file_of(storage, avatar) if avatar else None
        if picture is not None:
            archive.write(picture, "avatar.jpg")


async def _lines(chunks: AsyncIterator[Any], jobs: set[int]) -> AsyncIterator[bytes]:
    """A JSON list, one record a line; notes the postings that the records name."""
    first = True
    yield b"["
    async for chunk in chunks:
        for row in chunk:
            if isinstance(row.get("job_id"), int):
                jobs.add(row["job_id"])
            text = json.dumps(row, ensure_ascii=False, default=str)
            yield (b"\n" if first else b",\n") + text.encode()
            first = False
    yield b"\n]\n"


async def _postings(session: AsyncSession, ids: list[int]) -> AsyncIterator[list[Row]]:
    for start in range(0, len(ids), holdings.CHUNK):
        query = (
            select(Job.id, Job.public_id, Job.title, Company.name.label("company"))
            .join(Company, Company.id == Job.company_id)
            .where(Job.id.in_(ids[start : start + holdings.CHUNK]))
            .order_by(Job.id)
        )
        yield [dict(row) for row in (await session.execute(query)).mappings()]
