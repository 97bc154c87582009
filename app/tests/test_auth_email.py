"""S-130, S-140: registering with a confirmed address, and passwords that are forgotten, reset and changed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.auth import throttle
from app.db import Database
from app.main import create_app
from app.tests.conftest import client_of, settings_for
from app.tests.mailbox import Mailbox
from app.tests.people import PASSWORD, Person
from app.tests.test_problems import is_problem

AUTH = "/api/v1/auth"
OTHER = "a quite different phrase"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def application(new_database: Callable[[], URL]) -> AsyncIterator[FastAPI]:
    """As in production: an account needs a confirmed address."""
    app = create_app(settings_for(new_database(), email_verification="required", rate_limit_factor=0))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="module")
async def client(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application) as made:
        yield made


@pytest.fixture(scope="module")
def mailbox(application: FastAPI) -> Mailbox:
    return Mailbox(application, application.state.database)


@pytest.fixture
def email() -> str:
    return f"reader{next(_numbers)}@mail.example"


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await client.post(f"{AUTH}/{path}/", json=body)


async def register(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await post(client, "register", email=email, password=password)


async def login(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await post(client, "login", email=email, password=password)


@pytest.fixture
async def person(client: httpx.AsyncClient, mailbox: Mailbox, email: str) -> Person:
    await register(client, email)
    await post(client, "verify-email", token=await mailbox.newest(email, "verify-email"))
    return Person(client, email, (await login(client, email)).json())


async def forget_limits(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE login_throttle SET since = since - interval '1 hour'"))


# -- a confirmed address -------------------------------------------------------------------------------


async def test_an_account_works_after_its_link_was_followed(
    client: httpx.AsyncClient, mailbox: Mailbox, email: str
) -> None:
    assert (await register(client, email)).status_code == 202
    is_problem(await login(client, email), 403, "email-not-verified")
    is_problem(await login(client, email, OTHER), 401, "invalid-credentials")
    token = await mailbox.newest(email, "verify-email")
    assert (await post(client, "verify-email", token=token)).status_code == 200
    assert (await login(client, email)).status_code == 200
    is_problem(await post(client, "verify-email", token=token), 400, "invalid-link")


async def test_addresses_are_kept_as_mail_servers_know_them(
    client: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    assert (await register(client, "Ann@MÜNCHEN.example")).status_code == 202
    assert await mailbox.kinds("ann@xn--mnchen-3ya.example") == ["verify-email"]
    is_problem(await register(client, "jörg@example.org"), 422, "invalid-input")
    is_problem(await register(client, "a" * 60 + "@" + "ü" * 60 + ".example"), 422, "invalid-input")


async def test_two_parallel_uses_of_a_link_are_one(
    client: httpx.AsyncClient, mailbox: Mailbox, email: str
) -> None:
    await register(client, email)
    token = await mailbox.newest(email, "verify-email")
    answers = await asyncio.gather(*(post(client, "verify-email", token=token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_links_end_with_their_hour_and_serve_one_purpose(
    client: httpx.AsyncClient, mailbox: Mailbox, email: str, person: Person
) -> None:
    await post(client, "password/forgot", email=person.email)
    reset = await mailbox.newest(person.email, "password-reset")
    is_problem(await post(client, "verify-email", token=reset), 400, "invalid-link")
    async with mailbox.database.transaction() as session:
        ages = (
            await session.execute(
                text("SELECT expires_at - created_at <= interval '61 minutes' FROM account_token")
            )
        ).scalars()
        assert set(ages) == {True}
        await session.execute(text("UPDATE account_token SET expires_at = now()"))
    is_problem(await post(client, "password/reset", token=reset, password=OTHER), 400, "invalid-link")
    is_problem(await post(client, "verify-email", token="x" * 43), 400, "invalid-link")


async def test_registering_tells_nobody_who_has_an_account(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    known = await register(client, person.email, OTHER)
    unknown = await register(client, "never.seen@mail.example", OTHER)
    assert (
        (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, known.content)
    )
    assert (await mailbox.kinds(person.email))[-1] == "account-exists"
    assert (await login(client, person.email)).status_code == 200
    is_problem(await login(client, person.email, OTHER), 401, "invalid-credentials")


@pytest.mark.parametrize("path", ["password/forgot", "verify-email/resend"])
async def test_asking_for_mail_tells_nobody_who_has_an_account(
    path: str, client: httpx.AsyncClient, person: Person
) -> None:
    known = await post(client, path, email=person.email)
    unknown = await post(client, path, email="never.seen.either@mail.example")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.status_code == 202
    addresses = (person.email, "never.seen.either@mail.example")
    written = [await statements_of(client, path, address) for address in addresses]
    assert written[0] == written[1]
    assert any("INSERT INTO account_token" in statement for statement in written[0])


async def statements_of(client: httpx.AsyncClient, path: str, address: str) -> list[str]:
    """The SQL that the request ran: equal work for equal cost."""
    from sqlalchemy import event

    engine = client._transport.app.state.database.engine.sync_engine  # type: ignore[attr-defined]
    seen: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        await post(client, path, email=address)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


async def test_a_stranger_cannot_plant_a_password_before_the_owner_registers(
    client: httpx.AsyncClient, mailbox: Mailbox, email: str
) -> None:
    await register(client, email, OTHER)  # the stranger
    await register(client, email, PASSWORD)  # the owner
    mine = await mailbox.newest(email, "verify-email")
    assert (await post(client, "verify-email", token=mine)).status_code == 200
    is_problem(await login(client, email, OTHER), 401, "invalid-credentials")
    assert (await login(client, email, PASSWORD)).status_code == 200


async def test_a_second_link_of_a_disputed_address_brings_no_old_password(
    client: httpx.AsyncClient, mailbox: Mailbox, email: str
) -> None:
    await register(client, email, OTHER)
    await register(client, email, PASSWORD)
    await post(client, "verify-email/resend", email=email)
    assert (
        await post(client, "verify-email", token=await mailbox.newest(email, "verify-email"))
    ).status_code == 200
    for password in (OTHER, PASSWORD):
        is_problem(await login(client, email, password), 401, "invalid-credentials")
    await forget_limits(mailbox.database)
    await post(client, "password/forgot", email=email)
    reset = await mailbox.newest(email, "password-reset")
    assert (await post(client, "password/reset", token=reset, password=PASSWORD)).status_code == 200
    assert (await login(client, email)).status_code == 200


async def test_a_stranger_cannot_fill_a_mailbox(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    await forget_limits(mailbox.database)
    before = len(await mailbox.kinds(person.email))
    answers = [await post(client, "password/forgot", email=person.email) for _ in range(2 * throttle.MAILS)]
    assert {answer.status_code for answer in answers} == {202}
    assert len(await mailbox.kinds(person.email)) - before == throttle.MAILS


# -- passwords -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["password1", "PASSWORD1", "aaaaaaaaaa", "jobpilot-2026", "{local}99!"])
async def test_passwords_everybody_would_try_are_refused(
    password: str, client: httpx.AsyncClient, email: str
) -> None:
    answer = await register(client, email, password.format(local=email.partition("@")[0]))
    is_problem(answer, 422, "invalid-input")
    assert answer.json()["errors"][0]["pointer"] == "/body/password"
    assert password not in answer.text


@pytest.mark.parametrize("password", ["my jobpilot password is long", "x" * 60 + "yzab", "пароль-из-слов"])
async def test_long_and_foreign_passwords_are_taken(
    password: str, client: httpx.AsyncClient, mailbox: Mailbox, email: str
) -> None:
    assert (await register(client, email, password)).status_code == 202
    await post(client, "verify-email", token=await mailbox.newest(email, "verify-email"))
    assert (await login(client, email, password)).status_code == 200


async def test_a_reset_ends_every_session_and_works_once(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    await post(client, "password/forgot", email=person.email)
    token = await mailbox.newest(person.email, "password-reset")
    weak = await post(client, "password/reset", token=token, password="password1")
    is_problem(weak, 422, "invalid-input")
    assert (await person.get(f"{AUTH}/profile/")).status_code == 200
    assert (await post(client, "password/reset", token=token, password=OTHER)).status_code == 200
    is_problem(await person.get(f"{AUTH}/profile/"), 401, "invalid-token")
    is_problem(
        await post(client, "refresh", refresh_token=person.tokens["refresh_token"]), 401, "invalid-token"
    )
    is_problem(await login(client, person.email), 401, "invalid-credentials")
    assert (await login(client, person.email, OTHER)).status_code == 200
    is_problem(await post(client, "password/reset", token=token, password=PASSWORD), 400, "invalid-link")
    assert (await mailbox.kinds(person.email))[-1] == "password-changed"


async def test_a_reset_opens_a_locked_account(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    for _ in range(throttle.LIMITS["pair"]):
        await login(client, person.email, OTHER)
    is_problem(await login(client, person.email), 429, "too-many-attempts")
    await post(client, "password/forgot", email=person.email)
    token = await mailbox.newest(person.email, "password-reset")
    await post(client, "password/reset", token=token, password=OTHER)
    assert (await login(client, person.email, OTHER)).status_code == 200


async def test_a_change_keeps_this_session_and_ends_the_others(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    there = Person(client, person.email, (await login(client, person.email)).json())
    await post(client, "password/forgot", email=person.email)
    link = await mailbox.newest(person.email, "password-reset")
    change = f"{AUTH}/password/change/"
    wrong = await person.post(change, json={"current_password": OTHER, "new_password": OTHER})
    is_problem(wrong, 401, "invalid-credentials")
    weak = await person.post(change, json={"current_password": PASSWORD, "new_password": "password1"})
    is_problem(weak, 422, "invalid-input")
    done = await person.post(change, json={"current_password": PASSWORD, "new_password": OTHER})
    assert done.status_code == 204
    assert (await person.get(f"{AUTH}/profile/")).status_code == 200
    is_problem(await there.get(f"{AUTH}/profile/"), 401, "invalid-token")
    is_problem(await post(client, "password/reset", token=link, password=PASSWORD), 400, "invalid-link")
    assert (await login(client, person.email, OTHER)).status_code == 200


async def test_changing_a_password_is_no_way_around_the_limit(
    client: httpx.AsyncClient, person: Person
) -> None:
    body = {"current_password": "wrong password", "new_password": OTHER}
    statuses = [
        (await person.post(f"{AUTH}/password/change/", json=body)).status_code
        for _ in range(throttle.LIMITS["pair"] + 1)
    ]
    assert statuses == [401] * throttle.LIMITS["pair"] + [429]


async def test_a_login_that_began_before_a_reset_does_not_end_after_it(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    await post(client, "password/forgot", email=person.email)
    token = await mailbox.newest(person.email, "password-reset")
    answers = await asyncio.gather(
        *(login(client, person.email) for _ in range(6)),
        post(client, "password/reset", token=token, password=OTHER),
        *(login(client, person.email) for _ in range(6)),
    )
    tokens = [answer.json()["access_token"] for answer in answers if "access_token" in answer.json()]
    alive = [Person(client, person.email, {"access_token": token}) for token in tokens]
    assert {(await one.get(f"{AUTH}/profile/")).status_code for one in alive} <= {401}


# -- sessions ------------------------------------------------------------------------------------------


async def test_sessions_are_listed_and_ended_one_by_one(client: httpx.AsyncClient, person: Person) -> None:
    phone = await client.post(
        f"{AUTH}/login/",
        json={"email": person.email, "password": PASSWORD},
        headers={"user-agent": "Phone/1.0"},
    )
    there = Person(client, person.email, phone.json())
    listed = (await person.get(f"{AUTH}/sessions/")).json()
    assert (listed[0]["user_agent"], listed[0]["current"]) == ("Phone/1.0", False)
    assert [item["current"] for item in listed] == [False, True]
    assert (await person.call("DELETE", f"{AUTH}/sessions/{listed[0]['id']}/")).status_code == 204
    is_problem(await there.get(f"{AUTH}/profile/"), 401, "invalid-token")
    is_problem(await person.call("DELETE", f"{AUTH}/sessions/{listed[0]['id']}/"), 404, "not-found")
    assert len((await person.get(f"{AUTH}/sessions/")).json()) == 1


async def test_another_persons_session_is_not_there(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    other = "somebody.else@mail.example"
    await register(client, other)
    await post(client, "verify-email", token=await mailbox.newest(other, "verify-email"))
    stranger = Person(client, other, (await login(client, other)).json())
    mine = (await person.get(f"{AUTH}/sessions/")).json()[0]["id"]
    is_problem(await stranger.call("DELETE", f"{AUTH}/sessions/{mine}/"), 404, "not-found")
    assert (await person.get(f"{AUTH}/profile/")).status_code == 200


async def test_ending_the_others_keeps_this_one(client: httpx.AsyncClient, person: Person) -> None:
    others = [Person(client, person.email, (await login(client, person.email)).json()) for _ in range(2)]
    assert (await person.call("DELETE", f"{AUTH}/sessions/")).status_code == 204
    for one in others:
        is_problem(await one.get(f"{AUTH}/profile/"), 401, "invalid-token")
    assert (await person.get(f"{AUTH}/profile/")).status_code == 200


async def test_a_stolen_token_ends_the_session_and_its_owner_is_told(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    stolen = person.tokens["refresh_token"]
    mine = (await post(client, "refresh", refresh_token=stolen)).json()
    newer = (await post(client, "refresh", refresh_token=mine["refresh_token"])).json()
    is_problem(await post(client, "refresh", refresh_token=stolen), 401, "invalid-token")
    is_problem(await post(client, "refresh", refresh_token=stolen), 401, "invalid-token")
    is_problem(await post(client, "refresh", refresh_token=newer["refresh_token"]), 401, "invalid-token")
    assert (await mailbox.kinds(person.email)).count("token-reused") == 1


async def test_last_active_follows_use_but_not_every_request(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    async def state() -> tuple[Any, Any]:
        async with mailbox.database.transaction() as session:
            query = text("SELECT last_active, updated_at FROM app_user WHERE email = :email")
            row = (await session.execute(query, {"email": person.email})).one()
            return row[0], row[1]

    first = await state()
    await person.get(f"{AUTH}/profile/")
    assert await state() == first
    async with mailbox.database.transaction() as session:
        await session.execute(
            text("UPDATE app_user SET last_active = now() - interval '6 minutes' WHERE email = :email"),
            {"email": person.email},
        )
    aged = await state()
    await asyncio.gather(*(person.get(f"{AUTH}/profile/") for _ in range(5)))
    assert (await state())[0] > aged[0]
    assert (await state())[1] == aged[1]


# -- the pages that mails lead to ----------------------------------------------------------------------


async def test_the_pages_confirm_only_when_the_button_is_pressed(
    client: httpx.AsyncClient, mailbox: Mailbox, email: str
) -> None:
    await register(client, email)
    token = await mailbox.newest(email, "verify-email")
    page = await client.get("/account/verify-email/", params={"token": token})
    assert page.status_code == 200
    assert token in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "form-action 'self'" in page.headers["content-security-policy"]
    is_problem(await login(client, email), 403, "email-not-verified")
    assert (await client.post("/account/verify-email/", data={"token": token})).status_code == 200
    assert (await login(client, email)).status_code == 200
    assert (await client.post("/account/verify-email/", data={"token": token})).status_code == 400


async def test_the_reset_page_shows_the_form_again_for_a_weak_password(
    client: httpx.AsyncClient, mailbox: Mailbox, person: Person
) -> None:
    await post(client, "password/forgot", email=person.email)
    token = await mailbox.newest(person.email, "password-reset")
    page = "/account/reset-password/"
    assert 'type="password"' in (await client.get(page, params={"token": token})).text
    for weak in ("short", "password1"):
        again = await client.post(page, data={"token": token, "password": weak})
        assert again.status_code == 422
        assert "<form" in again.text
        assert weak not in again.text
    assert (await client.post(page, data={"token": token, "password": OTHER})).status_code == 200
    assert (await login(client, person.email, OTHER)).status_code == 200


async def test_a_page_does_not_repeat_markup_from_its_address(client: httpx.AsyncClient) -> None:
    page = await client.get("/account/verify-email/", params={"token": '"><script>alert(1)</script>'})
    assert "alert(1)" in page.text
    assert "<script>" not in page.text
