"""Pairs of one seeker and many postings, on their way to the serving layer and back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access import Principal
from app.errors import NotFoundError
from app.receipt import service as receipts
from app.receipt.keys import ReceiptKeys
from app.receipt.service import InputHash, Made, Scored
from app.recommendation.matching import Matching
from app.scoring import presenting, problems
from app.scoring.postings import Target
from app.scoring.purposes import Policy
from app.scoring.schemas import FailedItem, Score, ScoreOptions
from app.scoring.seekers import Seeker
from serving.client import ServingClient
from serving.schemas import ScoredJob, ScoreRequest, ScoreResponse

#: Seconds that a posting sent along may take: it is encoded while the caller waits.
SECONDS_EACH, SECONDS_AT_LEAST = 0.3, 5.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What scoring needs of the process. `secret` makes the pseudonyms of research."""

    matching: Matching
    serving: ServingClient
    keys: ReceiptKeys
    secret: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the serving layer said of the postings that one seeker was held against."""

    seeker: Seeker
    targets: Sequence[Target]
    response: ScoreResponse

    def item(self, target: Target) -> ScoredJob | None:
        return next((item for item in self.response.items if item.job_id == target.key), None)


async def ask(
    tools: Tools, policy: Policy, options: ScoreOptions, seeker: Seeker, targets: Sequence[Target]
) -> Answered:
    """Raises MatchingUnavailableError and InvalidInputError. What the purpose forbids is not even
    computed."""
    guests = tuple(target.document for target in targets if target.document is not None)
    request = ScoreRequest(
        user=seeker.document,
        job_ids=tuple(dict.fromkeys(target.key for target in targets if target.document is None)),
        jobs=guests,
        explain=options.explain,
        counterfactuals=options.counterfactuals if policy.counterfactuals else 0,
        snapshots=keeps_receipts(policy, options),
        bar=options.bar,
    )
    seconds = SECONDS_AT_LEAST + SECONDS_EACH * len(guests) if guests else None
    return Answered(seeker, targets, await tools.matching.score(request, seconds))


def keeps_receipts(policy: Policy, options: ScoreOptions) -> bool:
    return options.receipts or policy.employers_only


async def told(
    session: AsyncSession,
    tools: Tools,
    user: Principal,
    policy: Policy,
    options: ScoreOptions,
    answered: Answered,
) -> tuple[dict[int, Score], list[FailedItem]]:
    """Scores by the place of their target, with receipts written in the session's transaction; and what the
    serving layer does not know."""
    found = {place: answered.item(target) for place, target in enumerate(answered.targets)}
    scored = {place: item for place, item in found.items() if item is not None}
    ids = await _receipts(session, tools, user, policy, options, answered, scored)
    results = {
        place: presenting.score(
            policy, name_of(tools, user, policy, answered.targets[place]), item, ids.get(place)
        )
        for place, item in scored.items()
    }
    failed = [
        problems.failed(answered.targets[place].id, NotFoundError("no such posting"))
        for place, item in found.items()
        if item is None
    ]
    return results, failed


async def _receipts(
    session: AsyncSession,
    tools: Tools,
    user: Principal,
    policy: Policy,
    options: ScoreOptions,
    answered: Answered,
    scored: dict[int, ScoredJob],
) -> dict[int, uuid.UUID | None]:
    if not keeps_receipts(policy, options):
        return {}
    seeker = InputHash(answered.seeker.format, answered.seeker.sha256)
    pairs = {
        place: Scored(seeker, _hash(answered.targets[place]), item.match)
        for place, item in scored.items()
        if item.match is not None
    }
    made = Made(answered.response.release_id, answered.response.match_version)
    ids = await receipts.write(session, tools.keys, user.user_id, policy, made, list(pairs.values()))
    return dict(zip(pairs, ids, strict=True))


def _hash(target: Target) -> InputHash:
    """Ids are kept of postings that are stored here: those sent along are named by their sender."""
    return InputHash(target.format, target.sha256, target.id if target.document is None else "")


def name_of(tools: Tools, user: Principal, policy: Policy, target: Target) -> str:
    if policy.pseudonyms:
        return presenting.pseudonym(tools.secret, user.public_id, target.id)
    return target.id
