from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.auth import throttle
from app.db import Database
from app.kit.tokens import Claims, digest, key_id
from app.tests.people import PASSWORD, People, Person
from app.tests.test_problems import is_problem

LOGIN, REFRESH, PROFILE = "/api/v1/auth/login/", "/api/v1/auth/refresh/", "/api/v1/auth/profile/"


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post(REFRESH, json={"refresh_token": token})


async def age(database: Database, token: str) -> None:
    """Moves a token's exchange out of the grace period."""
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE refresh_token SET used_at = used_at - interval '1 minute' WHERE token_hash = :hash"),
            {"hash": digest(token)},
        )


async def works(client: httpx.AsyncClient, access_token: str) -> bool:
    answer = await client.get(PROFILE, headers={"Authorization": f"Bearer {access_token}"})
    return answer.status_code == 200


async def test_login_answers_as_documented(people: People, client: httpx.AsyncClient) -> None:
    person = await people.seeker()
    assert person.tokens.keys() == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert person.tokens["user"]["email"] == person.email
    header = jwt.get_unverified_header(person.tokens["access_token"])
    payload = jwt.decode(person.tokens["access_token"], options={"verify_signature": False})
    assert (header["alg"], header["typ"]) == ("HS256", "at+jwt")
    assert payload.keys() == {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"}
    assert payload["exp"] - payload["iat"] == person.tokens["expires_in"] == 900
    folded = await client.post(LOGIN, json={"email": person.email.upper(), "password": PASSWORD})
    assert folded.status_code == 200


async def test_registering_twice_says_the_same_and_changes_nothing(
    people: People, client: httpx.AsyncClient
) -> None:
    person = await people.seeker()
    first = await client.post(
        "/api/v1/auth/register/", json={"email": "brand.new@example.org", "password": PASSWORD}
    )
    second = await client.post(
        "/api/v1/auth/register/", json={"email": person.email, "password": "another password"}
    )
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert (await client.post(LOGIN, json={"email": person.email, "password": PASSWORD})).status_code == 200


@pytest.mark.parametrize("password", ["1234567", "x" * 129, "self@example.org"])
async def test_bad_passwords_are_refused(password: str, client: httpx.AsyncClient) -> None:
    body = {"email": "self@example.org", "password": password}
    is_problem(await client.post("/api/v1/auth/register/", json=body), 422, "invalid-input")


async def test_wrong_password_unknown_and_inactive_account_get_one_answer(
    people: People, client: httpx.AsyncClient, database: Database
) -> None:
    person, inactive = await people.seeker(), await people.seeker()
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE app_user SET is_active = false WHERE email = :email"), {"email": inactive.email}
        )
    bodies = []
    for email, password in (
        (person.email, "wrong password"),
        ("nobody@example.org", PASSWORD),
        (inactive.email, PASSWORD),
    ):
        answer = await client.post(LOGIN, json={"email": email, "password": password})
        is_problem(answer, 401, "invalid-credentials")
        assert answer.headers["www-authenticate"] == "Bearer"
        bodies.append({key: value for key, value in answer.json().items() if key != "request_id"})
    assert bodies[0] == bodies[1] == bodies[2]
    assert not await works(client, inactive.tokens["access_token"])


async def test_failed_logins_are_limited_per_account_and_address(
    people: People, client: httpx.AsyncClient, database: Database
) -> None:
    person, other = await people.seeker(), await people.seeker()
    wrong = {"email": person.email, "password": "wrong password"}
    statuses = [(await client.post(LOGIN, json=wrong)).status_code for _ in range(throttle.LIMITS["pair"])]
    assert set(statuses) == {401}
    right = {"email": person.email, "password": PASSWORD}
    blocked = await client.post(LOGIN, json=right)
    is_problem(blocked, 429, "too-many-attempts")
    assert 0 < int(blocked.headers["retry-after"]) <= throttle.WINDOW.total_seconds() + 1
    assert (await client.post(LOGIN, json={"email": other.email, "password": PASSWORD})).status_code == 200
    async with database.transaction() as session:
        await session.execute(text("UPDATE login_throttle SET since = since - interval '1 hour'"))
    assert (await client.post(LOGIN, json=right)).status_code == 200


async def test_refresh_rotates(people: People, client: httpx.AsyncClient, database: Database) -> None:
    person = await people.seeker()
    first = person.tokens["refresh_token"]
    second = (await refresh(client, first)).json()
    assert second.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert second["refresh_token"] != first
    assert await works(client, second["access_token"])
    third = (await refresh(client, second["refresh_token"])).json()
    assert len({first, second["refresh_token"], third["refresh_token"]}) == 3
    async with database.transaction() as session:
        stored = (await session.execute(text("SELECT token_hash FROM refresh_token"))).scalars().all()
    assert digest(third["refresh_token"]) in stored


