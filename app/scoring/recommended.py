"""Receipts for a page of recommendations: the same as for scores that were asked for."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from app.receipt import service as receipts
from app.receipt.keys import ReceiptKeys
from app.receipt.service import InputHash, Made, Scored
from app.recommendation.schemas import RecommendationsAnswer
from app.scoring import postings, repository, seekers
from app.scoring.purposes import POLICIES


async def with_receipts(
    session: AsyncSession, keys: ReceiptKeys, user_id: int, page: RecommendationsAnswer
) -> RecommendationsAnswer:
    """The page with a receipt for each posting that something was said of, and without the snapshots."""
    own = await seekers.own(session, user_id)
    seeker = InputHash(own.format, own.sha256)
    known = await repository.stored(session, {item.job.id for item in page.results})
    pairs = {
        place: Scored(seeker, _posting(item.job.id, *known[item.job.id]), item.match)
        for place, item in enumerate(page.results)
        if item.match is not None and item.job.id in known
    }
    made = Made(page.release_id, page.match_version)
    policy = POLICIES["seeker_guidance"]
    ids = await receipts.write(session, keys, user_id, policy, made, list(pairs.values()))
    by_place = dict(zip(pairs, ids, strict=True))
    results = [
        item.model_copy(
            update={
                "receipt_id": by_place.get(place),
                "match": None if item.match is None else item.match.model_copy(update={"snapshot": None}),
            }
        )
        for place, item in enumerate(page.results)
    ]
    return page.model_copy(update={"results": results})


def _posting(public_id: uuid.UUID, key: int, content_hash: str) -> InputHash:
    target = postings.stored(public_id, key, content_hash)
    return InputHash(target.format, target.sha256, target.id)
