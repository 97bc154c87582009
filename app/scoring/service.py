"""Match scores for one seeker against chosen postings, stored here or sent along."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.job import service as jobs
from app.kit.timing import stage
from app.recommendation import repository
from app.recommendation.matching import Matching
from app.scoring.schemas import PostingIn, Score, ScoreBody, ScoresAnswer
from serving.schemas import JobDocument, ScoreRequest, UserDocument

#: Keys of postings sent along: far above any the database will ever hand out.
GUESTS_FROM = 2**62


async def score(session: AsyncSession, matching: Matching, user_id: int, body: ScoreBody) -> ScoresAnswer:
    """Best first. Raises MatchingUnavailableError; postings that cannot be scored are listed as unknown."""
    known = await jobs.ids_by_public_id(session, set(body.job_ids))
    user = await _user(session, user_id, body)
    await release(session)
    guests = {GUESTS_FROM + place: posting for place, posting in enumerate(body.jobs)}
    request = ScoreRequest(
        user=user,
        job_ids=tuple(dict.fromkeys(known.values())),
        jobs=tuple(_document(key, posting) for key, posting in guests.items()),
    )
    with stage("serving"):
        answer = await matching.score(request)
    names = {key: str(public_id) for public_id, key in known.items()}
    names |= {key: posting.id for key, posting in guests.items()}
    scored = {item.job_id for item in answer.items}
    results = [
        Score(
            id=names[item.job_id],
            score=item.score,
            similarity=item.similarity,
            reasons=list(item.reasons),
        )
        for item in sorted(answer.items, key=lambda item: -item.score)
        if item.job_id in names
    ]
    unknown: list[uuid.UUID] = [job for job in dict.fromkeys(body.job_ids) if known.get(job) not in scored]
    return ScoresAnswer(results=results, unknown_job_ids=unknown, release_id=answer.release_id)


async def of_postings(
    session: AsyncSession, matching: Matching, user_id: int, job_ids: Sequence[int]
) -> dict[int, float]:
    """Calibrated probability of engagement by posting, for an order alone; those unknown to the serving layer
    are left out. Raises MatchingUnavailableError."""
    user, _ = await repository.known(session, user_id)
    await release(session)
    answer = await matching.score(ScoreRequest(user=user, job_ids=tuple(job_ids), explain=False))
    return {item.job_id: item.score for item in answer.items}


async def _user(session: AsyncSession, user_id: int, body: ScoreBody) -> UserDocument:
    if body.profile is None:
        user, _ = await repository.known(session, user_id)
        return user
    return UserDocument(user_id=0, **body.profile.model_dump())


def _document(key: int, posting: PostingIn) -> JobDocument:
    return JobDocument(job_id=key, **posting.model_dump(exclude={"id"}))
