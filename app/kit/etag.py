"""Entity tags (RFC 9110, 8.8.3): a version's name is the hash of its JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel

from app.errors import PreconditionFailedError

MAX_HEADER = 4000
IfMatch = Annotated[
    str | None, Header(max_length=MAX_HEADER, description="an ETag: change nothing if it is no longer so")
]
IfNoneMatch = Annotated[
    str | None, Header(max_length=MAX_HEADER, description="an ETag: answer 304 if it is still so")
]
#: For `responses=` of routes that take If-Match.
STALE: dict[int | str, dict[str, Any]] = {412: {"description": "it changed since the ETag was given"}}


def etag(answer: BaseModel) -> str:
    return tag_of(answer.model_dump_json())


def tag_of(content: str) -> str:
    """Of the JSON as it is sent."""
    return '"' + hashlib.sha256(content.encode()).hexdigest()[:32] + '"'


def matches(header: str | None, tag: str, *, weak: bool) -> bool:
    """Whether a list of tags names this one. If-None-Match compares weakly, If-Match strongly."""
    if header is None:
        return False
    listed = [item.strip() for item in header[:MAX_HEADER].split(",")]
    if "*" in listed:
        return True
    return tag in ([item.removeprefix("W/") for item in listed] if weak else listed)


async def check_if_match(header: str | None, current: Callable[[], Awaitable[BaseModel]]) -> None:
    """Raises PreconditionFailedError when the caller changes a version that is no longer the current."""
    if header is not None and not matches(header, etag(await current()), weak=False):
        raise PreconditionFailedError("read it again, and send its new ETag as If-Match")
