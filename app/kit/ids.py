"""Public identifiers. PostgreSQL 18 has uuidv7() built in; production may run 16, so they are made here."""

from __future__ import annotations

import os
import re
import time
import unicodedata
import uuid

_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def uuid7() -> uuid.UUID:
    """A time-ordered UUID: 48 bits of Unix milliseconds, then random bits (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76  # version
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant
    return uuid.UUID(int=value)


def slugify(*parts: str, suffix: str = "", limit: int = 120) -> str:
    """Lower-case ASCII words joined by '-', cut to `limit` characters before the suffix is added."""
    text = unicodedata.normalize("NFKD", " ".join(parts)).encode("ascii", "ignore").decode().lower()
    stem = _NOT_SLUG.sub("-", text).strip("-")[:limit].strip("-")
    return "-".join(part for part in (stem, suffix) if part) or "x"
