"""Whether a receipt still holds: its signature, its numbers computed again, and what was scored."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.errors import ConflictError
from app.kit.canonical import canonical
from app.orm import ScoreReceipt
from app.receipt import service
from app.receipt.keys import ReceiptKeys
from app.receipt.schemas import (
    Difference,
    InputVerdict,
    ReplayVerdict,
    SignatureVerdict,
    VerifyAnswer,
    VerifyBody,
)
from app.recommendation import seekers as accounts
from app.recommendation.matching import Matching, ReplayRefusedError
from app.scoring import postings, repository, seekers
from app.scoring.purposes import POLICIES
from serving.match_schemas import Match, ReplayRequest, Snapshot

Json = dict[str, Any]


class ReleaseGoneError(ConflictError):
    """`signature`, `seeker` and `posting` (extensions) are what could be checked without it."""

    code, title = "release-gone", "The release that made it cannot compute it again"


async def verify(
    session: AsyncSession,
    matching: Matching,
    keys: ReceiptKeys,
    user_id: int,
    receipt_id: uuid.UUID,
    body: VerifyBody,
) -> VerifyAnswer:
    """Raises NotFoundError, ReleaseGoneError and MatchingUnavailableError; for inputs that cannot be read,
    InvalidInputError and RequestValidationError."""
    row = await service.stored(session, user_id, receipt_id)
    said: Json = json.loads(row.signed)
    signature = _signature(keys, row)
    seeker = await _seeker(session, user_id, said["seeker"], body)
    posting = await _posting(session, said["posting"], body)
    await release(session)
    try:
        replay = await _replay(matching, said)
    except ReplayRefusedError as error:
        checked = {"signature": signature, "seeker": seeker, "posting": posting}
        raise ReleaseGoneError(
            f"release {said['release_id']}: {error.reason}",
            extensions={name: verdict.model_dump(mode="json") for name, verdict in checked.items()},
        ) from None
    holds = signature.status == "valid" and replay.status == "agrees"
    return VerifyAnswer(
        receipt_id=row.id,
        agrees=holds and "differs" not in (seeker.status, posting.status),
        signature=signature,
        replay=replay,
        seeker=seeker,
        posting=posting,
    )


def _signature(keys: ReceiptKeys, row: ScoreReceipt) -> SignatureVerdict:
    verdict = keys.signed(row.signed, row.signature, row.key_id)
    status = {True: "valid", False: "broken", None: "unknown_key"}[verdict]
    return SignatureVerdict.model_validate({"status": status, "key_id": row.key_id})


async def _replay(matching: Matching, said: Json) -> ReplayVerdict:
    snapshot = Snapshot.model_validate(said["snapshot"])
    answer = await matching.replay(ReplayRequest(release_id=said["release_id"], snapshots=(snapshot,)))
    found = list(_differences(said, answer.matches[0] if answer.matches else Match(fit=None, interest=None)))
    if answer.match_version != said["match_version"]:
        found.append(
            Difference(path="/match_version", stored=said["match_version"], recomputed=answer.match_version)
        )
    if found and not POLICIES[said["purpose"]].numbers:  # that they differ is said, what they are is not
        found = [Difference(path=item.path, stored=None, recomputed=None) for item in found]
    return ReplayVerdict(
        status="differs" if found else "agrees",
        release_id=answer.release_id,
        match_version=answer.match_version,
        differences=found,
    )


def _differences(said: Json, again: Match) -> Iterator[Difference]:
    """Number by number: equal means the same double, written as the same shortest text."""
    recomputed = again.model_dump(mode="json")
    for number in ("fit", "interest"):
        if number not in said["output"]:
            continue  # the purpose forbade it
        before, after = said["output"][number] or {}, recomputed[number] or {}
        for part in ("value", "low", "high"):
            one, other = before.get(part), after.get(part)
            if canonical(one) != canonical(other):
                yield Difference(path=f"/output/{number}/{part}", stored=one, recomputed=other)


async def _seeker(session: AsyncSession, user_id: int, said: Json, body: VerifyBody) -> InputVerdict:
    sent = seekers.given(body.profile, body.seeker, "/body")
    if sent is not None:
        return _compared(said, sent.format, sent.sha256)
    if said["format"] == "own":
        now = seekers.own_sha256(await accounts.own(session, user_id))
        return _compared(said, "own", now, "your profile has changed since")
    return InputVerdict(status="not_given", sha256=said["sha256"])


async def _posting(session: AsyncSession, said: Json, body: VerifyBody) -> InputVerdict:
    if body.posting is not None:
        return _compared(said, *postings.sha256(body.posting, "/body/posting"))
    if said["format"] != "job":
        return InputVerdict(status="not_given", sha256=said["sha256"])
    public_id = uuid.UUID(said["id"])
    found = (await repository.stored(session, [public_id])).get(public_id)
    if found is None:
        return InputVerdict(
            status="not_given", sha256=said["sha256"], detail="the posting is not there any more"
        )
    return _compared(said, "job", postings.stored_sha256(public_id, found[1]), "the posting was edited since")


def _compared(
    said: Json, kind: str, sha256: str, otherwise: str = "this is not what was scored"
) -> InputVerdict:
    if sha256 == said["sha256"]:
        return InputVerdict(status="agrees", sha256=said["sha256"])
    if kind != said["format"]:
        otherwise = f"{said['format']} was scored, this is {kind}"
    return InputVerdict(status="differs", sha256=said["sha256"], detail=otherwise)
