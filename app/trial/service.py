"""A resume read and matched before there is an account; who makes one within the day keeps what was read."""

from __future__ import annotations

import uuid
from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.errors import AppError, PayloadTooLargeError
from app.kit.clock import utcnow
from app.kit.seal import Seal, SealBrokenError
from app.kit.tokens import digest, new_secret
from app.resume import reading
from app.resume import service as resumes
from app.resume.importing import imported
from app.resume.reading_schemas import LeftOutItem
from app.trial import repository
from app.trial.schemas import Tried
from app.user import service as users
from app.user.schemas import MAX_SKILLS, ProfilePatch
from serving.client import ServingClient
from serving.language_schemas import ReadResumeResponse

LIFETIME = timedelta(days=1)
#: Bytes of what is sealed: a document and its text.
MAX_BYTES = 900_000
MAX_TEXT, MAX_SKILL = 60_000, 100
NAME = "My resume"
_PLACE = "trial"


async def begin(session: AsyncSession, serving: ServingClient, sent: reading.Sent) -> str:
    """The token that opens what was read; it is kept nowhere else, and the file not at all.

    Raises as `reading.parse`.
    """
    await release(session)
    tried = _tried(await reading.read_file(serving, sent))
    token = new_secret()
    plain = tried.model_dump_json(by_alias=True).encode()
    if len(plain) > MAX_BYTES:
        raise PayloadTooLargeError("this resume says more than can be tried: make an account to import it")
    sealed = Seal(token).close(plain, _PLACE)
    await repository.add(session, digest(token), sealed, utcnow() + LIFETIME)
    return token


def _tried(read: ReadResumeResponse) -> Tried:
    made = imported(read.resume)
    best = sorted({(-row.confidence, row.label) for row in read.skills if row.skill_id})
    names = dict.fromkeys(label for _, label in best if len(label) <= MAX_SKILL)
    return Tried(
        document=made.document,
        text=read.model_text[:MAX_TEXT],
        skills=tuple(names)[:MAX_SKILLS],
        experience_years=None if read.experience_years is None else min(read.experience_years, 70.0),
        left_out=tuple(LeftOutItem(path=item.path, reason=item.reason) for item in made.left_out),
        warnings=read.warnings,
    )


async def read(session: AsyncSession, token: str) -> Tried | None:
    """None when its day is over, or for a token that was never given."""
    found = await repository.find(session, digest(token), utcnow()) if token else None
    return _opened(token, found.sealed) if found else None


def _opened(token: str, sealed: bytes) -> Tried | None:
    try:
        return Tried.model_validate_json(Seal(token).open(sealed, _PLACE))
    except (SealBrokenError, ValidationError):  # of an older version of ours
        return None


async def forget(session: AsyncSession, token: str) -> None:
    await repository.remove(session, digest(token))


async def adopt(session: AsyncSession, token: str, public_id: uuid.UUID, most_resumes: int) -> bool:
    """What was tried becomes the resume and the profile of an account that was made after it; the trial ends.
    Whether it did: an older account may be somebody else's at the same machine."""
    found = await repository.find(session, digest(token), utcnow(), lock=True) if token else None
    tried = _opened(token, found.sealed) if found else None
    if found is None or tried is None:
        return False
    account = await repository.account(session, public_id)
    if account.created_at < found.created_at:
        return False
    try:
        async with session.begin_nested():
            await _keep(session, account.id, tried, most_resumes)
    except (AppError, ValidationError):  # a second resume of this name, say: the account itself is fine
        return False
    await repository.remove(session, found.token_hash)
    return True


async def _keep(session: AsyncSession, user_id: int, tried: Tried, most_resumes: int) -> None:
    profile = await users.profile(session, user_id)
    await resumes.add(session, user_id, resumes.NewResume(NAME, tried.document, "parsed"), most_resumes)
    await users.complete(
        session,
        user_id,
        skills=tried.skills,
        desired_title=tried.title[:300],
        experience_years=tried.experience_years,
    )
    empty = {
        "location": tried.place[:100] if not profile.location else "",
        "resume_text": tried.text if not profile.resume_text else "",
        "full_name": tried.document.basics.name[:200] if not profile.full_name else "",
    }
    changes = {name: value for name, value in empty.items() if value}
    await users.change(session, user_id, ProfilePatch.model_validate(changes))


async def purge(session: AsyncSession) -> int:
    """Deletes those whose day is over; returns how many."""
    return await repository.purge(session, utcnow())