async def test_a_lost_answer_may_be_asked_for_again(people: People, client: httpx.AsyncClient) -> None:
    token = (await people.seeker()).tokens["refresh_token"]
    answers = await asyncio.gather(*(refresh(client, token) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_a_reused_token_ends_the_whole_family(
    people: People, client: httpx.AsyncClient, database: Database
) -> None:
    person = await people.seeker()
    stolen = person.tokens["refresh_token"]
    mine = (await refresh(client, stolen)).json()
    await age(database, stolen)
    is_problem(await refresh(client, stolen), 401, "invalid-token")
    assert (await refresh(client, mine["refresh_token"])).status_code == 401
    assert not await works(client, mine["access_token"])
    login = await client.post(LOGIN, json={"email": person.email, "password": PASSWORD})
    assert await works(client, login.json()["access_token"])


async def test_reuse_within_the_grace_period_after_the_successor_was_used(
    people: People, client: httpx.AsyncClient
) -> None:
    first = (await people.seeker()).tokens["refresh_token"]
    second = (await refresh(client, first)).json()["refresh_token"]
    assert (await refresh(client, second)).status_code == 200
    assert (await refresh(client, first)).status_code == 401
    assert (await refresh(client, second)).status_code == 401


@pytest.mark.parametrize("column", ["refresh_token.expires_at", "auth_session.expires_at"])
async def test_tokens_and_sessions_end(
    column: str, people: People, client: httpx.AsyncClient, database: Database
) -> None:
    token = (await people.seeker()).tokens["refresh_token"]
    table = column.partition(".")[0]
    async with database.transaction() as session:
        await session.execute(text(f"UPDATE {table} SET expires_at = now()"))  # noqa: S608
    is_problem(await refresh(client, token), 401, "invalid-token")


async def test_logout_ends_this_session_and_logout_all_every_one(
    people: People, client: httpx.AsyncClient
) -> None:
    here = await people.seeker()
    account = {"email": here.email, "password": PASSWORD}
    there = Person(client, here.email, (await client.post(LOGIN, json=account)).json())
    third = Person(client, here.email, (await client.post(LOGIN, json=account)).json())
    assert (await here.post("/api/v1/auth/logout/")).status_code == 204
    assert not await works(client, here.tokens["access_token"])
    assert (await refresh(client, here.tokens["refresh_token"])).status_code == 401
    assert await works(client, there.tokens["access_token"])
    assert (await there.post("/api/v1/auth/logout-all/")).status_code == 204
    assert not await works(client, third.tokens["access_token"])


async def test_forged_tokens_are_refused(
    people: People, client: httpx.AsyncClient, application: FastAPI
) -> None:
    person = await people.seeker()
    good = person.tokens["access_token"]
    payload: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
    signer = application.state.signer
    key = signer._key("access")

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    def sign(
        changes: dict[str, Any], typ: str = "at+jwt", secret: bytes = key, kid: str = key_id(key)
    ) -> str:
        kept = {name: value for name, value in (payload | changes).items() if value is not None}
        return jwt.encode(kept, secret, "HS256", headers={"typ": typ, "kid": kid})

    past = datetime.now(UTC) - timedelta(minutes=1)
    forged = [
        part({"alg": "none", "typ": "at+jwt", "kid": key_id(key)}) + "." + part(payload) + ".",
        sign({}, typ="JWT"),
        sign({}, kid="unknown"),
        sign({}, kid=key_id(signer._key("refresh")), secret=signer._key("refresh")),
        sign({}, secret=signer._key("refresh")),
        sign({}, secret=b"development-only-secret-not-for-real-use"),
        sign({"aud": "another"}),
        sign({"iss": "another"}),
        sign({"exp": past}),
        sign({"nbf": datetime.now(UTC) + timedelta(minutes=5)}),
        sign({"exp": None}),
        sign({"sid": None}),
        sign({"sub": "1"}),
        sign({"sid": payload["sub"]}),
        good[:-4] + "AAAA",
        "garbage",
        person.tokens["refresh_token"],
    ]
    assert await works(client, sign({}))
    assert await works(client, sign({"nbf": datetime.now(UTC) + timedelta(seconds=3)}))  # a clock ahead
    assert await works(client, sign({"exp": datetime.now(UTC) - timedelta(seconds=2)}))  # a clock behind
    assert [token for token in forged if await works(client, token)] == []


async def test_a_token_of_one_account_and_a_session_of_another_do_not_mix(
    people: People, client: httpx.AsyncClient, application: FastAPI
) -> None:
    first, second = await people.seeker(), await people.seeker()
    claims = [application.state.signer.read(person.tokens["access_token"]) for person in (first, second)]
    mixed = Claims(user=claims[0].user, session=claims[1].session)
    assert not await works(client, application.state.signer.access(mixed, datetime.now(UTC)))
