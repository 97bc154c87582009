"""Receipts checked without the server: only its public keys are needed, which may be kept."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.client.models import PublicKeys, ReceiptAnswer


class SignatureError(Exception):
    """The receipt was not signed so by the key it names, or says something else than what was signed."""


def check_signature(receipt: ReceiptAnswer, keys: PublicKeys) -> None:
    """Raises SignatureError. A receipt of a screening has no signature to check here: ask for `verify`."""
    if receipt.signed is None or receipt.signature is None:
        raise SignatureError("the signature of this receipt is not given out: have it verified")
    key = next((key for key in keys.keys if key.kid == receipt.key_id), None)
    if key is None:
        raise SignatureError(f"key {receipt.key_id} is not among the published ones")
    try:
        public = Ed25519PublicKey.from_public_bytes(_decoded(key.x))
        public.verify(_decoded(receipt.signature), receipt.signed.encode())
    except (InvalidSignature, ValueError):
        raise SignatureError("the signature is not of this text") from None
    _same(receipt)


def _same(receipt: ReceiptAnswer) -> None:
    """What the receipt shows must be what was signed."""
    signed = json.loads(receipt.signed or "{}")
    shown = receipt.model_dump(mode="json")
    for name in ("id", "purpose", "release_id", "match_version", "seeker", "posting", "output"):
        if signed.get(name) != shown[name]:
            raise SignatureError(f"{name} is not what was signed")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
