"""Secrets the app must be able to read again: AES-256-GCM, bound to what they belong to."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.kit.tokens import derived_key

_NONCE = 12


class SealBrokenError(Exception):
    """Not sealed with any key we have, altered, or taken from where it belongs."""


class Seal:
    """Seals with the first secret, opens with each: a new secret is put first, the old one kept a while."""

    def __init__(self, *secrets: str) -> None:
        self._ciphers = [AESGCM(derived_key(secret, "seal")) for secret in secrets]

    def close(self, plain: bytes, belongs_to: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, plain, belongs_to.encode())

    def open(self, sealed: bytes, belongs_to: str) -> bytes:
        """Raises SealBrokenError."""
        nonce, rest = sealed[:_NONCE], sealed[_NONCE:]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, rest, belongs_to.encode())
            except (InvalidTag, ValueError):
                continue
        raise SealBrokenError
