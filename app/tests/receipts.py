"""Receipts made without a serving layer, for tests of who may read them."""

from __future__ import annotations

from fastapi import FastAPI
from sqlalchemy import text

from app.receipt import service
from app.receipt.service import InputHash, Made, Scored
from app.scoring.purposes import POLICIES, Purpose
from app.tests.people import Person
from serving.match_schemas import Estimate, Match, Snapshot

FIT = Estimate(value=0.1 + 0.2, low=1 / 3, high=0.7)
MATCH = Match(
    fit=FIT,
    interest=Estimate(value=0.25, low=5e-324, high=1.0),
    snapshot=Snapshot(fit={"asked": 3.0, "met": 0.1 + 0.2}, interest=[0.1, -0.0, 1e22]),
)
SEEKER, POSTING = InputHash("text", "ab" * 32), InputHash("lever", "cd" * 32)


async def receipt_of(
    app: FastAPI, person: Person, purpose: Purpose = "seeker_guidance", match: Match = MATCH
) -> str:
    """The id of a receipt of this person's."""
    query = text("SELECT id FROM app_user WHERE email = :email")
    async with app.state.database.transaction() as session:
        user_id = (await session.execute(query, {"email": person.email})).scalar_one()
        (made,) = await service.write(
            session,
            app.state.receipt_keys,
            user_id,
            POLICIES[purpose],
            Made("release-1", "match-1"),
            [Scored(SEEKER, POSTING, match)],
        )
    return str(made)
