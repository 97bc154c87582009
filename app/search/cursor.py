"""Where a reader of a long list is: an opaque text that stays good while postings come and go.

Sorted by date or salary, that is the key of the last posting seen. By relevance the keys move with every
posting that comes, so it is the last few postings themselves: the list goes on after them wherever they are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import InvalidInputError
from app.search.engine import WINDOW, Hit
from app.search.schemas import JobFilters

#: Postings remembered: all of them would have to go before the place is lost.
REMEMBERED = 10
#: How far a place may have moved in the meantime.
SLACK = 50
#: Whole numbers stay whole: a date's key has more digits than a float.
Key = Annotated[int, Field(ge=0, lt=2**63)] | Annotated[float, Field(allow_inf_nan=False)]


class Cursor(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    f: str = Field(max_length=32, description="which search it is of")
    n: int = Field(ge=1, description="number of the page it leads to")
    o: int = Field(ge=0, le=WINDOW, description="results before it")
    k: Key = Field(description="order key of the last posting seen")
    i: list[int] = Field(max_length=REMEMBERED)


@dataclass(frozen=True, slots=True)
class Window:
    """What has to be looked at to go on: `limit` from `offset`."""

    offset: int
    limit: int


def fingerprint(filters: JobFilters) -> str:
    """A cursor of one search does not continue another."""
    text = filters.model_dump_json(include=set(JobFilters.model_fields))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def write(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(cursor.model_dump_json().encode()).decode().rstrip("=")


def read(text: str, filters: JobFilters) -> Cursor:
    """Raises InvalidInputError."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        cursor = Cursor.model_validate(json.loads(raw))
    except (binascii.Error, ValueError, ValidationError, RecursionError):
        raise InvalidInputError("not a cursor of ours", pointer="/query/cursor") from None
    if cursor.f != fingerprint(filters):
        raise InvalidInputError("the cursor is of another search", pointer="/query/cursor")
    return cursor


def following(filters: JobFilters, page: int, before: int, hits: Sequence[Hit]) -> str:
    """To what comes after `hits`, with `before` results ahead of those."""
    return write(
        Cursor(
            f=fingerprint(filters),
            n=page + 1,
            o=min(before + len(hits), WINDOW),
            k=hits[-1].key,
            i=[hit.id for hit in hits[-REMEMBERED:]],
        )
    )


def window(cursor: Cursor, limit: int) -> Window:
    """A stretch of the ranking that holds the place and `limit` more, wherever it went within the slack."""
    start = max(0, cursor.o - SLACK - REMEMBERED)
    return Window(start, min(cursor.o + limit + SLACK, WINDOW) - start)


def resume(cursor: Cursor, start: int, hits: Sequence[Hit], limit: int) -> tuple[int, list[Hit]]:
    """(results before them, the next `limit`) from the hits of the window that begins at `start`."""
    seen = set(cursor.i)
    last = max((place for place, hit in enumerate(hits) if hit.id in seen), default=None)
    if last is None:  # all of them are gone: by score, or by place where scores say nothing
        last = sum(hit.key >= cursor.k for hit in hits) - 1
    rest = [hit for hit in hits[last + 1 :] if hit.id not in seen][:limit]
    return start + last + 1, rest
