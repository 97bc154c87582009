"""Password hashing: Argon2id with the library's defaults (OWASP ASVS 5.0, 11.4.2), and what is refused.

With a pepper, the password goes through HMAC first, and the stored hash says so: hashes from before there
was a pepper keep working and are renewed at the next login.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from itertools import islice

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

_PEPPERED = "pepper:"
#: ASVS 6.2.4: the most frequent passwords that are long enough for us.
COMMON = 3000
MIN_LENGTH = 8
#: What a password must hold besides a word that everybody would try first.
_LEFT_OVER = 4
_NOT_WORD = re.compile(r"[\W\d_]+")


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _nobody() -> str:
    """A hash no account has: verifying against it makes an unknown e-mail cost what a known one costs."""
    return _hasher().hash("nobody's password")


async def hash_password(password: str, *, pepper: str = "") -> str:
    return await asyncio.to_thread(_hash, password, pepper)


async def verify_password(
    password: str, known_hash: str | None, *, pepper: str = ""
) -> tuple[bool, str | None]:
    """(matches, new hash when the stored one used weaker parameters or no pepper). `None` never matches."""
    return await asyncio.to_thread(_verify, password, known_hash, pepper)


def _hash(password: str, pepper: str) -> str:
    if not pepper:
        return _hasher().hash(password)
    return _PEPPERED + _hasher().hash(_with_pepper(password, pepper))


def _verify(password: str, known_hash: str | None, pepper: str) -> tuple[bool, str | None]:
    stored = known_hash or _nobody()
    peppered = stored.startswith(_PEPPERED)
    tried = _with_pepper(password, pepper) if peppered else password
    try:
        matches, renewed = _hasher().verify_and_update(tried, stored.removeprefix(_PEPPERED))
    except UnknownHashError:
        matches, renewed = _hasher().verify_and_update(tried, _nobody())
        matches = False
    if not known_hash or not matches:
        return False, None
    if renewed or peppered != bool(pepper):
        return True, _hash(password, pepper)
    return True, None


def _with_pepper(password: str, pepper: str) -> str:
    return b64encode(hmac.digest(pepper.encode(), password.encode(), "sha256")).decode()


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # several MB: loaded by the first registration

    usable = (word for word in FREQUENCY_LISTS["passwords"] if len(word) >= MIN_LENGTH)
    return frozenset(islice(usable, COMMON))


def weakness(password: str, context: Iterable[str] = ()) -> str:
    """Why the password is refused ("" if it is not): too common, or little more than a word of `context`."""
    folded = password.casefold()
    if folded in _common() or len(set(folded)) < 3:
        return "the password is among the first that anybody would try"
    for word in context:
        rest = folded.replace(word.casefold(), "")
        if len(word) >= 3 and rest != folded and len(_NOT_WORD.sub("", rest)) < _LEFT_OVER:
            return "the password must not be your e-mail or the name of this site"
    return ""
