"""Record -> the strings a text encoder reads, and the hashed terms a bag field reads."""

from __future__ import annotations

import re
import zlib
from itertools import pairwise

from features.records import JobRecord, UserRecord

_WORD = re.compile(r"[^\W_]+(?:[+#.]*[+#]|(?:\.[^\W_]+)+)?")  # keeps c++, c#, node.js whole
_STOP = frozenset(
    "a an and are as at be but by for from if in is it of on or our that the their this to we you".split()
)


def job_title_text(job: JobRecord) -> str:
    return job.title.strip()


def job_body_text(job: JobRecord) -> str:
    """The encoder truncates, so what says most comes first: stated skills, then the description."""
    stated = f"Skills: {', '.join(job.skills[:12])}. " if job.skills else ""
    return f"{stated}{job.description}".strip()


def user_title_text(user: UserRecord) -> str:
    return user.desired_title.strip()


def user_body_text(user: UserRecord) -> str:
    stated = f"Skills: {', '.join(user.skills[:12])}. " if user.skills else ""
    return f"{stated}{user.resume_text}".strip()


def words(text: str) -> list[str]:
    return [w for w in _WORD.findall(text.lower()) if w not in _STOP]


def terms(text: str) -> list[str]:
    """Unigrams and bigrams, so that "data engineer" is more than its words."""
    unigrams = words(text)
    return unigrams + [f"{a} {b}" for a, b in pairwise(unigrams)]


def bucket(term: str, buckets: int) -> int:
    """A stable hash (CRC-32): Python's own is salted per process."""
    return zlib.crc32(term.encode()) % buckets
