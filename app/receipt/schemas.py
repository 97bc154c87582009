"""Wire shapes of receipts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.kit.schemas import Answer, RequestBody
from app.scoring.purposes import Band, Purpose
from app.scoring.schemas import ForeignPosting, ProfileIn, SeekerIn, one_seeker
from serving.match_schemas import Abstention, Estimate, Number

Agreement = Literal["agrees", "differs", "not_given"]


class PublicKey(Answer):
    """A JSON Web Key (RFC 8037)."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"
    kid: str
    x: str = Field(description="the 32 bytes, base64url")
    current: bool = Field(description="signs what is made now; the others signed earlier receipts")


class PublicKeys(Answer):
    keys: list[PublicKey]


class InputRef(Answer):
    """`sha256` is of the canonical JSON (keys sorted, no spaces, ASCII) of `{"content": ..., "format": ...}`.
    The formats `own` and `job` name what is stored here: a profile, and a posting by its `id`."""

    format: str
    id: str = ""
    sha256: str


class Output(Answer):
    fit: Estimate | None = None
    interest: Estimate | None = None
    abstained: dict[Number, Abstention]
    band: Band | None = None


class ReceiptAnswer(Answer):
    """`signed` is the exact text that `signature` (base64url) is of, for checking without us. Both are absent
    where the purpose withholds the numbers: such a receipt is checked by `verify/`."""

    id: uuid.UUID
    created_at: datetime
    expires_at: datetime
    purpose: Purpose
    release_id: str
    match_version: str
    seeker: InputRef
    posting: InputRef
    output: Output
    algorithm: Literal["Ed25519"] = "Ed25519"
    key_id: str
    signature: str | None
    signed: str | None


class VerifyBody(RequestBody):
    """What was scored, as it was sent then, to have it compared as well. All of it may be left out."""

    profile: ProfileIn | None = None
    seeker: SeekerIn | None = None
    posting: ForeignPosting | None = None

    _one_seeker = one_seeker


class Difference(Answer):
    """`path` is a JSON pointer into the receipt's output."""

    path: str
    stored: float | str | None
    recomputed: float | str | None


class SignatureVerdict(Answer):
    """`unknown_key`: signed with a key that is not known any more."""

    status: Literal["valid", "broken", "unknown_key"]
    key_id: str


class ReplayVerdict(Answer):
    """Numbers agree when they are the same to the last bit."""

    status: Literal["agrees", "differs"]
    release_id: str
    match_version: str
    differences: list[Difference]


class InputVerdict(Answer):
    """`not_given`: nothing to compare with. What is stored here (`own`, `job`) is compared as it is now, so
    `differs` says that it has changed since."""

    status: Agreement
    sha256: str
    detail: str = ""


class VerifyAnswer(Answer):
    """`agrees`: the signature is valid, the release computed the same numbers again, and no input differs."""

    receipt_id: uuid.UUID
    agrees: bool
    signature: SignatureVerdict
    replay: ReplayVerdict
    seeker: InputVerdict
    posting: InputVerdict


Json = dict[str, Any]
