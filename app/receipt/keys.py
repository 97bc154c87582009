"""The keys that receipts are signed with (Ed25519, RFC 8032), and those they can be checked with."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import SecretStr

from app.kit.tokens import derived_key

SIZE = 32  # bytes of either half of a key


class KeySettings(Protocol):
    """The part of the settings that keys are made of."""

    @property
    def receipt_key(self) -> SecretStr: ...
    @property
    def receipt_keys_previous(self) -> tuple[str, ...]: ...
    @property
    def secret_key(self) -> SecretStr: ...
    @property
    def secret_keys_previous(self) -> tuple[SecretStr, ...]: ...


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """`public`: key id -> the 32 bytes, the signing key's first. A retired key is known by its public half
    alone, so the secret one can be destroyed when a new one takes over."""

    signing: Ed25519PrivateKey
    key_id: str
    public: dict[str, bytes]

    @classmethod
    def of(cls, settings: KeySettings) -> Self:
        """Without a key of its own, one is derived from each SECRET_KEY."""
        stated = settings.receipt_key.get_secret_value()
        seed = decoded(stated) if stated else _derived(settings.secret_key)
        signing = Ed25519PrivateKey.from_private_bytes(seed)
        retired = [decoded(key) for key in settings.receipt_keys_previous]
        derived = settings.secret_keys_previous if not stated else ()
        retired += [_public(Ed25519PrivateKey.from_private_bytes(_derived(secret))) for secret in derived]
        known = _named([_public(signing), *retired])
        return cls(signing, next(iter(known)), known)

    def sign(self, text: str) -> str:
        return encoded(self.signing.sign(text.encode()))

    def signed(self, text: str, signature: str, key_id: str) -> bool | None:
        """Whether the named key signed exactly this text; None where the key is not known (any more)."""
        public = self.public.get(key_id)
        if public is None:
            return None
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(decoded(signature), text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def _derived(secret: SecretStr) -> bytes:
    return derived_key(secret.get_secret_value(), "receipts")


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _named(keys: Iterable[bytes]) -> dict[str, bytes]:
    return {hashlib.sha256(key).hexdigest()[:16]: key for key in keys}


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Raises ValueError for what is not base64url."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
