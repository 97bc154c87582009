"""Roles: nobody is staff by default; an operator makes somebody it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import URL
from typer.testing import CliRunner

from app.auth.cli import account_app
from app.tests.people import PASSWORD, People, Person
from app.tests.test_problems import is_problem

PROFILE = "/api/v1/auth/profile/"


@pytest.fixture
def command(database_url: URL, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setenv("DATABASE_URL", database_url.render_as_string(hide_password=False))

    def run(*arguments: str) -> int:
        return CliRunner().invoke(account_app, list(arguments)).exit_code

    return run


@pytest.fixture
async def person(people: People) -> Person:
    return await people.seeker()


async def in_thread(run: Callable[..., int], *arguments: str) -> int:
    import asyncio

    return await asyncio.to_thread(run, *arguments)


async def test_staff_is_made_and_unmade_by_hand(person: Person, command: Callable[..., int]) -> None:
    assert person.tokens["user"]["is_staff"] is False
    assert await in_thread(command, "grant-staff", person.email.upper()) == 0
    login = await person.client.post(
        "/api/v1/auth/login/", json={"email": person.email, "password": PASSWORD}
    )
    assert login.json()["user"]["is_staff"] is True
    assert (await person.get(PROFILE)).status_code == 200
    assert await in_thread(command, "revoke-staff", person.email) == 0
    is_problem(await person.get(PROFILE), 401, "invalid-token")


async def test_sessions_are_ended_from_the_terminal(person: Person, command: Callable[..., int]) -> None:
    assert await in_thread(command, "end-sessions", person.email) == 0
    is_problem(await person.get(PROFILE), 401, "invalid-token")


async def test_unknown_accounts_are_an_error(command: Callable[..., int]) -> None:
    assert await in_thread(command, "grant-staff", "nobody@example.org") == 1
    assert await in_thread(command, "grant-staff", "not an address") == 2
