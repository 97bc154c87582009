"""S-140: two-step login, recovery codes, and proving again who is there."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pyotp
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.auth import throttle
from app.db import Database
from app.kit.passwords import hash_password, verify_password, weakness
from app.kit.seal import Seal, SealBrokenError
from app.tests.mailbox import Mailbox
from app.tests.people import PASSWORD, People, Person
from app.tests.test_problems import is_problem

AUTH = "/api/v1/auth"
FACTOR = f"{AUTH}/second-factor/"


class Phone:
    """An authenticator app. `next_code` never gives a code of a step that was used before."""

    def __init__(self, secret: str) -> None:
        self.otp = pyotp.TOTP(secret)
        self.step = int(time.time()) // 30 - 2

    def next_code(self) -> str:
        """Codes of the step before, this one and the next are good: three in a row without waiting."""
        self.step += 1
        return self.otp.generate_otp(self.step)


async def enrol(person: Person) -> tuple[Phone, list[str]]:
    made = await person.post(FACTOR)
    assert made.status_code == 201, made.text
    phone = Phone(made.json()["secret"])
    confirmed = await person.post(f"{FACTOR}confirm/", json={"code": phone.next_code()})
    assert confirmed.status_code == 200, confirmed.text
    return phone, confirmed.json()["recovery_codes"]


async def challenge(client: httpx.AsyncClient, email: str) -> str:
    answer = await client.post(f"{AUTH}/login/", json={"email": email, "password": PASSWORD})
    is_problem(answer, 401, "second-factor-required")
    assert answer.json()["expires_in"] == 300
    return str(answer.json()["challenge"])


async def second_step(client: httpx.AsyncClient, challenge: str, code: str) -> httpx.Response:
    return await client.post(f"{AUTH}/login/second-factor/", json={"challenge": challenge, "code": code})


@pytest.fixture
def mailbox(application: FastAPI, database: Database) -> Mailbox:
    return Mailbox(application, database)


async def test_a_login_in_two_steps(people: People, client: httpx.AsyncClient, mailbox: Mailbox) -> None:
    person = await people.seeker()
    assert (await person.get(FACTOR)).json() == {"enabled": False, "recovery_codes_left": 0}
    phone, _ = await enrol(person)
    assert (await person.get(FACTOR)).json() == {"enabled": True, "recovery_codes_left": 10}
    first = await challenge(client, person.email)
    is_problem(await second_step(client, first, "000000"), 401, "invalid-code")
    done = await second_step(client, first, phone.next_code())
    assert done.status_code == 200
    again = Person(client, person.email, done.json())
    assert (await again.get(f"{AUTH}/profile/")).status_code == 200
    is_problem(await second_step(client, first, phone.next_code()), 401, "invalid-token")
    assert await mailbox.kinds(person.email) == ["second-factor-on"]


async def test_the_uri_is_what_authenticator_apps_read(people: People) -> None:
    person = await people.seeker()
    made = (await person.post(FACTOR)).json()
    otp = pyotp.parse_uri(made["uri"])
    assert isinstance(otp, pyotp.TOTP)
    assert (otp.secret, otp.name, otp.issuer) == (made["secret"], person.email, "JobPilot")
    assert len(made["secret"]) == 32
    assert (await person.get(FACTOR)).json()["enabled"] is False


async def test_a_code_works_once(people: People, client: httpx.AsyncClient) -> None:
    person = await people.seeker()
    phone, _ = await enrol(person)
    code = phone.next_code()
    challenges = [await challenge(client, person.email) for _ in range(4)]
    answers = await asyncio.gather(*(second_step(client, one, code) for one in challenges))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    waiting = next(one for one, answer in zip(challenges, answers, strict=True) if answer.status_code == 401)
    earlier = phone.otp.generate_otp(phone.step - 1)
    is_problem(await second_step(client, waiting, earlier), 401, "invalid-code")
    assert (await second_step(client, waiting, phone.next_code())).status_code == 200


async def test_a_recovery_code_stands_in_once(
    people: People, client: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    person = await people.seeker()
    _, codes = await enrol(person)
    assert len(set(codes)) == 10
    answer = await second_step(client, await challenge(client, person.email), codes[0].upper())
    assert answer.status_code == 200
    is_problem(
        await second_step(client, await challenge(client, person.email), codes[0]), 401, "invalid-code"
    )
    assert (await person.get(FACTOR)).json()["recovery_codes_left"] == 9
    assert (await mailbox.kinds(person.email))[-1] == "recovery-code-used"
    renewed = (await person.post(f"{FACTOR}recovery-codes/")).json()["recovery_codes"]
    is_problem(
        await second_step(client, await challenge(client, person.email), codes[1]), 401, "invalid-code"
    )
    assert (await second_step(client, await challenge(client, person.email), renewed[0])).status_code == 200


async def test_codes_cannot_be_tried_for_long(
    people: People, client: httpx.AsyncClient, database: Database
) -> None:
    person = await people.seeker()
    phone, _ = await enrol(person)
    one = await challenge(client, person.email)
    for _ in range(throttle.CODES):
        is_problem(await second_step(client, one, "000000"), 401, "invalid-code")
    good = phone.next_code()
    is_problem(await second_step(client, one, good), 429, "too-many-attempts")
    is_problem(
        await second_step(client, await challenge(client, person.email), good), 429, "too-many-attempts"
    )
    async with database.transaction() as session:
        await session.execute(text("UPDATE login_throttle SET since = since - interval '1 hour'"))
    assert (await second_step(client, one, good)).status_code == 200


async def test_a_challenge_ends(people: People, client: httpx.AsyncClient, database: Database) -> None:
    person = await people.seeker()
    phone, _ = await enrol(person)
    one = await challenge(client, person.email)
    async with database.transaction() as session:
        await session.execute(text("UPDATE account_token SET expires_at = now()"))
    is_problem(await second_step(client, one, phone.next_code()), 401, "invalid-token")
    two = await challenge(client, person.email)
    assert (await person.post(f"{AUTH}/logout-all/")).status_code == 204
    is_problem(await second_step(client, two, phone.next_code()), 401, "invalid-token")


async def test_secrets_are_sealed_where_they_rest(people: People, database: Database) -> None:
    person = await people.seeker()
    made = (await person.post(FACTOR)).json()
    async with database.transaction() as session:
        sealed = (await session.execute(text("SELECT secret_sealed FROM totp_factor"))).scalars().all()
        codes = (await session.execute(text("SELECT code_hash FROM recovery_code"))).scalars().all()
    assert sealed
    assert all(made["secret"].encode() not in bytes(one) for one in sealed)
    assert all(len(bytes(one)) == 32 for one in codes)


async def test_enrolling_twice_is_a_conflict_and_turning_off_ends_it(
    people: People, client: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    person = await people.seeker()
    is_problem(await person.call("DELETE", FACTOR), 404, "not-found")
    is_problem(await person.post(f"{FACTOR}confirm/", json={"code": "123456"}), 404, "not-found")
    is_problem(await person.post(f"{FACTOR}recovery-codes/"), 404, "not-found")
    phone, _ = await enrol(person)
    is_problem(await person.post(FACTOR), 409, "conflict")
    is_problem(await person.post(f"{FACTOR}confirm/", json={"code": phone.next_code()}), 409, "conflict")
    assert (await person.call("DELETE", FACTOR)).status_code == 204
    login = await client.post(f"{AUTH}/login/", json={"email": person.email, "password": PASSWORD})
    assert login.status_code == 200
    assert await mailbox.kinds(person.email) == ["second-factor-on", "second-factor-off"]


# -- step-up -------------------------------------------------------------------------------------------

GUARDED = [
    ("POST", FACTOR, None),
    ("POST", f"{FACTOR}confirm/", {"code": "123456"}),
    ("POST", f"{FACTOR}recovery-codes/", None),
    ("DELETE", FACTOR, None),
    ("POST", f"{AUTH}/exports/", None),
    ("DELETE", f"{AUTH}/account/", None),
]


async def grow_old(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE auth_session SET authenticated_at = now() - interval '11 minutes'")
        )


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
async def test_what_matters_asks_again_who_is_there(
    method: str, path: str, body: dict[str, Any] | None, people: People, database: Database
) -> None:
    person = await people.seeker()
    await grow_old(database)
    refused = await person.call(method, path, json=body)
    is_problem(refused, 403, "step-up-required")
    assert refused.json()["methods"] == ["password"]
    refreshed = await person.post(f"{AUTH}/refresh/", json={"refresh_token": person.tokens["refresh_token"]})
    newer = Person(person.client, person.email, refreshed.json())
    is_problem(await newer.call(method, path, json=body), 403, "step-up-required")


async def test_a_password_is_enough_without_a_second_factor(people: People, database: Database) -> None:
    person = await people.seeker()
    await grow_old(database)
    step_up = f"{AUTH}/step-up/"
    is_problem(await person.post(step_up, json={"password": "wrong password"}), 401, "invalid-credentials")
    is_problem(await person.post(FACTOR), 403, "step-up-required")
    is_problem(await person.post(step_up, json={}), 422, "invalid-input")
    assert (await person.post(step_up, json={"password": PASSWORD})).status_code == 204
    assert (await person.post(FACTOR)).status_code == 201


async def test_with_a_second_factor_only_a_code_is(people: People, database: Database) -> None:
    person = await people.seeker()
    phone, codes = await enrol(person)
    await grow_old(database)
    step_up = f"{AUTH}/step-up/"
    refused = await person.post(step_up, json={"password": PASSWORD})
    is_problem(refused, 403, "step-up-required")
    assert refused.json()["methods"] == ["code"]
    is_problem(await person.post(step_up, json={"code": "000000"}), 401, "invalid-code")
    assert (await person.post(step_up, json={"code": phone.next_code()})).status_code == 204
    assert (await person.call("DELETE", FACTOR)).status_code == 204
    is_problem(await person.post(step_up, json={"code": codes[0]}), 401, "invalid-code")


# -- the parts -----------------------------------------------------------------------------------------


def test_a_seal_opens_only_where_it_belongs_and_survives_a_new_key() -> None:
    old, new = Seal("old secret"), Seal("new secret", "old secret")
    sealed = old.close(b"plain", "totp/1")
    assert new.open(sealed, "totp/1") == b"plain"
    assert old.close(b"plain", "totp/1") != sealed
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for seal, value, place in (
        (old, sealed, "totp/2"),
        (old, altered, "totp/1"),
        (old, b"", "totp/1"),
        (Seal("new secret"), sealed, "totp/1"),
    ):
        with pytest.raises(SealBrokenError):
            seal.open(value, place)


async def test_a_pepper_can_come_later_and_is_needed_from_then_on() -> None:
    plain = await hash_password(PASSWORD)
    matches, renewed = await verify_password(PASSWORD, plain, pepper="pepper")
    assert matches
    assert renewed is not None
    assert await verify_password(PASSWORD, renewed, pepper="pepper") == (True, None)
    assert (await verify_password(PASSWORD, renewed, pepper="another"))[0] is False
    assert (await verify_password(PASSWORD, renewed))[0] is False
    assert (await verify_password("wrong", plain, pepper="pepper")) == (False, None)


def test_a_context_word_needs_company() -> None:
    assert weakness("jobpilot and a long sentence", ("jobpilot",)) == ""
    assert weakness("Jobpilot1!", ("jobpilot",))
    assert weakness("qwerty123")
    assert weakness("abababab")


async def test_a_new_key_signs_nobody_out(people: People, application: FastAPI) -> None:
    from app.kit.tokens import TokenSigner

    person = await people.seeker()
    signer = application.state.signer
    newer = TokenSigner("another secret", signer.issuer, signer.audience, signer.lifetime, (signer.secret,))
    assert newer.read(person.tokens["access_token"]) == signer.read(person.tokens["access_token"])
