from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, Request

from app.auth.access import PUBLIC, CurrentUser
from app.db import Session
from app.receipt import service, verify
from app.receipt.schemas import PublicKeys, ReceiptAnswer, VerifyAnswer, VerifyBody
from serving.language_schemas import MAX_FILE_BYTES

router = APIRouter(prefix="/receipts", tags=["receipts"])
#: A file as base64, and the rest.
MAX_BODY = MAX_FILE_BYTES * 4 // 3 + 1_000_000
GONE: dict[int | str, dict[str, Any]] = {
    409: {"description": "The release that made it cannot compute it again; the rest was checked"}
}


@router.get("/keys/", dependencies=[PUBLIC])
async def receipt_keys(request: Request) -> PublicKeys:
    """The public keys that receipts can be checked with, as JSON Web Keys (RFC 8037). Ed25519."""
    return service.public_keys(request.app.state.receipt_keys)


@router.get("/{score_receipt}/")
async def read_receipt(score_receipt: uuid.UUID, user: CurrentUser, session: Session) -> ReceiptAnswer:
    """What was scored (as hashes), with which release, and what came out; signed."""
    return await service.read(session, user.user_id, score_receipt)


@router.post("/{score_receipt}/verify/", max_body_size=MAX_BODY, responses=GONE)
async def verify_receipt(
    score_receipt: uuid.UUID,
    user: CurrentUser,
    session: Session,
    request: Request,
    body: VerifyBody | None = None,
) -> VerifyAnswer:
    """Checks the signature, has the stored release compute the numbers again, and compares them bit for bit.
    Inputs sent along are compared with those that were scored."""
    state = request.app.state
    return await verify.verify(
        session, state.matching, state.receipt_keys, user.user_id, score_receipt, body or VerifyBody()
    )
