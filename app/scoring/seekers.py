"""Whoever is scored: an account's own profile, or one sent along in a usual format."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import AppError, InvalidInputError
from app.kit.canonical import sha256_of
from app.recommendation import seekers as accounts
from app.resume import reading
from app.resume.reading import Sent
from app.scoring.formats import seeker_format
from app.scoring.schemas import ProfileIn, SeekerFormat, SeekerIn
from serving.client import ServingClient
from serving.language_schemas import MAX_TEXT, ReadResumeResponse
from serving.schemas import UserDocument

#: Of a person sent along: no account has it.
NOBODY = 0
MOST_TEXT, MOST_SKILLS = 60_000, 500


@dataclass(frozen=True, slots=True)
class Seeker:
    """`format` is "own" for an account's own profile; `sha256` is of the canonical JSON of what was given."""

    document: UserDocument
    format: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Given:
    """A seeker as sent, checked but not read yet."""

    format: SeekerFormat
    content: Any
    filename: str = ""

    @property
    def sha256(self) -> str:
        return sha256_of({"content": self.content, "format": self.format})


async def own(session: AsyncSession, user_id: int) -> Seeker:
    document = await accounts.own(session, user_id)
    return Seeker(document, "own", own_sha256(document))


def own_sha256(document: UserDocument) -> str:
    """Of what an account states; what it did lately is in the receipt's snapshot."""
    stated = document.model_dump(mode="json", exclude={"user_id", "history"})
    return sha256_of({"content": stated, "format": "own"})


def given(profile: ProfileIn | None, seeker: SeekerIn | None, at: str) -> Given | None:
    """None for one's own. Raises InvalidInputError and RequestValidationError, which point below `at`."""
    if profile is not None:
        return Given("profile", profile.model_dump(mode="json", exclude_unset=True))
    if seeker is None:
        return None
    pointer = f"{at}/seeker"
    kind = seeker_format(seeker.format, seeker.content, pointer)
    content: Any = seeker.content
    if kind == "profile":
        content = checked(ProfileIn, content, f"{pointer}/content").model_dump(
            mode="json", exclude_unset=True
        )
    if kind == "text" and len(content) > MAX_TEXT:
        raise InvalidInputError(f"at most {MAX_TEXT} characters of text", pointer=f"{pointer}/content")
    if kind == "file":
        _bytes(content, pointer)
    return Given(kind, content, seeker.filename)


def checked(model: Any, content: Any, pointer: str) -> Any:
    """Raises RequestValidationError with pointers below `pointer`."""
    try:
        return model.model_validate_json(json.dumps(content))
    except ValidationError as error:
        loc = pointer.strip("/").split("/")
        raise RequestValidationError(
            [
                {"loc": (*loc, *item["loc"]), "type": item["type"], "msg": item["msg"]}
                for item in error.errors(include_url=False, include_input=False, include_context=False)
            ]
        ) from None


async def read(serving: ServingClient, seeker: Given, at: str) -> Seeker:
    """Raises UnreadableFileError, PayloadTooLargeError and MatchingUnavailableError."""
    if seeker.format == "profile":
        document = UserDocument(user_id=NOBODY, **seeker.content)
        return Seeker(document, seeker.format, seeker.sha256)
    try:
        answer = await reading.read_file(serving, _sent(seeker, at))
    except AppError as error:
        error.pointer = error.pointer or (f"{at}/seeker/content" if error.status < 500 else None)
        raise
    return Seeker(_document(answer), seeker.format, seeker.sha256)


def _sent(seeker: Given, at: str) -> Sent:
    if seeker.format == "text":
        return Sent(text=seeker.content)
    if seeker.format == "file":
        return Sent(data=_bytes(seeker.content, f"{at}/seeker"), filename=seeker.filename)
    return Sent(data=json.dumps(seeker.content).encode(), filename="resume.json")


def _bytes(content: str, pointer: str) -> bytes:
    try:
        return b64decode("".join(content.split()), validate=True)
    except (Base64Error, ValueError):
        raise InvalidInputError("the file is not base64", pointer=f"{pointer}/content") from None


def _document(read: ReadResumeResponse) -> UserDocument:
    """Where somebody lives is on many resumes and is not taken from there: only a stated wish counts."""
    labels = dict.fromkeys(skill.label for skill in read.skills if skill.skill_id)
    return UserDocument(
        user_id=NOBODY,
        desired_title=_title(read.resume)[:300],
        resume_text=read.model_text[:MOST_TEXT],
        skills=tuple(labels)[:MOST_SKILLS],
        experience_years=None if read.experience_years is None else min(80.0, read.experience_years),
    )


def _title(resume: dict[str, Any]) -> str:
    """What the person calls themselves, else their latest position."""
    basics, work = resume.get("basics", {}), resume.get("work", [])
    label = basics.get("label", "") if isinstance(basics, dict) else ""
    first = work[0].get("position", "") if isinstance(work, list) and work else ""
    return str(label or first or "")
