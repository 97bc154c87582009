from __future__ import annotations

import uuid

import pytest

from app.kit.breaker import CircuitBreaker
from app.kit.cache import TtlCache
from app.kit.ids import slugify, uuid7
from app.kit.passwords import hash_password, verify_password
from app.kit.timing import collect_stages, record, server_timing, stage


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_uuid7_has_version_and_variant_and_sorts_by_time() -> None:
    made = [uuid7() for _ in range(200)]
    assert {value.version for value in made} == {7}
    assert {value.variant for value in made} == {uuid.RFC_4122}
    assert len(set(made)) == len(made)
    stamps = [value.int >> 80 for value in made]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize(
    ("parts", "slug"),
    [
        (("Señor Engineer (m/f)", "ACME"), "senor-engineer-m-f-acme-x1"),
        (("開発者",), "x1"),
        (("a" * 500,), None),
    ],
)
def test_slugs(parts: tuple[str, ...], slug: str | None) -> None:
    made = slugify(*parts, suffix="x1")
    assert len(made) <= 123
    assert slug is None or made == slug


def test_breaker_opens_after_failures_in_a_row_and_probes_once_per_pause() -> None:
    clock = Clock()
    breaker = CircuitBreaker(threshold=3, pause_s=5, clock=clock)
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    assert breaker.is_open
    assert not breaker.allows()
    clock.now += 5
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.succeeded()
    assert breaker.allows()
    assert not breaker.is_open


def test_cache_forgets_by_age_and_by_number() -> None:
    clock = Clock()
    cache = TtlCache[int](capacity=2, clock=clock)
    cache.put("a", 1, 10)
    cache.put("b", 2, 30)
    assert cache.get("a") == 1
    cache.put("c", 3, 30)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    clock.now += 10
    assert (cache.get("a"), cache.get("c")) == (None, 3)


async def test_passwords() -> None:
    stored = await hash_password("pässword and more")
    assert stored.startswith("$argon2id$")
    assert await verify_password("pässword and more", stored) == (True, None)
    assert await verify_password("wrong", stored) == (False, None)
    assert await verify_password("nobody's password", None) == (False, None)
    assert await verify_password("anything", "not a hash") == (False, None)
    weak = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$Mnk4ggpcnCDjQ0ZmKhIl1w"
    assert (await verify_password("wrong", weak))[0] is False


def test_stages_add_up_and_stay_within_their_request() -> None:
    record("lost", 1.0)
    with collect_stages() as stages:
        record("db", 1.25)
        record("db", 1.25)
        with stage("serving"):
            pass
    assert stages["db"] == 2.5
    assert server_timing(stages).startswith("db;dur=2.5, serving;dur=")
    assert "lost" not in stages
