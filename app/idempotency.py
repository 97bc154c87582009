"""Requests that name themselves (`Idempotency-Key`): the same key gets the same answer for a day.

For every POST that makes something, as draft-ietf-httpapi-idempotency-key-header describes it. The record is
written in the transaction of the work itself, so it exists if and only if the work was done. A request that
was refused leaves none and may be tried again.

    @router.post("/", status_code=201, response_model=Thing, responses=REPEATABLE)
    async def make(body: ThingIn, user: CurrentUser, session: Session, once: Once) -> Response:
        return await once(body, lambda: service.make(session, user.user_id, body), status=201)

Not for what answers with a secret (a second factor): the answer is stored as it was sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access import CurrentUser
from app.db import Session
from app.errors import ConflictError, IdempotencyKeyReusedError
from app.kit.etag import tag_of
from app.orm import IdempotencyRecord

KEPT = timedelta(hours=24)
REPLAYED = "Idempotency-Replayed"
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Made by you, at random. For 24 hours, repeating the request with it repeats the answer "
        f"(marked `{REPLAYED}: true`), not the act. 409 while the first one is being answered; 422 "
        "(`idempotency-key-reused`) when it came with another body or to another address. Keys are an "
        "account's own.",
    ),
]
#: For `responses=` of routes that take the key.
REPEATABLE: dict[int | str, dict[str, Any]] = {
    409: {"description": "It is there already, or a request with this Idempotency-Key is being answered"}
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`operation` is what is asked for: the method and the whole path."""

    user_id: int
    key: str
    operation: str
    body: BaseModel | None

    def fingerprint(self) -> bytes:
        body = self.body.model_dump_json() if self.body is not None else ""
        return hashlib.sha256(f"{self.operation}\n{body}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it goes out."""

    status: int
    content: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Repeating:
    """Does what one request asks for, once for each key of an account."""

    session: AsyncSession
    user_id: int
    key: str | None
    operation: str

    async def __call__(
        self,
        body: BaseModel | None,
        work: Callable[[], Awaitable[BaseModel]],
        *,
        status: int,
        tagged: bool = False,
    ) -> Response:
        """With `tagged` the answer's ETag is sent, as it was then. Raises as `once`."""
        if self.key is None:
            given = Given(status, (await work()).model_dump_json())
        else:
            asked = Asked(self.user_id, self.key, self.operation, body)
            given = await once(self.session, asked, work, status=status)
        headers = {REPLAYED: "true"} if given.replayed else {}
        if tagged:
            headers["ETag"] = tag_of(given.content)
        return Response(given.content, given.status, headers, media_type="application/json")


def repeating(
    request: Request, user: CurrentUser, session: Session, idempotency_key: IdempotencyKey = None
) -> Repeating:
    operation = f"{request.method} {request.url.path.rstrip('/')}"
    return Repeating(session, user.user_id, idempotency_key, operation)


Once = Annotated[Repeating, Depends(repeating)]


async def once(
    session: AsyncSession, asked: Asked, work: Callable[[], Awaitable[BaseModel]], *, status: int
) -> Given:
    """Raises ConflictError while the first request is being answered, IdempotencyKeyReusedError when the
    key came with another request, and what `work` raises."""
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    name = f"idempotency {asked.user_id} {asked.key}"
    if not (await session.execute(lock, {"name": name})).scalar_one():
        raise ConflictError("a request with this Idempotency-Key is being answered", retry_after_s=1)
    stored = await _stored(session, asked)
    if stored is not None:
        if stored.fingerprint != asked.fingerprint():
            raise IdempotencyKeyReusedError
        return Given(stored.status, _content(stored.answer), replayed=True)
    given = Given(status, (await work()).model_dump_json())
    await _store(session, asked, given)
    return given


def _content(answer: Any) -> str:
    """The text that was sent; records of an earlier version hold what it says."""
    return answer if isinstance(answer, str) else json.dumps(answer)


async def _stored(session: AsyncSession, asked: Asked) -> IdempotencyRecord | None:
    query = select(IdempotencyRecord).where(
        IdempotencyRecord.user_id == asked.user_id,
        IdempotencyRecord.key == asked.key,
        IdempotencyRecord.created_at > func.now() - KEPT,
    )
    return await session.scalar(query)


async def _store(session: AsyncSession, asked: Asked, given: Given) -> None:
    values = {"fingerprint": asked.fingerprint(), "status": given.status, "answer": given.content}
    statement = insert(IdempotencyRecord).values(user_id=asked.user_id, key=asked.key, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[IdempotencyRecord.user_id, IdempotencyRecord.key],
            set_=values | {"created_at": func.now()},
        )
    )


async def forget_old(session: AsyncSession) -> None:
    await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at <= func.now() - KEPT))
