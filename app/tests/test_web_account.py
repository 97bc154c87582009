"""Logging in, out and registering through pages; what a browser's session and its forms are protected by."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest
from fastapi import FastAPI
from sqlalchemy import URL

from app.auth import browser
from app.kit.tokens import Claims
from app.main import create_app
from app.settings import Settings
from app.tests.browsers import Browser, page_of
from app.tests.conftest import client_of, settings_for
from app.tests.people import PASSWORD, People, Person
from app.web.forms import safe_next

COOKIE = "jp_session"


@pytest.fixture
async def person(people: People) -> Person:
    return await people.seeker()


@pytest.fixture
async def chrome(application: FastAPI) -> AsyncIterator[Browser]:
    made = Browser(application)
    async with made.client:
        yield made


async def test_registering_and_logging_in_leads_to_the_dashboard(chrome: Browser) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    page = await chrome.send(
        await chrome.get("/register"), "#register-button", email=email, password=PASSWORD, full_name="A B"
    )
    assert page.status == 200
    assert "log in" in page.text("[role=status]")
    page = await chrome.log_in(email, PASSWORD)
    assert (page.status, page.path) == (200, "/dashboard")
    assert page.text("h1") == "Dashboard"
    assert (await chrome.get("/login")).path == "/dashboard"


async def test_registering_does_not_tell_who_has_an_account(chrome: Browser, person: Person) -> None:
    answers = [
        await chrome.send(await chrome.get("/register"), "#register-button", email=email, password=PASSWORD)
        for email in (person.email, f"{uuid.uuid4().hex}@example.org")
    ]
    assert answers[0].answer.text == answers[1].answer.text


async def test_a_form_that_cannot_be_accepted_says_why_beside_the_field(chrome: Browser) -> None:
    page = await chrome.get("/register")
    page = await chrome.send(page, "#register-button", email="nobody", password="x", full_name="Kept")
    assert page.status == 422
    assert page.one("#email").attributes["aria-invalid"] == "true"
    assert page.one("#email").attributes["aria-describedby"] == "email-says"
    assert "e-mail address" in page.text("#email-says")
    assert "8 to 128" in page.text("#password-says")
    assert page.one("#full_name").attributes["value"] == "Kept"
    assert not page.one("#password").attributes["value"]
    page = await chrome.send(page, "#register-button", email="a@example.org", password="password1")
    assert page.status == 422
    assert page.one("#password").attributes["aria-invalid"] == "true"


async def test_a_wrong_password_and_an_unknown_address_read_the_same(chrome: Browser, person: Person) -> None:
    told = []
    for email in (person.email, "nobody@example.org"):
        page = await chrome.log_in(email, "not the password")
        assert page.status == 422
        told.append(page.text("[role=alert]"))
        assert page.one("#email").attributes["value"] == email
    assert told[0] == told[1]
    assert COOKIE not in chrome.client.cookies


async def test_failed_logins_are_limited_as_in_the_api(chrome: Browser, person: Person) -> None:
    for _ in range(10):
        body = {"email": person.email, "password": "wrong password"}
        await chrome.client.post("/api/v1/auth/login/", json=body)
    page = await chrome.log_in(person.email, PASSWORD)
    assert page.status == 429
    assert "Too many failed logins" in page.text("[role=alert]")
    assert int(page.answer.headers["retry-after"]) > 0


async def test_second_factor_is_a_second_page(chrome: Browser, person: Person) -> None:
    enrolled = (await person.post("/api/v1/auth/second-factor/")).json()
    totp = pyotp.TOTP(enrolled["secret"])
    now = datetime.now(UTC)
    confirmed = await person.post("/api/v1/auth/second-factor/confirm/", json={"code": totp.at(now)})
    recovery = confirmed.json()["recovery_codes"][0]
    page = await chrome.log_in(person.email, PASSWORD, target="/saved")
    assert page.text("h1") == "Second step"
    assert COOKIE not in chrome.client.cookies
    again = await chrome.send(page, "#code-button", code="000000")
    assert again.status == 422
    assert "wrong" in again.text("[role=alert]")
    done = await chrome.send(again, "#code-button", code=recovery)
    assert (done.status, done.path) == (200, "/saved")
    spent = await chrome.send(again, "#code-button", code=recovery)
    assert spent.status == 403  # the form belonged to the browser before it was signed in


async def test_flags_of_the_cookies(application: FastAPI, person: Person, database_url: URL) -> None:
    async def cookies(app: FastAPI, origin: str) -> list[str]:
        made = Browser(app)
        made.client.base_url = httpx.URL(origin)
        async with made.client:
            page = await made.get("/login")
            first = page.answer.headers.get_list("set-cookie")
            data = {
                "form_token": str(page.one("input[name=form_token]").attributes["value"]),
                "email": person.email,
                "password": PASSWORD,
            }
            answer = await made.client.post("/login", data=data, headers={"Origin": origin})
            assert answer.status_code == 303
            assert answer.headers["cache-control"] == "no-store"
            return [*first, *answer.headers.get_list("set-cookie")]

    def flags(cookie: str) -> set[str]:
        return {part.strip().lower() for part in cookie.split(";")[1:]}

    shared = {"httponly", "samesite=lax", "path=/"}
    visit, session = await cookies(application, "http://localhost")
    assert visit.startswith("jp_visit=")
    assert session.startswith("jp_session=")
    assert flags(visit) == shared
    assert shared < flags(session)
    production = create_app(production_settings(database_url))
    visit, session = await cookies(production, "https://localhost")
    await production.state.database.close()
    assert visit.startswith("__Host-jp_visit=")
    assert session.startswith("__Host-jp_session=")
    assert flags(visit) == shared | {"secure"}
    assert shared | {"secure"} < flags(session)
    assert not any("domain" in flag for flag in flags(session))


def production_settings(url: URL) -> Settings:
    return settings_for(
        url, environment="production", secret_key="a" * 20 + "0123456789" * 3, allowed_hosts="localhost"
    )


async def test_logging_out_ends_the_session_for_every_copy_of_the_cookie(
    application: FastAPI, chrome: Browser, person: Person
) -> None:
    page = await chrome.log_in(person.email, PASSWORD)
    stolen = Browser(application)
    stolen.client.cookies.update(chrome.client.cookies)
    assert (await stolen.get("/dashboard")).path == "/dashboard"
    page = await chrome.send(page, "#logout-button")
    assert page.path == "/"
    assert COOKIE not in chrome.client.cookies
    assert (await stolen.get("/dashboard")).path == "/login?next=/dashboard"
    await stolen.client.aclose()


async def test_ending_a_session_in_the_list_ends_the_browsers(chrome: Browser, person: Person) -> None:
    await chrome.log_in(person.email, PASSWORD)
    sessions = (await person.get("/api/v1/auth/sessions/")).json()
    assert len(sessions) == 2
    (other,) = [one for one in sessions if not one["current"]]
    await person.call("DELETE", f"/api/v1/auth/sessions/{other['id']}/")
    assert (await chrome.get("/saved")).path == "/login?next=/saved"


async def test_the_cookie_is_no_token_and_a_token_no_cookie(
    application: FastAPI, chrome: Browser, person: Person
) -> None:
    await chrome.log_in(person.email, PASSWORD)
    cookie = chrome.client.cookies[COOKIE]
    bearer = {"Authorization": f"Bearer {cookie}"}
    assert (await chrome.client.get("/api/v1/auth/profile/", headers=bearer)).status_code == 401
    assert (await chrome.client.get("/api/v1/auth/profile/")).status_code == 401
    refresh = {"refresh_token": cookie}
    assert (await chrome.client.post("/api/v1/auth/refresh/", json=refresh)).status_code in (401, 422)
    async with client_of(application) as fresh:
        for wrong in (person.tokens["access_token"], person.tokens["refresh_token"], cookie[:-2] + "_-", "x"):
            fresh.cookies.set(COOKIE, wrong)
            assert (await fresh.get("/dashboard", headers={"Accept": "text/html"})).status_code == 303
            fresh.cookies.clear()
        fresh.cookies.set(COOKIE, cookie)
        assert (await fresh.get("/dashboard", headers={"Accept": "text/html"})).status_code == 200


async def test_a_browser_that_comes_back_keeps_its_session(
    application: FastAPI, chrome: Browser, person: Person
) -> None:
    """The cookie is made anew once a day, and the list of sessions says when it was used."""
    await chrome.log_in(person.email, PASSWORD)
    signer, now = application.state.signer, datetime.now(UTC)
    young = browser.unseal(signer, chrome.client.cookies[COOKIE], now, timedelta(days=1))
    assert young is not None
    old = browser.seal(signer, young.claims, now - timedelta(days=3))
    async with client_of(application) as client:
        client.cookies.set(COOKIE, old)
        answer = await client.get("/saved", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        renewed = browser.unseal(signer, answer.cookies[COOKIE], now, timedelta(days=1))
        assert renewed is not None
        assert renewed.claims == young.claims
    async with client_of(application) as client:
        client.cookies.set(COOKIE, browser.seal(signer, young.claims, now - timedelta(days=15)))
        assert (await client.get("/saved", headers={"Accept": "text/html"})).status_code == 303


def test_cookies_are_signed_and_end() -> None:
    signer = create_app(settings_for(URL.create("postgresql+psycopg", host="nowhere"))).state.signer
    claims, now = Claims(uuid.uuid4(), uuid.uuid4()), datetime.now(UTC)
    value, day = browser.seal(signer, claims, now), timedelta(days=1)
    found = browser.unseal(signer, value, now, day)
    assert found is not None
    assert found.claims == claims
    assert browser.unseal(signer, value, now + day, day) is None
    for place in range(0, len(value), 7):
        other = "A" if value[place] != "A" else "B"
        assert browser.unseal(signer, value[:place] + other + value[place + 1 :], now, day) is None
    for wrong in ("", "x", "x" * 10_000, "ä", "===="):
        assert browser.unseal(signer, wrong, now, day) is None
        assert not browser.is_form_token(signer, "session x", wrong)
    token = browser.form_token(signer, "session x")
    assert browser.is_form_token(signer, "session x", token)
    assert not browser.is_form_token(signer, "session y", token)


# -- forms of other sites --------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://localhost.evil.example"])
async def test_a_form_from_elsewhere_is_refused(origin: str | None, chrome: Browser, person: Person) -> None:
    page = await chrome.get("/login")
    page = await chrome.send(page, "#login-button", origin=origin, email=person.email, password=PASSWORD)
    assert page.status == 403
    assert COOKIE not in chrome.client.cookies


async def test_a_form_needs_the_token_of_its_own_session(
    application: FastAPI, chrome: Browser, people: People, person: Person
) -> None:
    victim = await chrome.log_in(person.email, PASSWORD)
    attacker = Browser(application)
    theirs = await attacker.log_in((await people.seeker()).email, PASSWORD)
    token = str(theirs.all("input[name=form_token]")[0].attributes["value"])
    for given in ({}, {"form_token": ""}, {"form_token": token}, {"form_token": "ä"}):
        answer = await chrome.client.post("/logout", data=given, headers={"Origin": "http://localhost"})
        assert answer.status_code == 403, given
    assert (await chrome.get("/dashboard")).path == "/dashboard"
    own = str(victim.all("input[name=form_token]")[0].attributes["value"])
    answer = await chrome.client.post(
        "/logout", data={"form_token": own}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 303
    await attacker.client.aclose()


async def test_every_form_target_refuses_without_a_token(
    application: FastAPI, chrome: Browser, person: Person
) -> None:
    """Also one that is added later: the guard belongs to the routers, and this reads the route table.

    Those of staff are not there for others; `test_web_admin` sends them as staff.
    """
    from app.auth.access import policies

    await chrome.log_in(person.email, PASSWORD)
    targets = [
        path
        for method, path, policy in policies(application)
        if method == "POST" and policy != "staff-page" and not path.startswith(("/api/", "/account/"))
    ]
    assert len(targets) >= 8
    for path in targets:
        answer = await chrome.client.post(
            path.replace("{job}", "some"), headers={"Origin": "http://localhost"}, data={"email": "x"}
        )
        assert answer.status_code == 403, path
        assert page_of(answer).text("h1") == "This form has expired"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "/\tevil",
        "http:evil.example",
        "evil.example",
        "/" + "a" * 3000,
        "",
    ],
)
def test_next_never_leads_to_another_site(target: str) -> None:
    assert safe_next(target) == "/dashboard"


def test_next_keeps_what_is_ours() -> None:
    for target in ("/jobs?q=python&page=2", "/jobs/some-job", "/"):
        assert safe_next(target) == target


async def test_logging_in_goes_on_where_it_was_asked_for(chrome: Browser, person: Person) -> None:
    page = await chrome.get("/applications?page=1")
    assert page.path == "/login?next=/applications%3Fpage%3D1"
    page = await chrome.send(page, "#login-button", email=person.email, password=PASSWORD)
    assert page.path == "/applications?page=1"
    other = await chrome.client.get("/login?next=https://evil.example/")
    assert other.headers["location"] == "/dashboard"
