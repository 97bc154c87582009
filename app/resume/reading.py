"""Resumes read by the serving layer: files parsed and imported, skills named, our own files read back."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.errors import (
    InvalidInputError,
    MatchingUnavailableError,
    NotFoundError,
    PayloadTooLargeError,
    UnreadableFileError,
)
from app.kit.pagination import Paging
from app.resume import readback, service
from app.resume.document import Document
from app.resume.importing import imported
from app.resume.pointers import leaves, without
from app.resume.reading_schemas import (
    CheckAnswer,
    CheckDifference,
    ImportAnswer,
    LeftOutItem,
    ParsedAnswer,
    ResumeSkill,
    ResumeSkillsAnswer,
)
from app.resume.render.file import render
from app.resume.render.typst import Compiler, Template
from app.resume.schemas import Source
from serving.client import ServingClient, ServingError, ServingRejectedError
from serving.language_schemas import (
    MAX_FILE_BYTES,
    FindSkillsRequest,
    ReadResumeRequest,
    ReadResumeResponse,
    SkillEvidence,
)

Answer = TypeVar("Answer")
#: Fields whose words may show skills. The rest names people, places and moments.
_SPEAKING = ("summary", "description", "highlights", "keywords", "position", "label", "courses", "area")
_SECTIONS = ("basics", "work", "volunteer", "education", "skills", "certificates", "projects", "publications")
#: Joins the texts of a document into one: ends every sentence and list.
_JOINT = "\n\n"
MAX_TEXT = 60_000
#: Codes of the reader that speak of size.
_TOO_LARGE = frozenset({"too_large", "too_many_pages"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A file, or text that was pasted."""

    data: bytes | None = None
    filename: str = ""
    text: str = ""


async def parse(serving: ServingClient, sent: Sent) -> ParsedAnswer:
    """Raises UnreadableFileError (its `reason` is the reader's code), PayloadTooLargeError and
    MatchingUnavailableError."""
    read = await read_file(serving, sent)
    return ParsedAnswer(
        resume=read.resume,
        text=read.text,
        skills=list(read.skills),
        experience_years=read.experience_years,
        language=read.language,
        warnings=list(read.warnings),
        model_version=read.reader,
    )


async def import_file(
    session: AsyncSession, serving: ServingClient, user_id: int, sent: Sent, name: str, most: int
) -> ImportAnswer:
    """A new resume out of a file. Raises as `parse` and as `service.add`."""
    await release(session)
    return await keep(session, user_id, await read_file(serving, sent), name, most)


async def keep(
    session: AsyncSession, user_id: int, read: ReadResumeResponse, name: str, most: int
) -> ImportAnswer:
    """Raises as `service.add`."""
    made = imported(read.resume)
    kind = read.resume.get("x-jobpilot", {}).get("kind", "")
    source: Source = "imported" if kind in ("json-resume", "linkedin") else "parsed"
    async with session.begin_nested():  # a page that tells of a refusal commits: half a resume must not stay
        added = await service.add(session, user_id, service.NewResume(name, made.document, source), most)
    return ImportAnswer(
        **dict(added),
        left_out=[LeftOutItem(path=item.path, reason=item.reason) for item in made.left_out],
        warnings=list(read.warnings),
    )


async def skills(
    session: AsyncSession, serving: ServingClient, user_id: int, resume_id: uuid.UUID | None
) -> ResumeSkillsAnswer:
    """S-173: of the default resume if none is named. Raises NotFoundError, MatchingUnavailableError."""
    resume = await service.read(session, user_id, resume_id or await _default(session, user_id))
    await release(session)
    pieces = list(_speaking(resume.document))
    text = _JOINT.join(words for _, words in pieces)[:MAX_TEXT]
    answer = await _asked(serving.find_skills(FindSkillsRequest(texts=(text,))))
    evidence = list(_placed(answer.skills[0], pieces))
    best = sorted({(-row.confidence, row.label) for row in evidence if row.skill_id})
    return ResumeSkillsAnswer(
        resume_id=resume.id,
        version=resume.version,
        skills=list(dict.fromkeys(label for _, label in best)),
        evidence=evidence,
        model_version=answer.reader,
    )


