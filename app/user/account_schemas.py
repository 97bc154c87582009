"""Wire shapes of exports and erasure."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from pydantic import Field

from app.kit.schemas import Answer
from app.orm import ErasureReceipt

#: Every store a person can be in; a receipt counts them one by one.
STORES = ("database", "mail_files", "files", "feature_store")


class ExportAnswer(Answer):
    id: uuid.UUID = Field(validation_alias="public_id")
    status: Literal["queued", "ready", "expired"]
    bytes: int | None
    created_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None


class ErasureAnswer(Answer):
    """`stores`: what was deleted, by store and kind. `pending`: the stores that are still to come."""

    receipt: uuid.UUID
    status: Literal["pending", "complete"]
    requested_at: datetime
    completed_at: datetime | None
    stores: dict[str, dict[str, int]]
    pending: list[str]

    @classmethod
    def of(cls, row: ErasureReceipt) -> ErasureAnswer:
        return cls(
            receipt=row.public_id,
            status="pending" if row.completed_at is None else "complete",
            requested_at=row.requested_at,
            completed_at=row.completed_at,
            stores=row.stores,
            pending=[store for store in STORES if store not in row.stores],
        )
