"""What a posting's text says by itself: the place it names, and a fingerprint of its words.

Postings that come through the API are annotated as they are stored; imported ones by a task.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy.ext.asyncio import AsyncSession

from app.ingestion.normalize.gazetteer import fold
from app.ingestion.normalize.location import split_location
from app.job import details_repository as repository

_WORD = re.compile(r"\w+")
#: Words looked at: the beginning of a long text tells it apart well enough.
MAX_WORDS = 2000
SHINGLE = 3


async def place_of(session: AsyncSession, location: str) -> int | None:
    """The place a location names, made if it is new. None when it names none, such as "Remote"."""
    found = split_location(location)
    if not found.country:
        return None
    key = fold(found.city)
    known = await repository.place_id(session, found.country, found.region, key)
    if known is None:
        label = ", ".join(part for part in (found.city, found.region, found.country) if part)
        values = {
            "label": label,
            "city": found.city,
            "city_key": key,
            "region": found.region,
            "country": found.country,
        }
        known = await repository.add_place(session, values)
    return known or await repository.place_id(session, found.country, found.region, key)


def simhash(*texts: str) -> int:
    """64 bits that differ in few places for texts with mostly the same runs of three words (Charikar,
    "Similarity estimation techniques from rounding algorithms", STOC 2002), as a signed integer."""
    words = _WORD.findall(" ".join(texts).lower())[:MAX_WORDS]
    shingles = {" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}
    ones = _count_bits(shingles)
    value = sum(1 << bit for bit in range(64) if (ones >> (bit * 16) & 0xFFFF) * 2 > len(shingles))
    return value - (1 << 64) if value >> 63 else value


def _spread(byte: int) -> int:
    """Each of the eight bits in a lane of 16, so that sums of them do not touch."""
    return sum((byte >> bit & 1) << (bit * 16) for bit in range(8))


_SPREAD = tuple(_spread(byte) for byte in range(256))


def _count_bits(shingles: Iterable[str]) -> int:
    """How many shingles have each bit of their hash set: 64 counters of 16 bits in one integer."""
    total = 0
    for shingle in shingles:
        for place, byte in enumerate(blake2b(shingle.encode(), digest_size=8).digest()):
            total += _SPREAD[byte] << (place * 128)
    return total
