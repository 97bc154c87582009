"""How the search index does beside the database that it follows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.search import repository
from app.search.engine import EngineError
from app.search.provider import Search

#: Seconds an engine may take to say how it is.
LOOK_S = 1.0
#: So many changes that the index has not seen are more than a moment's.
BEHIND = 1000
#: Documents may differ from postings by what waits, and by this part of them or number: both are counted at
#: different moments.
SLACK, FEW = 0.01, 100
Condition = Literal["ok", "behind", "down"]


@dataclass(frozen=True, slots=True)
class IndexCondition:
    """`down`: the database answers instead, with less; `behind`: the index answers, with an older state.

    `documents` and `waiting` (changes it has not seen) are None where there is no index that could have any;
    `cause` says why it is down.
    """

    condition: Condition
    engine: str
    documents: int | None = None
    waiting: int | None = None
    cause: str = ""

    def agrees(self, postings: int) -> bool:
        """Whether the documents are, near enough, the open postings."""
        if self.documents is None or self.waiting is None:
            return True
        return abs(self.documents - postings) <= self.waiting + max(FEW, SLACK * postings)


async def look(session: AsyncSession, search: Search) -> IndexCondition:
    """Two looks at an index and one at what waits for it. Never raises EngineError."""
    if search.engine is None:  # as it was set up: PostgreSQL is the engine
        return IndexCondition("ok", "postgresql")
    name = search.engine.name
    try:
        async with asyncio.timeout(LOOK_S):
            engine = await search.live(session)
            documents = await engine.documents()
            index = await engine.current()
    except TimeoutError:
        return IndexCondition("down", name, cause=f"no answer within {LOOK_S:.0f} s")
    except EngineError as error:
        return IndexCondition("down", name, cause=str(error)[:300])
    waiting = await repository.waiting(session, index)
    return IndexCondition("behind" if waiting > BEHIND else "ok", name, documents, waiting)


async def open_postings(session: AsyncSession) -> int:
    """Counts them: some 50 ms for a million."""
    return await repository.active_count(session)
