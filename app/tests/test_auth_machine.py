"""S-110, S-111, S-130..S-132, S-140: any order of signing in, staying in and getting out, by two clients
whose answers may get lost, held against a model that fits on one page."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import URL, text

from app.kit import passwords
from app.main import create_app
from app.tests.conftest import client_of, settings_for
from app.tests.mailbox import Mailbox

AUTH = "/api/v1/auth"
PASSWORDS = ("first long phrase", "second long phrase", "third long phrase")
CLIENTS = (0, 1)
password = st.sampled_from(PASSWORDS)
client_number = st.sampled_from(CLIENTS)
_numbers = itertools.count(1)


@dataclass
class World:
    """The app and an event loop of its own, for rules that are plain functions."""

    runner: asyncio.Runner
    client: httpx.AsyncClient
    mailbox: Mailbox

    def post(self, path: str, access: str = "", **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        return self.runner.run(self.client.post(f"{AUTH}/{path}/", json=body or None, headers=headers))

    def works(self, access: str) -> bool:
        headers = {"Authorization": f"Bearer {access}"}
        answer = self.runner.run(self.client.get(f"{AUTH}/profile/", headers=headers))
        assert answer.status_code in (200, 401)
        return answer.status_code == 200

    def sql(self, statement: str) -> None:
        async def execute() -> None:
            async with self.mailbox.database.transaction() as session:
                await session.execute(text(statement))

        self.runner.run(execute())

    def links(self, email: str, kind: str) -> list[str]:
        return self.runner.run(self.mailbox.tokens(email, kind))


@pytest.fixture(scope="module")
def world(new_database: Callable[[], URL]) -> Iterator[World]:
    app = create_app(settings_for(new_database(), email_verification="required", rate_limit_factor=0))
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        client = client_of(app)
        yield World(runner, client, Mailbox(app, app.state.database))
        runner.run(client.aclose())
        runner.run(lifespan.__aexit__(None, None, None))


@pytest.fixture(autouse=True, scope="module")
def cheap_hashing() -> Iterator[None]:
    """The same algorithm with the smallest cost: the machine logs in some thousand times."""
    patch = pytest.MonkeyPatch()
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    patch.setattr(passwords, "_hasher", cache(lambda: cheap))
    passwords._nobody.cache_clear()
    yield
    patch.undo()
    passwords._nobody.cache_clear()


@dataclass
class ModelSession:
    """`chain` holds every refresh token in order; those before `newest` are spent."""

    chain: list[str]
    access: str
    alive: bool = True
    #: Tokens up to this place were spent so long ago that no repetition is forgiven.
    old: int = 0

    @property
    def newest(self) -> int:
        return len(self.chain) - 1

    def present(self, place: int) -> bool:
        """Whether presenting the token is answered with the next one; else the session is over."""
        if not self.alive:
            return False
        forgiven = place == self.newest - 1 and place >= self.old
        if place == self.newest or forgiven:
            return True
        self.alive = False
        return False


@dataclass
class ModelClient:
    session: ModelSession | None = None
    #: The newest token whose arrival the client saw.
    place: int = 0


@dataclass
class Model:
    registered: bool = False
    verified: bool = False
    password: str = ""
    verify_links: dict[str, str] = field(default_factory=dict)
    reset_links: set[str] = field(default_factory=set)
    dead_links: list[tuple[str, str]] = field(default_factory=list)
    sessions: list[ModelSession] = field(default_factory=list)

    def end_sessions(self, keep: ModelSession | None = None) -> None:
        for one in self.sessions:
            one.alive = one.alive and one is keep

    def end_links(self) -> None:
        self.dead_links += [("verify-email", link) for link in self.verify_links]
        self.dead_links += [("password/reset", link) for link in sorted(self.reset_links)]
        self.verify_links.clear()
        self.reset_links.clear()


def machine(world: World) -> type[RuleBasedStateMachine]:
    class Accounts(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.email = f"machine{next(_numbers)}@example.org"
            self.model = Model()
            self.clients = {number: ModelClient() for number in CLIENTS}

        @initialize(signed_in=st.sampled_from((True, True, True, False)), chosen=password)
        def begin(self, signed_in: bool, chosen: str) -> None:
            """Most runs begin where it gets interesting: both clients signed in."""
            if not signed_in:
                return
            self.register(chosen)
            (link,) = self.model.verify_links
            self.follow(link)
            for number in CLIENTS:
                self.sign_in(number, chosen, lost=False)

        def drawn(self, data: st.DataObject) -> str:
            """The account's password, mostly."""
            current = self.model.password or PASSWORDS[0]
            return data.draw(st.sampled_from((current, current, current, *PASSWORDS)))

        # -- the account -------------------------------------------------------------------------------

        @rule(chosen=password)
        def register(self, chosen: str) -> None:
            answer = world.post("register", email=self.email, password=chosen)
            assert (answer.status_code, answer.json()["detail"][:15]) == (202, "We sent a mail ")
            model = self.model
            if not model.verified:
                model.password = "" if model.registered else chosen
                model.registered = True
                model.verify_links[world.links(self.email, "verify-email")[-1]] = chosen
            world.sql("DELETE FROM login_throttle")

        @precondition(lambda self: self.model.verify_links)
        @rule(data=st.data())
        def follow_link(self, data: st.DataObject) -> None:
            self.follow(data.draw(st.sampled_from(sorted(self.model.verify_links))))

        def follow(self, link: str) -> None:
            assert world.post("verify-email", token=link).status_code == 200
            self.model.password = self.model.verify_links[link]
            self.model.verified = True
            self.model.end_links()

        @precondition(lambda self: self.model.dead_links)
        @rule(data=st.data(), chosen=password)
        def follow_a_dead_link(self, data: st.DataObject, chosen: str) -> None:
            path, link = data.draw(st.sampled_from(self.model.dead_links[-3:]))
            body = {"token": link} if path == "verify-email" else {"token": link, "password": chosen}
            assert world.post(path, **body).status_code == 400

        # -- signing in and staying in -----------------------------------------------------------------

        @rule(number=client_number, data=st.data(), lost=st.booleans())
        def login(self, number: int, data: st.DataObject, lost: bool) -> None:
            self.sign_in(number, self.drawn(data), lost=lost)

        def sign_in(self, number: int, chosen: str, *, lost: bool) -> None:
            answer = world.post("login", email=self.email, password=chosen)
            model = self.model
            if not model.registered or chosen != model.password:
                assert answer.status_code == 401
            elif not model.verified:
                assert answer.status_code == 403
            else:
                assert answer.status_code == 200
                body = answer.json()
                opened = ModelSession([body["refresh_token"]], body["access_token"])
                model.sessions.append(opened)
                if not lost:
                    self.clients[number] = ModelClient(opened)
            world.sql("DELETE FROM login_throttle")

        @precondition(lambda self: any(one.session for one in self.clients.values()))
        @rule(number=client_number, lost=st.booleans())
        def refresh(self, number: int, lost: bool) -> None:
            client = self.clients[number]
            if client.session:
                place = self.present(client.session, client.place)
                if place is not None and not lost:
                    client.place = place

        @precondition(lambda self: self.model.sessions)
        @rule(data=st.data())
        def a_thief_presents_a_token(self, data: st.DataObject) -> None:
            stolen = data.draw(st.sampled_from(self.model.sessions))
            self.present(stolen, data.draw(st.integers(0, stolen.newest)))

        def present(self, one: ModelSession, place: int) -> int | None:
            """The place of the token that came back, or None when there was none."""
            expected = one.present(place)
            answer = world.post("refresh", refresh_token=one.chain[place])
            assert answer.status_code == (200 if expected else 401)
            if not expected:
                return None
            token = answer.json()["refresh_token"]
            if place == one.newest:
                assert token not in one.chain
                one.chain.append(token)
            assert token == one.chain[place + 1]
            one.access = answer.json()["access_token"]
            return place + 1

        @rule()
        def time_passes(self) -> None:
            world.sql("UPDATE refresh_token SET used_at = used_at - interval '1 minute'")
            for one in self.model.sessions:
                one.old = one.newest

        # -- getting out -------------------------------------------------------------------------------

        @rule(number=client_number, everywhere=st.booleans())
        def logout(self, number: int, everywhere: bool) -> None:
            session = self.clients[number].session
            if session is None:
                return
            answer = world.post("logout-all" if everywhere else "logout", access=session.access)
            assert answer.status_code == (204 if session.alive else 401)
            if session.alive and everywhere:
                self.model.end_links()
                self.model.end_sessions()
            session.alive = False

        # -- passwords ---------------------------------------------------------------------------------

        @rule()
        def forget_password(self) -> None:
            assert world.post("password/forgot", email=self.email).status_code == 202
            if self.model.registered:
                self.model.reset_links.add(world.links(self.email, "password-reset")[-1])
            world.sql("DELETE FROM login_throttle")

        @precondition(lambda self: self.model.reset_links)
        @rule(data=st.data(), chosen=password)
        def reset_password(self, data: st.DataObject, chosen: str) -> None:
            link = data.draw(st.sampled_from(sorted(self.model.reset_links)))
            assert world.post("password/reset", token=link, password="password1").status_code == 422
            assert world.post("password/reset", token=link, password=chosen).status_code == 200
            self.model.password, self.model.verified = chosen, True
            self.model.end_links()
            self.model.end_sessions()

        @rule(number=client_number, data=st.data(), chosen=password)
        def change_password(self, number: int, data: st.DataObject, chosen: str) -> None:
            session, current = self.clients[number].session, self.drawn(data)
            if session is None:
                return
            body = {"current_password": current, "new_password": chosen}
            answer = world.post("password/change", access=session.access, **body)
            if session.alive and current == self.model.password:
                assert answer.status_code == 204
                self.model.password = chosen
                self.model.end_links()
                self.model.end_sessions(keep=session)
            else:
                assert answer.status_code == 401
            world.sql("DELETE FROM login_throttle")

        # -- always ------------------------------------------------------------------------------------

        @invariant()
        def sessions_are_as_the_model_says(self) -> None:
            for one in self.model.sessions[-5:]:
                assert world.works(one.access) == one.alive

    return Accounts


def test_two_clients_in_any_order(world: World) -> None:
    run_state_machine_as_test(
        machine(world),
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_race_of_refreshes_has_one_outcome(world: World) -> None:
    email, chosen = "race@example.org", PASSWORDS[0]
    world.post("register", email=email, password=chosen)
    world.post("verify-email", token=world.links(email, "verify-email")[-1])
    token = world.post("login", email=email, password=chosen).json()["refresh_token"]

    async def together() -> list[httpx.Response]:
        body = {"refresh_token": token}
        return await asyncio.gather(*(world.client.post(f"{AUTH}/refresh/", json=body) for _ in range(12)))

    answers = world.runner.run(together())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    follow = world.post("refresh", refresh_token=answers[0].json()["refresh_token"])
    assert follow.status_code == 200
