"""The audit log: append-only, each entry sealed with the hash of the one before.

Changing, removing or inserting an entry breaks every hash that follows. What the chain cannot show is
that its end was cut off: for that, somebody outside keeps the newest hash.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.admin import repository
from app.admin.schemas import AuditVerdict
from app.kit.clock import utcnow
from app.logging import request_id
from app.orm import AuditEntry

GENESIS = bytes(32)
BATCH = 1000


async def record(
    session: AsyncSession,
    actor: uuid.UUID,
    action: str,
    target_type: str,
    target_id: uuid.UUID,
    **detail: str | int | bool | list[str],
) -> None:
    """In the transaction of what was done: neither exists without the other.

    `detail` names nobody: accounts are ids, so that the log may outlive them.
    """
    newest = await repository.newest_entry(session)
    entry = AuditEntry(
        id=newest.id + 1 if newest else 1,
        at=utcnow(),
        actor=actor,
        action=action,
        target_type=target_type,
        target_id=target_id,
        detail=detail,
        request_id=request_id.get(),
        previous_hash=newest.hash if newest else GENESIS,
    )
    entry.hash = seal(entry)
    session.add(entry)
    await session.flush()


def seal(entry: AuditEntry) -> bytes:
    """SHA-256 over everything else in the entry."""
    content: list[Any] = [
        entry.id,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(entry.actor),
        entry.action,
        entry.target_type,
        str(entry.target_id),
        entry.detail,
        entry.request_id,
        entry.previous_hash.hex(),
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


async def verify(session: AsyncSession) -> AuditVerdict:
    """Reads the whole log and seals every entry again."""
    last, head = 0, GENESIS
    while rows := await repository.entries_after(session, last, BATCH):
        for entry in rows:
            fits = entry.id == last + 1 and entry.previous_hash == head and entry.hash == seal(entry)
            if not fits:
                return AuditVerdict(entries=last, intact=False, broken_at=entry.id, head=head.hex())
            last, head = entry.id, entry.hash
        session.expunge_all()
    return AuditVerdict(entries=last, intact=True, broken_at=None, head=head.hex())
