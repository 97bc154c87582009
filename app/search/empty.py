"""What to do about a search that finds nothing: another spelling, or one condition less."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from app.search.compile import set_in, without
from app.search.engine import Answer, Clause, Request
from app.search.schemas import JobQuery, Relaxation

#: Words tried without: each is one more search.
MOST_WORDS = 5
Ask = Callable[[Request], Awaitable[Answer]]


@dataclass(slots=True)
class Advice:
    corrections: tuple[tuple[str, str], ...] = ()
    relax: list[Relaxation] = field(default_factory=list)

    def did_you_mean(self, text: str) -> str | None:
        """The query with its unknown words replaced; None when there are none."""
        changed = text
        for word, better in self.corrections:
            changed = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", better, changed, flags=re.IGNORECASE)
        return changed if changed != text else None


async def advise(
    ask: Ask, request: Request, asked: JobQuery, corrections: tuple[tuple[str, str], ...]
) -> Advice:
    """Tries each condition's absence; only what then finds something is told, most results first."""
    bare = replace(request, order="date", limit=1, offset=0, after=None, facets=())
    found: list[Relaxation] = []
    for parameter in set_in(request.filters):
        collapse = request.collapse or (parameter == "company" and not asked.reposts)
        answer = await ask(replace(bare, filters=without(request.filters, parameter), collapse=collapse))
        found.append(Relaxation(drop=parameter, total_count=answer.total))
    positive = [clause for clause in request.clauses if not clause.negative]
    for clause in positive[:MOST_WORDS] if len(positive) > 1 else ():
        rest = tuple(other for other in request.clauses if other is not clause)
        answer = await ask(replace(bare, clauses=rest))
        found.append(Relaxation(drop="q", word=_typed(clause), total_count=answer.total))
    useful = [item for item in found if item.total_count]
    return Advice(corrections, sorted(useful, key=lambda item: -item.total_count))


def _typed(clause: Clause) -> str:
    return " ".join(clause.units[0].words)
