"""Requests that name themselves (`Idempotency-Key`): the same key gets the same answer for a day.

The record is written in the transaction of the work itself, so it exists if and only if the work was
done. A request that was refused leaves none and may be tried again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError, IdempotencyKeyReusedError
from app.orm import IdempotencyRecord

KEPT = timedelta(hours=24)
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="made by you: repeating the request with it repeats the answer, not the act",
    ),
]


@dataclass(frozen=True, slots=True)
class Request:
    """`operation` is what is asked for, with everything in the path."""

    user_id: int
    key: str
    operation: str
    body: BaseModel

    def fingerprint(self) -> bytes:
        return hashlib.sha256(f"{self.operation}\n{self.body.model_dump_json()}".encode()).digest()


async def once(
    session: AsyncSession, request: Request, work: Callable[[], Awaitable[BaseModel]], *, status: int
) -> tuple[dict[str, object], bool]:
    """(answer as JSON, whether it is a repetition).

    Raises ConflictError while the first request is being answered, IdempotencyKeyReusedError when the
    key came with another request, and what `work` raises.
    """
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    name = f"idempotency {request.user_id} {request.key}"
    if not (await session.execute(lock, {"name": name})).scalar_one():
        raise ConflictError("a request with this Idempotency-Key is being answered", retry_after_s=1)
    stored = await _stored(session, request)
    if stored is not None:
        if stored.fingerprint != request.fingerprint():
            raise IdempotencyKeyReusedError
        return stored.answer, True
    answer = (await work()).model_dump(mode="json")
    await _store(session, request, status, answer)
    return answer, False


async def _stored(session: AsyncSession, request: Request) -> IdempotencyRecord | None:
    query = select(IdempotencyRecord).where(
        IdempotencyRecord.user_id == request.user_id,
        IdempotencyRecord.key == request.key,
        IdempotencyRecord.created_at > func.now() - KEPT,
    )
    return await session.scalar(query)


async def _store(session: AsyncSession, request: Request, status: int, answer: dict[str, object]) -> None:
    values = {"fingerprint": request.fingerprint(), "status": status, "answer": answer}
    statement = insert(IdempotencyRecord).values(user_id=request.user_id, key=request.key, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[IdempotencyRecord.user_id, IdempotencyRecord.key],
            set_=values | {"created_at": func.now()},
        )
    )


async def forget_old(session: AsyncSession) -> None:
    await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at <= func.now() - KEPT))
