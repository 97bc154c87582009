"""NDJSON: a pair a line in, an answer a line out, in order. The serving layer is asked in portions.

The whole of the lines is read before the first answer goes out (it is bounded), so that a stream that is too
long is refused as a whole. Each portion has a transaction of its own: what was answered stays answered.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access import Principal
from app.db import Database
from app.errors import AppError, InvalidInputError, NotFoundError, PayloadTooLargeError
from app.kit.cache import TtlCache
from app.scoring import costs, pairs, postings, problems, repository, seekers, service
from app.scoring.pairs import Answered, Tools
from app.scoring.permission import permitted
from app.scoring.postings import Target
from app.scoring.purposes import POLICIES, Policy
from app.scoring.schemas import Score, ScoredLine, ScoreLine, ScoreOptions
from app.scoring.seekers import Given, Seeker

MOST_LINES = 1000
#: Lines answered together: one call for each seeker among them.
PORTION = 50
#: Calls to the serving layer at the same time.
AT_ONCE = 4
#: Seekers of a stream that stay read, and seconds they do.
REMEMBERED, REMEMBERED_S = 64, 600.0
Wrong = AppError | RequestValidationError


@dataclass(slots=True)
class _Line:
    """A line on its way; `error` once it is known to have none."""

    number: int
    id: str = ""
    given: Given | None = None
    target: Target | None = None
    policy: Policy | None = None
    error: Wrong | None = None
    cost: int = 0

    @property
    def key(self) -> str:
        """Of its seeker and purpose: lines with the same are one question."""
        return self.given.sha256 if self.given else ""


@dataclass(slots=True)
class Stream:
    database: Database
    tools: Tools
    user: Principal
    options: ScoreOptions
    dry_run: bool = False
    _read: TtlCache[Seeker] = field(default_factory=lambda: TtlCache[Seeker](capacity=REMEMBERED))

    async def answers(self, lines: Sequence[bytes]) -> AsyncIterator[bytes]:
        """One line of JSON for each of `lines`, in their order; never raises for what is wrong with a
        line."""
        for start in range(0, len(lines), PORTION):
            portion = lines[start : start + PORTION]
            for answer in await self._portion(portion, start + 1):
                yield answer.model_dump_json().encode() + b"\n"

    async def _portion(self, raw: Sequence[bytes], first: int) -> list[ScoredLine]:
        async with self.database.transaction() as session:
            lines = await self._parsed(session, raw, first)
            own = (
                await seekers.own(session, self.user.user_id)
                if any(_is_own(line) for line in lines)
                else None
            )
        if self.dry_run:
            return [self._answer(line, None, None) for line in lines]
        groups: dict[str, list[_Line]] = {}
        for line in lines:
            if line.error is None:
                groups.setdefault(line.key, []).append(line)
        limit = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(self._asked(limit, group, own) for group in groups.values()))
        answered = [(group, one) for group, one in zip(groups.values(), found, strict=True) if one]
        return await self._told(lines, answered)

    async def _parsed(self, session: AsyncSession, raw: Sequence[bytes], first: int) -> list[_Line]:
        read = [_parsed(line, number) for number, line in enumerate(raw, first)]
        ids = {line.job_id for line, _ in read if line is not None and line.job_id is not None}
        known = await repository.stored(session, ids) if ids else {}
        return [
            self._line(
                number, line, error, known, number - first, _id_of(raw[number - first]) if error else ""
            )
            for number, (line, error) in enumerate(read, first)
        ]

    def _line(
        self,
        number: int,
        sent: ScoreLine | None,
        error: Wrong | None,
        known: service.Known,
        place: int,
        name: str,
    ) -> _Line:
        made = _Line(number, id=sent.id if sent else name, error=error)
        if sent is None:
            return made
        try:
            made.given = seekers.given(sent.profile, sent.seeker, "")
            made.policy = permitted(
                self.user, self.options.purpose, own=made.given is None, pointer="/purpose"
            )
            made.target = _target(sent, known, place)
            more = self.options.counterfactuals if made.policy.counterfactuals else 0
            made.cost = costs.units(made.given, [made.target], more)
        except (AppError, RequestValidationError) as wrong:
            made.error = wrong
        return made

    async def _asked(
        self, limit: asyncio.Semaphore, group: list[_Line], own: Seeker | None
    ) -> Answered | None:
        """None where the question of the whole group failed: then each of its lines says so."""
        targets = [line.target for line in group if line.target is not None]
        policy = group[0].policy
        try:
            async with limit:
                seeker = own if group[0].given is None else await self._seeker(group[0].given)
                if seeker is None or policy is None:
                    return None
                return await pairs.ask(self.tools, policy, self.options, seeker, targets)
        except (AppError, RequestValidationError) as error:
            for line in group:
                line.error = error
            return None

    async def _seeker(self, given: Given) -> Seeker:
        known = self._read.get(given.sha256)
        if known is None:
            known = await seekers.read(self.tools.serving, given, "")
            self._read.put(given.sha256, known, REMEMBERED_S)
        return known

    async def _told(
        self, lines: list[_Line], answered: list[tuple[list[_Line], Answered]]
    ) -> list[ScoredLine]:
        told: dict[int, tuple[Score, Answered]] = {}
        async with self.database.transaction() as session:
            for group, one in answered:
                policy = group[0].policy
                if policy is None:
                    continue
                scores, _ = await pairs.told(session, self.tools, self.user, policy, self.options, one)
                told |= {group[place].number: (score, one) for place, score in scores.items()}
                release_id = one.response.release_id
                await service.noted(session, self.user, policy, pairs=len(group), release_id=release_id)
        return [self._answer(line, *told.get(line.number, (None, None))) for line in lines]

    def _answer(self, line: _Line, score: Score | None, answered: Answered | None) -> ScoredLine:
        error = line.error
        if score is None and error is None and not self.dry_run:
            error = NotFoundError("no such posting")
        problem = problems.of(error) if error else None
        policy = line.policy or POLICIES[self.options.purpose or "seeker_guidance"]
        return ScoredLine(
            line=line.number,
            id=line.id,
            status=problem.status if problem else 200,
            result=score,
            error=problem,
            purpose=policy.purpose,
            human_review_required=policy.human_review,
            cost_units=line.cost,
            release_id=answered.response.release_id if answered else "",
            match_version=answered.response.match_version if answered else "",
        )


def split(body: bytes) -> list[bytes]:
    """The lines that are not empty. Raises PayloadTooLargeError and InvalidInputError."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    if len(lines) > MOST_LINES:
        raise PayloadTooLargeError(f"at most {MOST_LINES} lines at once")
    if not lines:
        raise InvalidInputError("send one JSON object a line", pointer="/body")
    return lines


def _is_own(line: _Line) -> bool:
    return line.error is None and line.given is None


def _parsed(raw: bytes, number: int) -> tuple[ScoreLine | None, Wrong | None]:
    try:
        return ScoreLine.model_validate_json(raw), None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return None, RequestValidationError(found)


def _id_of(raw: bytes) -> str:
    """What a line that is no good calls itself, so that its sender finds it."""
    try:
        name = json.loads(raw)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return name if isinstance(name, str) and len(name) <= 100 else ""


def _target(sent: ScoreLine, known: service.Known, place: int) -> Target:
    """Raises NotFoundError, InvalidInputError and RequestValidationError."""
    if sent.job_id is not None:
        if sent.job_id not in known:
            raise NotFoundError("no such posting")
        return postings.stored(sent.job_id, *known[sent.job_id])
    if sent.job is not None:
        return postings.ours(sent.job, place, sent.job.id or sent.id)
    if sent.posting is not None:
        return postings.foreign(sent.posting, place, sent.posting.id or sent.id, "/posting")
    raise InvalidInputError("no posting")
