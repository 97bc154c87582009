"""Resumes for postings, and resumes as files."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterable
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.errors import QuotaExceededError
from app.ingestion.normalize.gazetteer import fold
from app.job import service as jobs
from app.kit.clock import utcnow
from app.resume import repository, service
from app.resume.document import Document
from app.resume.ranking import SKILL_WEIGHTS, Wanted
from app.resume.render.file import File, render
from app.resume.render.typst import Compiler
from app.resume.schemas import CopyAnswer, CopyRequest, GenerateRequest, Tailoring
from app.resume.tailor import Tailored, tailor

_NOT_IN_NAMES = re.compile(r"[^\w\- ]+")


async def copy(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, body: CopyRequest, most: int
) -> CopyAnswer:
    """Raises NotFoundError, GoneError for a posting that is over, and as `service.add`."""
    original = await service.read(session, user_id, public_id)
    document, source, told = original.document, original.source, None
    job_id = await jobs.any_id(session, str(body.job_id)) if body.job_id else None
    if body.tailor and body.job_id:
        tailored = await tailored_to(await posting(session, user_id, body.job_id), document)
        document, source = tailored.document, "tailored"
        told = Tailoring(matched=tailored.matched, missing=tailored.missing)
    new = service.NewResume(body.name, document, source, job_id=job_id)
    made = await service.add(session, user_id, new, most)
    return CopyAnswer(**dict(made), tailoring=told)


async def generate(
    session: AsyncSession, compiler: Compiler, user_id: int, body: GenerateRequest, most: int
) -> tuple[File, Document]:
    """The file and the document it shows. `most` files an account may make on one day; below 0 there is no
    limit. Raises NotFoundError, GoneError, QuotaExceededError, and as `render`."""
    today = utcnow().date()
    document = service.settled(body.document or Document(), "typed")
    if body.resume_id is not None:
        document = (await service.read(session, user_id, body.resume_id)).document
    wanted = await posting(session, user_id, body.job_id) if body.job_id else None
    refusal = QuotaExceededError(f"an account may make {most} files a day")
    if 0 <= most <= await repository.downloads(session, user_id, today):
        raise refusal
    await release(session)
    if wanted is not None:
        document = (await tailored_to(wanted, document)).document
    file = await render(compiler, document, body.format, body.template, body.paper)
    if not await repository.count_download(session, user_id, today, most):
        raise refusal
    return file, document


async def tailored_to(wanted: Wanted, document: Document) -> Tailored:
    return await asyncio.to_thread(tailor, document, wanted)


async def posting(session: AsyncSession, user_id: int, job: uuid.UUID) -> Wanted:
    """What a posting asks for, by all the names the taxonomy has for it. Raises NotFoundError, GoneError."""
    row, _ = await jobs.read(session, str(job), user_id)
    detail = await jobs.described(session, row)
    weights = dict.fromkeys(detail.skills, SKILL_WEIGHTS["nice"])
    weights |= {need.name: SKILL_WEIGHTS[need.importance] for need in detail.skill_requirements}
    aliases = await other_names(session, weights)
    return Wanted(detail.title, f"{detail.description}\n{detail.requirements}", weights, aliases)


async def other_names(session: AsyncSession, names: Iterable[str]) -> dict[str, list[str]]:
    """Of each skill what else the taxonomy calls it, folded."""
    keys = {name: fold(name) for name in names}
    known = await repository.skill_names(session, set(keys.values()))
    return {
        name: sorted({other for group in known if key in group for other in group} - {key})
        for name, key in keys.items()
    }


def disposition(document: Document, extension: str) -> str:
    """A Content-Disposition (RFC 6266) with the person's name in it."""
    name = " ".join(_NOT_IN_NAMES.sub(" ", document.basics.name).split())[:80]
    whole = f"{name} - Resume.{extension}" if name else f"Resume.{extension}"
    return f"attachment; filename=\"resume.{extension}\"; filename*=UTF-8''{quote(whole, safe='')}"
