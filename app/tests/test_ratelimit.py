from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from app.kit.gcra import MANY, Quota, RateLimiter
from app.main import create_app
from app.ratelimit import MATCH, READ, SIGN_IN, WRITE, quota_of
from app.tests.conftest import settings_for
from app.tests.test_problems import is_problem


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_allowance_is_spent_refused_and_comes_back_evenly() -> None:
    clock = Clock()
    limiter, quota = RateLimiter(clock), Quota("read", 6, 60)
    assert [limiter.ask(quota, "a").remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    refused = limiter.ask(quota, "a")
    assert (refused.allowed, refused.retry_s, refused.reset_s) == (False, 10, 60)
    assert limiter.ask(quota, "b").allowed
    assert limiter.ask(Quota("write", 6, 60), "a").allowed
    clock.now += 10
    assert limiter.ask(quota, "a").allowed
    assert not limiter.ask(quota, "a").allowed


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 20))
def test_no_window_ever_sees_more_than_twice_the_limit(pauses: list[float], limit: int) -> None:
    """GCRA lets at most `limit` through at once and one more per interval: below 2 x limit a window."""
    clock, quota = Clock(), Quota("read", limit, 60)
    limiter, passed = RateLimiter(clock), []
    for pause in pauses:
        clock.now += pause
        if limiter.ask(quota, "a").allowed:
            passed.append(clock.now)
    for first in passed:
        assert sum(first <= moment < first + 60 for moment in passed) <= 2 * limit


def test_clients_whose_allowance_is_whole_are_forgotten() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    for number in range(MANY):
        limiter.ask(READ, str(number))
    clock.now += 61
    limiter.ask(READ, "new")
    assert len(limiter._full_at) == 1


@pytest.mark.parametrize(
    ("method", "path", "anonymous", "quota"),
    [
        ("POST", "/api/v1/auth/login/", True, SIGN_IN),
        ("POST", "/api/v1/auth/logout/", False, WRITE),
        ("GET", "/api/v1/jobs/", True, READ),
        ("POST", "/api/v1/jobs/", False, WRITE),
        ("GET", "/api/v2/recommendations/", False, MATCH),
        ("GET", "/health/", True, None),
        ("POST", "/login", True, SIGN_IN),
        ("POST", "/register/", True, SIGN_IN),
        ("GET", "/jobs", True, READ),
        ("POST", "/jobs/some/save/", True, WRITE),
        ("GET", "/static/pages-0.css", True, None),
    ],
)
def test_classes_of_routes(method: str, path: str, anonymous: bool, quota: Quota | None) -> None:
    assert quota_of(method, path, anonymous=anonymous) == quota


@pytest.fixture
async def strict(database_url: URL) -> AsyncIterator[httpx.AsyncClient]:
    """An app whose anonymous clients may sign in three times a minute."""
    app = create_app(settings_for(database_url, rate_limit_factor=0.1))
    transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    await app.state.database.close()


async def test_every_answer_tells_the_limit_and_a_fourth_login_is_refused(
    strict: httpx.AsyncClient,
) -> None:
    body = {"email": "nobody@example.org", "password": "some long password"}
    answers = [await strict.post("/api/v1/auth/login/", json=body) for _ in range(4)]
    assert [a.status_code for a in answers] == [401, 401, 401, 429]
    assert answers[0].headers["ratelimit-policy"] == '"sign-in";q=3;w=60'
    assert answers[0].headers["ratelimit"] == '"sign-in";r=2;t=20'
    is_problem(answers[3], 429, "quota-exceeded")
    assert answers[3].json()["violated-policies"] == ["sign-in"]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 20
    assert (await strict.get("/health/live/")).headers.get("ratelimit") is None


async def test_a_forged_token_does_not_make_a_new_client(strict: httpx.AsyncClient) -> None:
    seen = []
    for number in range(4):
        forged = {"Authorization": f"Bearer x.{number}.{datetime.now(UTC).timestamp()}"}
        seen.append((await strict.post("/api/v1/auth/login/", json={}, headers=forged)).status_code)
    assert seen == [422, 422, 422, 429]
