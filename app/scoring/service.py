"""Match scores: one seeker against chosen postings, stored here or sent along."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.exceptions import RequestValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.admin import audit
from app.auth.access import Principal
from app.db import release
from app.errors import AppError, InvalidInputError, NotFoundError
from app.kit.ids import uuid7
from app.kit.timing import stage
from app.recommendation import seekers as accounts
from app.recommendation.matching import Matching
from app.scoring import costs, pairs, postings, presenting, problems, repository, seekers
from app.scoring.pairs import Tools
from app.scoring.permission import permitted
from app.scoring.postings import Target
from app.scoring.purposes import BANDS, Policy
from app.scoring.schemas import FailedItem, Score, ScoreBody, ScoresAnswer
from app.scoring.seekers import Given, Seeker
from serving.schemas import ScoreRequest

#: Public id -> (key, hash of the content) of stored postings.
Known = dict[uuid.UUID, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Question:
    """A request that was read and checked, and what of it is no good."""

    policy: Policy
    seeker: Given | None
    targets: list[Target]
    failed: list[FailedItem]
    cost: int


async def score(
    session: AsyncSession, tools: Tools, user: Principal, body: ScoreBody, *, lets_go: bool = True
) -> ScoresAnswer:
    """Raises MatchingUnavailableError, ForbiddenError, what reading a resume raises, and what is wrong with
    the only posting there is. With `lets_go` the connection is given back while another process works."""
    asked = await question(session, user, body)
    seeker = await _seeker(session, tools, user, asked.seeker, lets_go=lets_go)
    if lets_go:
        await release(session)
    results: dict[int, Score] = {}
    failed, release_id, version = asked.failed, "", ""
    if asked.targets:
        with stage("serving"):
            answered = await pairs.ask(tools, asked.policy, body, seeker, asked.targets)
        results, unknown = await pairs.told(session, tools, user, asked.policy, body, answered)
        failed = [*failed, *unknown]
        release_id, version = answered.response.release_id, answered.response.match_version
    await noted(session, user, asked.policy, pairs=len(asked.targets), release_id=release_id)
    ordered = presenting.ordered(asked.policy, [results[place] for place in sorted(results)])
    return _answer(asked, body, ordered, failed, release_id, version, dry_run=False)


async def check(session: AsyncSession, user: Principal, body: ScoreBody) -> ScoresAnswer:
    """All but the scoring: what is wrong, and what it would cost. Raises as `score`."""
    asked = await question(session, user, body)
    return _answer(asked, body, [], asked.failed, "", "", dry_run=True)


async def of_postings(
    session: AsyncSession, matching: Matching, user_id: int, job_ids: Sequence[int]
) -> dict[int, float]:
    """Calibrated probability of engagement by posting, for an order alone; those unknown to the serving layer
    are left out. Raises MatchingUnavailableError."""
    user = await accounts.own(session, user_id)
    await release(session)
    answer = await matching.score(ScoreRequest(user=user, job_ids=tuple(job_ids), explain=False))
    return {item.job_id: item.score for item in answer.items}


async def question(session: AsyncSession, user: Principal, body: ScoreBody) -> Question:
    """Raises what is wrong with the whole of it, or with all of the postings sent along."""
    seeker = seekers.given(body.profile, body.seeker, "/body")
    policy = permitted(user, body.purpose, own=seeker is None, pointer="/body/purpose")
    targets, wrong = await _targets(session, body)
    if not targets and not body.job_ids:
        raise next(iter(wrong.values()))
    failed = [problems.failed(name, error) for name, error in wrong.items()]
    cost = costs.units(seeker, targets, body.counterfactuals if policy.counterfactuals else 0)
    return Question(policy, seeker, targets, failed, cost)


async def noted(
    session: AsyncSession, user: Principal, policy: Policy, *, pairs: int, release_id: str
) -> None:
    """Screening is in the audit log, in the transaction of the answer. The candidate is named by nothing."""
    if policy.employers_only and pairs:
        action = f"score.{policy.purpose}"
        await audit.record(
            session, user.public_id, action, "scoring", uuid7(), pairs=pairs, release_id=release_id
        )


async def _seeker(
    session: AsyncSession, tools: Tools, user: Principal, sent: Given | None, *, lets_go: bool
) -> Seeker:
    if sent is None:
        return await seekers.own(session, user.user_id)
    if lets_go:
        await release(session)
    with stage("reading"):
        return await seekers.read(tools.serving, sent, "/body")


async def _targets(
    session: AsyncSession, body: ScoreBody
) -> tuple[list[Target], dict[str, AppError | RequestValidationError]]:
    """What can be scored, in the order asked: ours by id, then those sent along; and what is wrong, by id."""
    known = await repository.stored(session, set(body.job_ids)) if body.job_ids else {}
    asked = dict.fromkeys(body.job_ids)
    targets = [postings.stored(job_id, *known[job_id]) for job_id in asked if job_id in known]
    wrong: dict[str, AppError | RequestValidationError] = {
        str(job_id): NotFoundError("no such posting") for job_id in asked if job_id not in known
    }
    for place, posting in enumerate(body.jobs):
        targets.append(postings.ours(posting, place, posting.id or str(place + 1)))
    for number, sent in enumerate(body.postings):
        place = len(body.jobs) + number
        name = sent.id or str(place + 1)
        try:
            targets.append(postings.foreign(sent, place, name, f"/body/postings/{number}"))
        except (InvalidInputError, RequestValidationError) as error:
            wrong[name] = error
    return targets, wrong


def _answer(
    asked: Question,
    body: ScoreBody,
    results: list[Score],
    failed: list[FailedItem],
    release_id: str,
    version: str,
    *,
    dry_run: bool,
) -> ScoresAnswer:
    gone = {item.id for item in failed if item.status == NotFoundError.status}
    return ScoresAnswer(
        results=results,
        failed=failed,
        unknown_job_ids=[job_id for job_id in dict.fromkeys(body.job_ids) if str(job_id) in gone],
        purpose=asked.policy.purpose,
        human_review_required=asked.policy.human_review,
        notices=list(asked.policy.notices),
        bands=BANDS,
        cost_units=asked.cost,
        dry_run=dry_run,
        release_id=release_id,
        match_version=version,
    )