async def check(
    session: AsyncSession,
    serving: ServingClient,
    compiler: Compiler,
    user_id: int,
    resume_id: uuid.UUID,
    template: Template,
) -> CheckAnswer:
    """Makes the PDF, reads it as any parser would, and says what came back otherwise."""
    resume = await service.read(session, user_id, resume_id)
    await release(session)
    file = await render(compiler, resume.document, "pdf", template, "a4")
    read = await read_file(serving, Sent(data=file.content, filename="resume.pdf"))
    found = readback.differences(resume.document, read.resume)
    return CheckAnswer(
        resume_id=resume.id,
        version=resume.version,
        template=template,
        pages=file.pages or 0,
        text=read.text,
        differences=[CheckDifference(path=d.path, written=d.written, read=d.read) for d in found],
        warnings=list(read.warnings),
        model_version=read.reader,
    )


# -- helpers -------------------------------------------------------------------------------------------


async def _default(session: AsyncSession, user_id: int) -> uuid.UUID:
    """Raises NotFoundError for an account without resumes."""
    _, first = await service.page(session, user_id, Paging(page=1, limit=1), None)
    if not first:
        raise NotFoundError("there is no resume yet")
    return first[0].id


async def read_file(serving: ServingClient, sent: Sent) -> ReadResumeResponse:
    """What a file says, before anything is kept. Raises as `parse`."""
    if sent.data is not None and len(sent.data) > MAX_FILE_BYTES:
        raise PayloadTooLargeError(f"a resume may have at most {MAX_FILE_BYTES // 2**20} MB")
    try:
        request = ReadResumeRequest.of(sent.data, sent.filename, sent.text)
    except ValidationError:
        raise InvalidInputError("send a file, or text") from None
    return await _asked(serving.read_resume(request))


async def _asked(call: Awaitable[Answer]) -> Answer:
    try:
        return await call
    except ServingRejectedError as error:
        if error.code in _TOO_LARGE:
            raise PayloadTooLargeError(error.reason, extensions={"reason": error.code}) from None
        raise UnreadableFileError(
            error.reason or "this cannot be read", extensions={"reason": error.code or "refused"}
        ) from None
    except ServingError:
        raise MatchingUnavailableError(
            "resumes cannot be read at the moment; nothing of yours was lost", retry_after_s=5
        ) from None


def _speaking(document: Document) -> Iterator[tuple[str, str]]:
    """(JSON pointer, text) of what may show skills, as far as it is not hidden by its owner."""
    data: dict[str, Any] = without(document.json_data(), frozenset(document.x_jobpilot.hidden))
    for section in _SECTIONS:
        for pointer, value in leaves(data.get(section, {}), f"/{section}"):
            if isinstance(value, str) and value.strip() and _speaks(pointer):
                yield pointer, value


def _speaks(pointer: str) -> bool:
    """The name of a skill, project or certificate speaks; that of a person, employer or school does not."""
    names = [part for part in pointer.split("/") if part and not part.isdigit()]
    if names[-1] == "name":
        return names[0] in ("skills", "projects", "certificates")
    return names[-1] in _SPEAKING


def _placed(found: tuple[SkillEvidence, ...], pieces: list[tuple[str, str]]) -> Iterator[ResumeSkill]:
    """Spans in the joined text -> spans in the text each pointer names."""
    starts, at = [], 0
    for pointer, words in pieces:
        starts.append((at, at + len(words), pointer))
        at += len(words) + len(_JOINT)
    for skill in found:
        for first, last, pointer in starts:
            if first <= skill.start and skill.end <= last:
                fields = skill.model_dump(exclude={"start", "end"})
                yield ResumeSkill(**fields, path=pointer, start=skill.start - first, end=skill.end - first)
