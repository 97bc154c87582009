"""Resumes of an account: kept in versions, copied for postings, compared, made into files."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PreconditionRequiredError,
    QuotaExceededError,
)
from app.job import service as jobs
from app.kit.clock import utcnow
from app.kit.etag import check_if_match
from app.kit.ids import uuid7
from app.kit.pagination import Paging
from app.orm import Resume, ResumeVersion
from app.resume import diff, repository
from app.resume.document import MAX_BYTES, Document, Extension
from app.resume.pointers import exists
from app.resume.schemas import (
    DiffAnswer,
    ResumeAnswer,
    ResumeIn,
    ResumePatch,
    ResumeSummary,
    Source,
    VersionAnswer,
    VersionSummary,
)

#: The newest ones are kept.
MAX_VERSIONS = 200


@dataclass(frozen=True, slots=True)
class NewResume:
    """`job_id` is the posting's key."""

    name: str
    document: Document
    source: Source
    is_default: bool = False
    job_id: int | None = None


async def create(session: AsyncSession, user_id: int, body: ResumeIn, most: int) -> ResumeAnswer:
    """Raises as `add`, and NotFoundError for an unknown posting."""
    job_id = await _job(session, body.job_id)
    new = NewResume(body.name, body.document, body.source, body.is_default, job_id)
    return await add(session, user_id, new, most)


async def add(session: AsyncSession, user_id: int, new: NewResume, most: int) -> ResumeAnswer:
    """The first resume of an account is its default. `most` is how many an account may have; below 0 there is
    no limit. Raises QuotaExceededError, ConflictError for a name it has already, InvalidInputError."""
    await repository.lock_account(session, user_id)
    there = await repository.count(session, user_id)
    if 0 <= most <= there:
        raise QuotaExceededError(f"an account may have {most} resumes")
    await _check_name(session, user_id, new.name)
    is_default = new.is_default or there == 0
    if is_default:
        await repository.no_default_but(session, user_id, None)
    made = Resume(
        public_id=uuid7(), user_id=user_id, job_id=new.job_id, name=new.name, is_default=is_default, current=1
    )
    session.add(made)
    await session.flush()
    session.add(_version(made, new.document, new.source))
    await session.flush()
    return await read(session, user_id, made.public_id)


