"""Accounts by the hundred: rows and signed tokens, without the tenth of a second a password costs."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, timedelta

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from app.db import Database
from app.kit.tokens import Claims
from app.tests.people import Person

_numbers = itertools.count(1)
_ACCOUNTS = text(
    "INSERT INTO app_user (public_id, email, password_hash, full_name, is_staff) "
    "SELECT id, email, '', 'Some One', :staff "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:emails AS text[])) AS u(id, email)"
)
_PROFILES = text("INSERT INTO user_profile (user_id) SELECT id FROM app_user WHERE public_id = ANY(:ids)")
_SESSIONS = text(
    "INSERT INTO auth_session (public_id, user_id, expires_at) "
    "SELECT s, u.id, now() + interval '1 day' "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:sessions AS uuid[])) AS g(u, s) "
    "JOIN app_user u ON u.public_id = g.u"
)


async def crowd(
    app: FastAPI, client: httpx.AsyncClient, number: int, *, staff: bool = False, expired: bool = False
) -> list[Person]:
    """`number` new accounts, each signed in; with `expired`, by a token whose time is over."""
    database: Database = app.state.database
    ids = [uuid.uuid4() for _ in range(number)]
    sessions = [uuid.uuid4() for _ in range(number)]
    emails = [f"crowd{next(_numbers)}@example.org" for _ in range(number)]
    async with database.transaction() as session:
        await session.execute(_ACCOUNTS, {"ids": ids, "emails": emails, "staff": staff})
        await session.execute(_PROFILES, {"ids": ids})
        await session.execute(_SESSIONS, {"ids": ids, "sessions": sessions})
    moment = datetime.now(UTC) - (timedelta(days=1) if expired else timedelta())
    return [
        Person(
            client,
            email,
            {
                "access_token": app.state.signer.access(Claims(user=user, session=opened), moment),
                "user": {"id": str(user)},
            },
        )
        for user, opened, email in zip(ids, sessions, emails, strict=True)
    ]


async def one(app: FastAPI, client: httpx.AsyncClient, *, staff: bool = False) -> Person:
    return (await crowd(app, client, 1, staff=staff))[0]


async def employer(app: FastAPI, client: httpx.AsyncClient) -> tuple[Person, str]:
    """A member of a new company, and the company's slug."""
    person = await one(app, client)
    made = await person.post("/api/v1/companies/", json={"name": f"Company of {person.email}"})
    assert made.status_code == 201, made.text
    return person, made.json()["slug"]
