"""Receipts: written beside the answer they belong to, read by their owner, and checked by computing again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFoundError
from app.kit.canonical import canonical
from app.kit.clock import utcnow
from app.kit.ids import uuid7
from app.orm import ScoreReceipt
from app.receipt import repository
from app.receipt.keys import ReceiptKeys, encoded
from app.receipt.schemas import PublicKey, PublicKeys, ReceiptAnswer
from app.scoring.purposes import POLICIES, Policy, band_of
from serving.match_schemas import Match

KIND, VERSION = "jobpilot-score-receipt", 1


@dataclass(frozen=True, slots=True)
class InputHash:
    """One side of a pair: `id` names what is stored here, `sha256` is of the canonical JSON of what was
    given."""

    format: str
    sha256: str
    id: str = ""

    def json(self) -> dict[str, str]:
        return {"format": self.format, "id": self.id, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Scored:
    """A pair and what was said of it; `match` comes with its snapshot."""

    seeker: InputHash
    posting: InputHash
    match: Match


@dataclass(frozen=True, slots=True)
class Made:
    """What answered."""

    release_id: str
    match_version: str


async def write(
    session: AsyncSession,
    keys: ReceiptKeys,
    user_id: int,
    policy: Policy,
    made: Made,
    pairs: Sequence[Scored],
) -> list[uuid.UUID | None]:
    """One receipt a pair, in the caller's transaction and in one statement; ids in the order of `pairs`.

    None where there is nothing to replay: a match without a snapshot.
    """
    now = utcnow()
    ids = [uuid7() if pair.match.snapshot is not None else None for pair in pairs]
    rows = [
        _row(keys, policy, made, pair, receipt_id)
        | {"user_id": user_id, "created_at": now, "expires_at": now + timedelta(days=policy.kept_days)}
        for pair, receipt_id in zip(pairs, ids, strict=True)
        if receipt_id is not None
    ]
    if rows:
        await repository.add(session, rows)
    return ids


def _row(
    keys: ReceiptKeys, policy: Policy, made: Made, pair: Scored, receipt_id: uuid.UUID
) -> dict[str, Any]:
    text = canonical(document(policy, made, pair, receipt_id))
    return {
        "id": receipt_id,
        "purpose": policy.purpose,
        "release_id": made.release_id,
        "signed": text,
        "key_id": keys.key_id,
        "signature": keys.sign(text),
    }


def document(policy: Policy, made: Made, pair: Scored, receipt_id: uuid.UUID) -> dict[str, Any]:
    """What is signed. Where a purpose forbids interest, it is not even kept."""
    match, snapshot = pair.match, pair.match.snapshot
    kept = {"fit", "interest"} if policy.interest else {"fit"}
    said = match.model_dump(mode="json", include=kept | {"abstained"})
    said["abstained"] = {name: why for name, why in said["abstained"].items() if name in kept}
    said["band"] = band_of(match.fit.value) if match.fit else None
    return {
        "type": KIND,
        "version": VERSION,
        "id": str(receipt_id),
        "purpose": policy.purpose,
        "release_id": made.release_id,
        "match_version": made.match_version,
        "seeker": pair.seeker.json(),
        "posting": pair.posting.json(),
        "snapshot": snapshot.model_dump(mode="json", include=kept) if snapshot else None,
        "output": said,
    }


async def read(session: AsyncSession, user_id: int, receipt_id: uuid.UUID) -> ReceiptAnswer:
    """Raises NotFoundError, also for somebody else's."""
    return answer_of(await stored(session, user_id, receipt_id))


async def stored(session: AsyncSession, user_id: int, receipt_id: uuid.UUID) -> ScoreReceipt:
    row = await repository.read(session, user_id, receipt_id)
    if row is None or row.expires_at <= utcnow():
        raise NotFoundError("no such receipt")
    return row


def answer_of(row: ScoreReceipt) -> ReceiptAnswer:
    """Without the numbers, and so without the text that was signed, where the purpose withholds them."""
    said = json.loads(row.signed)
    shows = POLICIES[said["purpose"]].numbers
    output = said["output"] if shows else said["output"] | {"fit": None, "interest": None}
    return ReceiptAnswer(
        id=row.id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        purpose=said["purpose"],
        release_id=said["release_id"],
        match_version=said["match_version"],
        seeker=said["seeker"],
        posting=said["posting"],
        output=output,
        key_id=row.key_id,
        signature=row.signature if shows else None,
        signed=row.signed if shows else None,
    )


def public_keys(keys: ReceiptKeys) -> PublicKeys:
    return PublicKeys(
        keys=[
            PublicKey(kid=key_id, x=encoded(public), current=key_id == keys.key_id)
            for key_id, public in keys.public.items()
        ]
    )