async def read(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> ResumeAnswer:
    """Raises NotFoundError, also for somebody else's."""
    return answer(*await _find(session, user_id, public_id))


async def page(
    session: AsyncSession, user_id: int, paging: Paging, job: uuid.UUID | None
) -> tuple[int, list[ResumeSummary]]:
    job_id = await _job(session, job)
    total, rows = await repository.page(session, user_id, paging, job_id)
    return total, [ResumeSummary(**_summary(resume, version)) for resume, version in rows]


async def replace(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, body: ResumeIn, if_match: str | None
) -> ResumeAnswer:
    """Raises NotFoundError, PreconditionRequiredError, PreconditionFailedError, ConflictError,
    InvalidInputError."""
    found, version = await _locked(session, user_id, public_id, if_match)
    await _rename(session, found, body.name)
    await _set_default(session, found, wanted=body.is_default)
    found.job_id = await _job(session, body.job_id)
    return await _saved(session, found, version, body.document, body.source)


async def change(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, patch: ResumePatch, if_match: str | None
) -> ResumeAnswer:
    """Raises as `replace`."""
    found, version = await _locked(session, user_id, public_id, if_match)
    sent = patch.model_fields_set
    if "name" in sent:
        await _rename(session, found, patch.name)
    if "is_default" in sent:
        await _set_default(session, found, wanted=patch.is_default)
    if "job_id" in sent:
        found.job_id = await _job(session, patch.job_id)
    document = Document.model_validate(version.document)
    if "document" in sent:
        document = _patched(version.document, patch.document)
    return await _saved(session, found, version, document, "typed")


async def remove(session: AsyncSession, user_id: int, public_id: uuid.UUID, if_match: str | None) -> None:
    """Another one becomes the default. Raises NotFoundError, PreconditionFailedError."""
    await repository.lock_account(session, user_id)
    found, version = await _find(session, user_id, public_id, lock=True)
    if if_match is not None:
        await _check_version(found, version, if_match)
    was_default = found.is_default
    await session.delete(found)
    await session.flush()
    heir = await repository.newest(session, user_id) if was_default else None
    if heir is not None:
        heir.is_default, heir.updated_at = True, heir.updated_at


# -- versions ------------------------------------------------------------------------------------------


async def versions(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, paging: Paging
) -> tuple[int, list[VersionSummary]]:
    found, _ = await _find(session, user_id, public_id)
    total, rows = await repository.versions(session, found.id, paging)
    return total, [VersionSummary(**_version_summary(found, row)) for row in rows]


async def version(session: AsyncSession, user_id: int, public_id: uuid.UUID, number: int) -> VersionAnswer:
    """Raises NotFoundError."""
    found, _ = await _find(session, user_id, public_id)
    row = await _version_of(session, found, number)
    return VersionAnswer(**_version_summary(found, row), document=Document.model_validate(row.document))


async def restore(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, number: int, if_match: str | None
) -> ResumeAnswer:
    """An old version becomes the newest. Raises as `replace`."""
    found, current = await _locked(session, user_id, public_id, if_match)
    row = await _version_of(session, found, number)
    source: Source = row.source  # type: ignore[assignment]  # the database's CHECK says so
    return await _saved(session, found, current, Document.model_validate(row.document), source)


async def compare(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, first: int | None, second: int | None
) -> DiffAnswer:
    """Raises NotFoundError."""
    found, current = await _find(session, user_id, public_id)
    after = current if second is None else await _version_of(session, found, second)
    before = await _version_of(session, found, first or max(1, after.number - 1))
    # entries are held against each other: for the largest documents that is work for a thread
    changes = await asyncio.to_thread(lambda: list(diff.changes(before.document, after.document)))
    return DiffAnswer(from_version=before.number, to_version=after.number, changes=changes)


# -- parts ---------------------------------------------------------------------------------------------


def answer(found: Resume, version: ResumeVersion) -> ResumeAnswer:
    return ResumeAnswer(**_summary(found, version), document=Document.model_validate(version.document))


def _summary(found: Resume, version: ResumeVersion) -> dict[str, Any]:
    return {
        "id": found.public_id,
        "name": found.name,
        "is_default": found.is_default,
        "job_id": found.job.public_id if found.job else None,
        "version": version.number,
        "source": version.source,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }


def _version_summary(found: Resume, row: ResumeVersion) -> dict[str, Any]:
    return {
        "number": row.number,
        "source": row.source,
        "is_current": row.number == found.current,
        "created_at": row.created_at,
    }


async def _find(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, *, lock: bool = False
) -> tuple[Resume, ResumeVersion]:
    found = await repository.find(session, user_id, public_id, lock=lock)
    if found is None:
        raise NotFoundError("no such resume")
    return found


async def _locked(
    session: AsyncSession, user_id: int, public_id: uuid.UUID, if_match: str | None
) -> tuple[Resume, ResumeVersion]:
    """Whoever changes a resume says which version they saw: nobody overwrites what they have not read."""
    await repository.lock_account(session, user_id)
    found, version = await _find(session, user_id, public_id, lock=True)
    if if_match is None:
        raise PreconditionRequiredError("send the ETag you were given as If-Match")
    await _check_version(found, version, if_match)
    return found, version


async def _check_version(found: Resume, version: ResumeVersion, if_match: str) -> None:
    async def current() -> ResumeAnswer:
        return answer(found, version)

    await check_if_match(if_match, current)


async def _version_of(session: AsyncSession, found: Resume, number: int) -> ResumeVersion:
    row = await repository.version(session, found.id, number)
    if row is None:
        raise NotFoundError("no such version")
    return row


async def _job(session: AsyncSession, public_id: uuid.UUID | None) -> int | None:
    return None if public_id is None else await jobs.any_id(session, str(public_id))


async def _check_name(session: AsyncSession, user_id: int, name: str, but: int | None = None) -> None:
    if await repository.name_is_taken(session, user_id, name, but):
        raise ConflictError("you have a resume of this name")


async def _rename(session: AsyncSession, found: Resume, name: str) -> None:
    if name != found.name:
        await _check_name(session, found.user_id, name, found.id)
        found.name = name


async def _set_default(session: AsyncSession, found: Resume, *, wanted: bool) -> None:
    if wanted and not found.is_default:
        await repository.no_default_but(session, found.user_id, found.id)
    found.is_default = wanted


async def _saved(
    session: AsyncSession, found: Resume, current: ResumeVersion, document: Document, source: Source
) -> ResumeAnswer:
    """A new version if the document is not the same as before."""
    row = _version(found, document, source)
    if row.content_hash != current.content_hash:
        row.number = found.current = current.number + 1
        session.add(row)
    found.updated_at = utcnow()
    await session.flush()
    if row.number > MAX_VERSIONS:
        await repository.drop_old_versions(session, found.id, row.number - MAX_VERSIONS + 1)
    return await read(session, found.user_id, found.public_id)


def _version(found: Resume, document: Document, source: Source) -> ResumeVersion:
    data = settled(document, source).json_data()
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(canonical) > MAX_BYTES:
        raise InvalidInputError(f"a document may have {MAX_BYTES} bytes", pointer="/body/document")
    return ResumeVersion(
        resume_id=found.id,
        number=1,
        source=source,
        document=data,
        content_hash=hashlib.sha256(canonical).digest(),
    )


def settled(document: Document, source: Source) -> Document:
    """Without what is said about values that are gone. Origins are of what was tailored here: once somebody
    wrote into it they prove nothing."""
    ours, data = document.x_jobpilot, document.json_data()
    kept = Extension(
        fields={pointer: found for pointer, found in ours.fields.items() if exists(data, pointer)},
        hidden=tuple(pointer for pointer in ours.hidden if exists(data, pointer)),
        origins=ours.origins if source == "tailored" else (),
    )
    return document.model_copy(update={"x_jobpilot": kept})


def _patched(document: dict[str, Any], patch: dict[str, Any]) -> Document:
    try:
        return Document.model_validate(merge_patch(document, patch))
    except ValidationError as error:
        first = error.errors()[0]
        pointer = "/".join(str(part) for part in ("/body/document", *first["loc"]))
        raise InvalidInputError(first["msg"], pointer=pointer) from None


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged: dict[str, Any] = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
