"""Resumes tried without an account: sealed, kept for a day, gone after; pages without models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.main import create_app
from app.ratelimit import SIGN_IN, TRY, WRITE, quota_of
from app.tests.browsers import Browser, Page, page_of
from app.tests.conftest import settings_for
from app.tests.people import PASSWORD, People
from app.tests.reader import RESUME
from app.tests.receiver import Receiver
from app.trial import service
from app.worker import run

COOKIE = "jp_trial"


@pytest.fixture(scope="module")
async def application(database_url: URL, reader: Receiver) -> AsyncIterator[FastAPI]:
    app = create_app(settings_for(database_url, reader.url))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def chrome(application: FastAPI) -> AsyncIterator[Browser]:
    made = Browser(application)
    async with made.client:
        yield made


async def _drop(chrome: Browser, content: bytes = RESUME.encode(), name: str = "ada.txt") -> Page:
    page = await chrome.get("/try")
    token = str(page.all("input[name=form_token]")[0].attributes["value"])
    answer = await chrome.client.post(
        "/try",
        data={"form_token": token},
        files={"file": (name, content)},
        headers={"Origin": "http://localhost"},
        follow_redirects=True,
    )
    return page_of(answer)


async def _rows(database: Database) -> list[Any]:
    async with database.transaction() as session:
        return list((await session.execute(text("SELECT * FROM trial"))).mappings())


async def test_what_is_kept_cannot_be_read_without_the_browsers_key(
    chrome: Browser, database: Database
) -> None:
    page = await _drop(chrome)
    assert page.text("h1") == "Your matches"
    row = (await _rows(database))[-1]
    assert b"Ada" not in row["sealed"]
    assert b"Harbour" not in row["sealed"]
    token = chrome.client.cookies[COOKIE]
    assert token.encode() not in row["token_hash"] + row["sealed"]
    async with database.transaction() as session:
        found = await service.read(session, token)
        assert found is not None
        assert found.document.basics.name == "Ada Example"
        assert "ada@example.org" not in found.text
        assert await service.read(session, token[:-1] + "x") is None


async def test_a_day_later_it_is_gone(chrome: Browser, application: FastAPI, database: Database) -> None:
    await _drop(chrome)
    async with database.transaction() as session:
        await session.execute(text("UPDATE trial SET expires_at = now() - interval '1 second'"))
    page = await chrome.get("/try")
    assert page.all("#try-file")
    async with database.transaction() as session:
        assert await service.purge(session) > 0
    assert await _rows(database) == []


async def test_the_worker_sweeps_every_minute(database: Database, application: FastAPI) -> None:
    from app.queue import connected, queue

    async with connected(application.state.settings.database):
        await queue.tasks["trial.sweep"].defer_async(timestamp=0)
    async with database.transaction() as session:
        statement = (
            "INSERT INTO trial (token_hash, sealed, expires_at) "
            "VALUES (decode(repeat('00', 32), 'hex'), 'x', now() - interval '1 minute')"
        )
        await session.execute(text(statement))
    await run(application.state.settings, wait=False, install_signal_handlers=False)
    assert await _rows(database) == []


async def test_a_second_resume_replaces_the_first(chrome: Browser, database: Database) -> None:
    before = len(await _rows(database))
    await _drop(chrome)
    await _drop(chrome)
    assert len(await _rows(database)) == before + 1


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"", "", 422),
        (b"\x00\x01\x02" * 100, "ada.pdf", 422),
        (b"x" * (5 * 2**20 + 1), "ada.txt", 413),
    ],
)
async def test_what_is_refused_says_why_and_keeps_nothing(
    chrome: Browser, database: Database, content: bytes, name: str, status: int
) -> None:
    before = await _rows(database)
    page = await _drop(chrome, content, name)
    assert page.status == status
    assert page.text("#try-says")
    assert await _rows(database) == before
    assert COOKIE not in chrome.client.cookies


async def test_the_cookie_is_the_browsers_alone(database_url: URL, reader: Receiver) -> None:
    settings = settings_for(
        database_url,
        reader.url,
        environment="production",
        secret_key="k" * 40,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        chrome = Browser(app)
        async with chrome.client:
            chrome.client.base_url = "https://localhost"  # type: ignore[assignment]
            page = await chrome.get("/try")
            token = str(page.all("input[name=form_token]")[0].attributes["value"])
            answer = await chrome.client.post(
                "/try",
                data={"form_token": token},
                files={"file": ("ada.txt", RESUME.encode())},
                headers={"Origin": "https://localhost"},
            )
    assert answer.status_code == 303
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if "jp_trial" in c]
    assert cookie.startswith("__Host-jp_trial=")
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=86400"):
        assert part in cookie


def test_dropping_is_counted_by_itself() -> None:
    assert quota_of("POST", "/try", anonymous=True) == TRY
    assert quota_of("POST", "/try/", anonymous=False) == TRY
    assert quota_of("POST", "/try/forget/", anonymous=True) == WRITE
    assert quota_of("POST", "/forgot", anonymous=True) == SIGN_IN


async def test_pages_while_the_models_are_away(database_url: URL, people: People) -> None:
    app = create_app(settings_for(database_url))
    async with app.router.lifespan_context(app):
        chrome = Browser(app)
        async with chrome.client:
            page = await _drop(chrome)
            assert page.status == 503
            assert "cannot be read at the moment" in page.text("#try-says")
            person = await people.seeker(skills=["Python"])
            await chrome.log_in(person.email, PASSWORD)
            page = await chrome.get("/feed")
            assert page.text("main [role=status]").startswith("Matching is not available right now.")
            page = await chrome.get("/lab")
            assert page.text(".empty h2") == "Matching is not available right now"
