"""A fingerprint of a posting's words, by which nearly the same text is found again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

_WORD = re.compile(r"\w+")
#: Words looked at: the beginning of a long text tells it apart well enough.
MAX_WORDS = 2000
SHINGLE = 3
#: Bits in which texts may differ and still count as one: what Manku, Jain and Das Sarma found for 64 bits
#: ("Detecting near-duplicates for web crawling", WWW 2007).
NEAR = 3


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
