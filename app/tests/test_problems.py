from __future__ import annotations

import uuid

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from app.auth.access import PUBLIC, refuse_undeclared
from app.main import create_app
from app.tests.conftest import client_of, settings_for


def is_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:jobpilot:problem:{code}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"].startswith("/")
    assert body["request_id"] == answer.headers["x-request-id"]


async def test_unknown_path_and_method(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/nowhere/"), 404, "not-found")
    refused = await client.put("/api/v1/auth/login/")
    is_problem(refused, 405, "method-not-allowed")
    assert refused.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"{", "json_invalid"), (b"[]", "model_attributes_type"), (b'{"email": "a@example.org"}', "missing")],
)
async def test_bad_bodies_name_the_field(content: bytes, code: str, client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/auth/login/", content=content, headers={"content-type": "application/json"}
    )
    is_problem(answer, 422, "invalid-input")
    assert code in {item["code"] for item in answer.json()["errors"]}
    assert all(item["pointer"].startswith("/body") for item in answer.json()["errors"])


async def test_rejected_values_are_not_repeated(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/auth/login/", json={"email": "a@example.org", "password": "hunter2"})
    is_problem(answer, 422, "invalid-input")
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("field", ["is_staff", "id", "password_hash"])
async def test_unknown_fields_are_refused(field: str, client: httpx.AsyncClient) -> None:
    body = {"email": "a@example.org", "password": "long enough", field: True}
    answer = await client.post("/api/v1/auth/register/", json=body)
    is_problem(answer, 422, "invalid-input")
    assert answer.json()["errors"][0]["pointer"] == f"/body/{field}"


@pytest.mark.parametrize("name", ["\x00", "ok\x00ok", "\ud800"])
async def test_text_postgresql_cannot_hold_is_refused(name: str, client: httpx.AsyncClient) -> None:
    import json

    body = json.dumps({"email": "nul@example.org", "password": "long enough", "full_name": name})
    headers = {"content-type": "application/json"}
    is_problem(
        await client.post("/api/v1/auth/register/", content=body, headers=headers), 422, "invalid-input"
    )


async def test_nul_in_a_query_or_path_is_refused(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/api/v1/jobs/?q=a%00b"), 422, "invalid-input")
    is_problem(await client.get("/api/v1/jobs/a%00b/"), 422, "invalid-input")


async def test_large_bodies_are_refused_with_and_without_a_stated_length(client: httpx.AsyncClient) -> None:
    body = b'{"email": "' + b"x" * 1_100_000 + b'"}'
    headers = {"content-type": "application/json"}
    is_problem(
        await client.post("/api/v1/auth/login/", content=body, headers=headers), 413, "payload-too-large"
    )

    async def chunks():  # type: ignore[no-untyped-def]
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    is_problem(
        await client.post("/api/v1/auth/login/", content=chunks(), headers=headers), 413, "payload-too-large"
    )


async def test_both_forms_of_a_path_answer_without_a_redirect(client: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/health/live/", "/api/v1/jobs", "/api/v1/jobs/"):
        assert (await client.get(path)).status_code == 200, path
    assert (await client.post("/api/v1/auth/login", json={})).status_code == 422


async def test_request_ids_are_kept_when_sane(client: httpx.AsyncClient) -> None:
    given = await client.get("/health/live/", headers={"x-request-id": "trace-12345678"})
    assert given.headers["x-request-id"] == "trace-12345678"
    for bad in ("short", "x" * 65, 'a"b{c}d e\tf'):
        made = await client.get("/health/live/", headers={"x-request-id": bad})
        assert uuid.UUID(made.headers["x-request-id"]).version == 7


async def test_other_hosts_are_refused(client: httpx.AsyncClient) -> None:
    refused = await client.get("/health/live/", headers={"host": "evil.example.com"})
    is_problem(refused, 400, "host-not-allowed")
    assert (await client.get("/health/live/", headers={"host": "127.0.0.1:8000"})).status_code == 200


async def test_security_headers(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/api/v1/jobs/")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "strict-transport-security" not in headers


@pytest.fixture(scope="module")
def broken(database_url) -> FastAPI:  # type: ignore[no-untyped-def]
    """The app with one route more, which fails in a way nobody foresaw."""
    app = create_app(settings_for(database_url, cors_allowed_origins="https://web.example.com"))
    router = APIRouter(dependencies=[PUBLIC])

    @router.get("/broken/")
    async def broken_route() -> None:
        raise RuntimeError("a secret path /etc/passwd")

    app.include_router(router)
    return app


async def test_the_unforeseen_is_a_plain_500(broken: FastAPI) -> None:
    async with broken.router.lifespan_context(broken), client_of(broken) as client:
        answer = await client.get("/broken/")
        is_problem(answer, 500, "internal")
        assert "secret" not in answer.text
        allowed = await client.get("/health/live/", headers={"origin": "https://web.example.com"})
        assert allowed.headers["access-control-allow-origin"] == "https://web.example.com"
        other = await client.get("/health/live/", headers={"origin": "https://other.example.com"})
        assert "access-control-allow-origin" not in other.headers


def test_a_route_without_a_policy_stops_the_start(broken: FastAPI) -> None:
    refuse_undeclared(broken)
    broken.add_api_route("/open/", lambda: None, methods=["DELETE"])
    with pytest.raises(RuntimeError, match="DELETE /open/"):
        refuse_undeclared(broken)
