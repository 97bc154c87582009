"""What `jobpilot verify --base-url URL` asks of a running installation, from outside, as a client would.

Reads only, so it may be pointed at production after every deployment.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

from app.doctor import Check
from app.problems import MEDIA_TYPE

TIMEOUT_S = 10.0
HEALTH_KEYS = {"status", "service", "database", "cache", "timestamp"}
SECURITY_HEADERS = ("x-content-type-options", "content-security-policy", "referrer-policy", "x-request-id")
Answer = httpx.Response


def verify(base_url: str, client: httpx.Client | None = None) -> list[Check]:
    """One check per promise; a server that cannot be reached fails each with the reason."""
    with client or httpx.Client(base_url=base_url, timeout=TIMEOUT_S) as http:
        return [_check(http, name, path, judge) for name, path, judge in CHECKS]


def _check(http: httpx.Client, name: str, path: str, judge: Callable[[Answer], str]) -> Check:
    try:
        answer = http.get(path)
        complaint = judge(answer)
    except httpx.HTTPError as error:
        return Check(name, False, f"GET {path}: {type(error).__name__}: {error}")
    except ValueError:
        return Check(name, False, f"GET {path}: the answer is not JSON")
    took = f"{answer.elapsed.total_seconds() * 1000:.0f} ms"
    return Check(name, not complaint, f"GET {path}: {complaint or f'{answer.status_code}, {took}'}")


def _health(answer: Answer) -> str:
    missing = HEALTH_KEYS - answer.json().keys()
    if missing:
        return f"keys {', '.join(sorted(missing))} are missing"
    state = answer.json()["status"]
    return "" if answer.status_code == httpx.codes.OK else f"{answer.status_code}, status {state!r}"


def _ok(answer: Answer) -> str:
    return "" if answer.status_code == httpx.codes.OK else f"status {answer.status_code}"


def _jobs(answer: Answer) -> str:
    return _ok(answer) or (
        "" if {"results", "pagination"} <= answer.json().keys() else "not a page of postings"
    )


def _openapi(answer: Answer) -> str:
    version = str(answer.json().get("openapi", "none"))
    return _ok(answer) or ("" if version.startswith("3.1") else f"OpenAPI {version}, not 3.1")


def _problem(status: int) -> Callable[[Answer], str]:
    def judge(answer: Answer) -> str:
        kind = answer.headers.get("content-type", "")
        if answer.status_code != status or not kind.startswith(MEDIA_TYPE):
            return f"expected a {status} problem, got {answer.status_code} {kind}"
        return "" if answer.json().get("request_id") else "the problem names no request_id"

    return judge


def _headers(answer: Answer) -> str:
    missing = [name for name in SECURITY_HEADERS if name not in answer.headers]
    return f"headers {', '.join(missing)} are missing" if missing else ""


CHECKS: tuple[tuple[str, str, Callable[[Answer], str]], ...] = (
    ("health", "/health/", _health),
    ("live", "/health/live/", _ok),
    ("ready", "/health/ready/", _ok),
    ("postings", "/api/v1/jobs/?limit=1", _jobs),
    ("docs", "/api/docs/", _ok),
    ("openapi", "/api/openapi.json", _openapi),
    ("sign-in", "/api/v1/auth/profile/", _problem(401)),
    ("unknown", "/api/v1/no-such-thing/", _problem(404)),
    ("headers", "/api/v1/jobs/?limit=1", _headers),
)
