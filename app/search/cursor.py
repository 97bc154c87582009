"""Where a reader of a long list is: an opaque text that stays good while postings come and go.

Sorted by date or salary, that is the key of the last posting seen. By relevance all scores move a little with
every posting that comes, and many are equal (the same title twice) in an order that is the engine's own. So
it is the last postings themselves, with all of theirs that were as good: the list goes on with what is as
good or worse than those are now, and was not among them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import InvalidInputError
from app.search.engine import WINDOW, Hit
from app.search.schemas import JobFilters

#: Postings remembered in any case, and of equally good ones at most.
FEW, MOST = 10, 200
#: How far a place may have moved in the meantime.
SLACK = 50
#: Scores nearer than this are equal: summing in another order changes the last digits.
EQUAL = 1e-5
#: Whole numbers stay whole: a date's key has more digits than a float.
Key = Annotated[int, Field(ge=0, lt=2**63)] | Annotated[float, Field(allow_inf_nan=False)]


class Cursor(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    f: str = Field(max_length=32, description="which search it is of")
    n: int = Field(ge=1, description="number of the page it leads to")
    o: int = Field(ge=0, le=WINDOW, description="results before it")
    g: int = Field(ge=0, le=WINDOW, description="results better than the last one")
    k: Key = Field(description="order key of the last posting seen")
    i: list[int] = Field(max_length=MOST)


@dataclass(frozen=True, slots=True)
class Window:
    """What has to be looked at to go on: `limit` from `offset`."""

    offset: int
    limit: int


def fingerprint(filters: JobFilters) -> str:
    """A cursor of one search does not continue another."""
    fields = set(JobFilters.model_fields) | ({"reposts"} if getattr(filters, "reposts", False) else set())
    text = filters.model_dump_json(include=fields)
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


@dataclass(frozen=True, slots=True)
class Resumed:
    """The next page, the results before it, and the score at which it was gone on."""

    cursor: Cursor
    hits: list[Hit]
    before: int
    score: float


def following(
    filters: JobFilters, page: int, before: int, hits: Sequence[Hit], resumed: Resumed | None = None
) -> str:
    """To what comes after `hits`, with `before` results ahead of those."""
    last = hits[-1].key
    first = next(place for place, hit in enumerate(hits) if _equal(hit.key, last))
    seen = [hit.id for hit in hits[min(first, len(hits) - FEW) if len(hits) > FEW else 0 :]]
    better = before + first
    if resumed is not None and not first and _equal(resumed.score, last):  # still among the same equals
        better, seen = resumed.cursor.g, [*resumed.cursor.i, *seen]
    return write(
        Cursor(
            f=fingerprint(filters),
            n=page + 1,
            o=min(before + len(hits), WINDOW),
            g=min(better, WINDOW),
            k=last,
            i=list(dict.fromkeys(seen))[-MOST:] if isinstance(last, float) else [],
        )
    )


def window(cursor: Cursor, limit: int) -> Window:
    """A stretch of the ranking that holds the place and `limit` more, wherever it went within the slack."""
    start = max(0, min(cursor.g, cursor.o) - SLACK)
    return Window(start, min(cursor.o + limit + SLACK, WINDOW) - start)


def resume(cursor: Cursor, start: int, hits: Sequence[Hit], limit: int) -> Resumed:
    """The next `limit` of the window that begins at `start`."""
    seen = set(cursor.i)
    score = min((hit.key for hit in hits if hit.id in seen), default=float(cursor.k))
    rest = [
        (place, hit)
        for place, hit in enumerate(hits)
        if hit.id not in seen and (hit.key < score or _equal(hit.key, score))
    ][:limit]
    before = start + rest[-1][0] + 1 - len(rest) if rest else cursor.o
    return Resumed(cursor, [hit for _, hit in rest], before, score)


def _equal(one: float, other: float) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    return math.isclose(one, other, rel_tol=EQUAL)
