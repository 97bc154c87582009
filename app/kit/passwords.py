"""Password hashing: Argon2id with the library's defaults (OWASP ASVS 5.0, 11.4.2)."""

from __future__ import annotations

import asyncio
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _nobody() -> str:
    """A hash no account has: verifying against it makes an unknown e-mail cost what a known one costs."""
    return _hasher().hash("nobody's password")


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(_hasher().hash, password)


async def verify_password(password: str, known_hash: str | None) -> tuple[bool, str | None]:
    """(matches, new hash when the stored one used weaker parameters). `None` never matches."""
    return await asyncio.to_thread(_verify, password, known_hash)


def _verify(password: str, known_hash: str | None) -> tuple[bool, str | None]:
    try:
        matches, renewed = _hasher().verify_and_update(password, known_hash or _nobody())
    except UnknownHashError:
        matches, renewed = _hasher().verify_and_update(password, _nobody())
    return (matches, renewed) if known_hash else (False, None)
