"""Settings as pages: profile, privacy, sessions, password, second factor, a copy of the data, its end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pyotp
import pytest
from fastapi import FastAPI

from app.tests.browsers import Browser, Page
from app.tests.people import PASSWORD, People, Person, post_job

OTHER = "another good long password"


@pytest.fixture
async def person(people: People) -> Person:
    return await people.seeker()


@pytest.fixture
async def chrome(application: FastAPI, person: Person) -> AsyncIterator[Browser]:
    made = Browser(application)
    async with made.client:
        await made.log_in(person.email, PASSWORD)
        yield made


async def test_the_whole_profile_is_changed_and_shown_again(chrome: Browser, person: Person) -> None:
    page = await chrome.get("/settings/profile")
    typed = {
        "desired_title": "Nurse",
        "skills": "Triage, first aid",
        "experience_years": "4.5",
        "salary_expectation_min": "3000",
        "salary_currency": "eur",
        "salary_interval": "month",
        "preferred_locations": "Oslo\nBergen",
    }
    page = await chrome.send(page, "#profile-button", **typed)
    assert page.text("[role=status]") == "Saved."
    profile = (await person.get("/api/v1/auth/profile/")).json()
    assert profile["skills"] == ["Triage", "first aid"]
    assert (profile["salary_min"], profile["salary_currency"]) == (36_000, "EUR")
    assert profile["preferred_locations"] == ["Oslo", "Bergen"]
    page = await chrome.send(page, "#profile-button", experience_years="many", salary_expectation_max="1")
    assert page.status == 422
    assert page.text("#experience_years-says") == "Years are a number from 0 to 70."
    page = await chrome.send(page, "#profile-button", experience_years="3")
    assert page.status == 422
    assert page.all("[role=alert]")
    assert (await person.get("/api/v1/auth/profile/")).json()["experience_years"] == 4.5


async def test_who_objects_to_profiling_has_objected(chrome: Browser, person: Person) -> None:
    page = await chrome.get("/settings/privacy")
    page = await chrome.send(page, "#privacy-button", retention_months="12")
    privacy = (await person.get("/api/v1/auth/profile/")).json()["privacy_settings"]
    assert (privacy["profiling_opt_out"], privacy["retention_months"]) == (False, 12)
    form = {"form_token": _token(page), "profiling_opt_out": "yes", "profile_visibility": "employers"}
    await chrome.client.post("/settings/privacy", data=form, headers={"Origin": "http://localhost"})
    privacy = (await person.get("/api/v1/auth/profile/")).json()["privacy_settings"]
    assert privacy["profiling_opt_out"] is True
    assert privacy["profile_visibility"] == "employers"
    assert privacy["retention_months"] is None


def _token(page: Page) -> str:
    return str(page.all("input[name=form_token]")[0].attributes["value"])


async def test_a_session_is_ended_from_another(application: FastAPI, chrome: Browser, person: Person) -> None:
    other = Browser(application)
    await other.log_in(person.email, PASSWORD)
    page = await chrome.get("/settings/security")
    listed = page.all("section:first-of-type li")
    assert len(listed) == 3
    assert sum("This one" in row.text() for row in listed) == 1
    await chrome.send(page, "#alone-button")
    assert (await other.get("/saved")).path == "/login?next=/saved"
    assert (await chrome.get("/saved")).path == "/saved"
    await other.client.aclose()


async def test_the_password_is_changed(chrome: Browser, person: Person) -> None:
    page = await chrome.get("/settings/security")
    page = await chrome.send(page, "#password-button", current_password="wrong one", new_password=OTHER)
    assert page.text("#current_password-says") == "That is not your password."
    page = await chrome.send(page, "#password-button", current_password=PASSWORD, new_password="password1")
    assert page.status == 422
    assert page.all("#new_password-says.error")
    page = await chrome.send(page, "#password-button", current_password=PASSWORD, new_password=OTHER)
    assert page.text("[role=status]").startswith("Your password is changed")


async def test_two_step_login_is_turned_on_and_off(chrome: Browser, person: Person) -> None:
    page = await chrome.send(await chrome.get("/settings/security"), "#enrol-button")
    secret = re.sub(r"\s", "", page.text("code.key"))
    page = await chrome.send(page, "#confirm-button", code="000000")
    assert page.status == 422
    page = await chrome.send(page, "#confirm-button", code=pyotp.TOTP(secret).now())
    assert len(page.all(".codes li")) == 10
    page = await chrome.get("/settings/security")
    assert "10 recovery codes are left" in page.text("section:last-of-type")
    page = await chrome.send(page, "#codes-button")
    assert len(page.all(".codes li")) == 10
    page = await chrome.send(await chrome.get("/settings/security"), "#off-button")
    assert page.text("[role=status]") == "Two-step login is off."


async def test_what_is_worth_it_asks_again_who_is_there(
    application: FastAPI, chrome: Browser, person: Person
) -> None:
    from sqlalchemy import text

    async with application.state.database.transaction() as session:
        await session.execute(text("UPDATE auth_session SET authenticated_at = now() - interval '1 hour'"))
    page = await chrome.get("/settings/data/delete")
    assert page.path == "/settings/confirm?next=/settings/data/delete"
    page = await chrome.send(page, "#step-up-button", password="not it at all")
    assert page.text("[role=alert]") == "The password is wrong."
    page = await chrome.send(page, "#step-up-button", password=PASSWORD)
    assert page.path == "/settings/data/delete"
    page = await chrome.send(page, "#erase-button")
    assert page.text("[role=alert]") == "Tick the box if you mean it."


async def test_the_account_ends_with_a_receipt(chrome: Browser, person: Person) -> None:
    page = await chrome.send(await chrome.get("/settings/data"), "#export-button")
    assert "Being made" in page.text("section:first-of-type")
    page = await chrome.get("/settings/data/delete")
    form = {"form_token": _token(page), "confirmed": "yes"}
    answer = await chrome.client.post(
        "/settings/data/delete", data=form, headers={"Origin": "http://localhost"}
    )
    assert answer.headers["location"].startswith("/erasures/")
    page = await chrome.get(answer.headers["location"])
    assert page.text("h1") == "The account is being deleted"
    assert (await chrome.get("/saved")).path == "/login?next=/saved"
    page = await chrome.log_in(person.email, PASSWORD)
    assert page.text("[role=alert]") == "E-mail or password is wrong."


async def test_a_hidden_company_is_listed_and_shown_again(
    chrome: Browser, people: People, person: Person
) -> None:
    employer, company = await people.employer()
    job = await post_job(employer, company)
    page = await chrome.get(f"/jobs/{job['slug']}")
    form = {"form_token": _token(page), "reason": "company"}
    answer = await chrome.client.post(
        f"/jobs/{job['slug']}/hide", data=form, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 303
    page = await chrome.get("/settings/privacy")
    assert len(page.all("#companies li")) == 1
    page = await chrome.send(page, "#companies button")
    assert page.all("#companies li") == []
