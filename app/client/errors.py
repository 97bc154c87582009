"""What can go wrong with a call.

JobPilotError
├── ConnectionFailedError   nobody answered in time
└── ProblemError            an answer that is a problem (RFC 9457), by status:
    NotAuthenticatedError 401, NotAllowedError 403, NotFoundError 404, ConflictError 409, TooLargeError 413,
    InvalidError 422, RateLimitedError 429, UnavailableError 5xx
"""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import ValidationError

from app.client.models import Problem


class JobPilotError(Exception):
    pass


class ConnectionFailedError(JobPilotError):
    pass


class ProblemError(JobPilotError):
    """`retry_after` in seconds, where the server said when to come back."""

    def __init__(self, problem: Problem, extensions: dict[str, Any], retry_after: float | None) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem, self.extensions, self.retry_after = problem, extensions, retry_after

    @property
    def code(self) -> str:
        return self.problem.type.rpartition(":")[2]


class NotAuthenticatedError(ProblemError):
    pass


class NotAllowedError(ProblemError):
    pass


class NotFoundError(ProblemError):
    pass


class ConflictError(ProblemError):
    pass


class TooLargeError(ProblemError):
    pass


class InvalidError(ProblemError):
    pass


class RateLimitedError(ProblemError):
    pass


class UnavailableError(ProblemError):
    pass


_BY_STATUS: dict[int, type[ProblemError]] = {
    401: NotAuthenticatedError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    422: InvalidError,
    429: RateLimitedError,
}


def problem_of(response: httpx.Response) -> ProblemError:
    """Of an answer that is no success and was read."""
    try:
        raw = response.json()
        problem = Problem.model_validate(raw)
    except (ValueError, ValidationError):
        raw, status = {}, response.status_code
        problem = Problem(
            type="about:blank",
            title=response.reason_phrase or "Error",
            status=status,
            detail=response.text[:300] or "no problem document",
            instance=response.url.path,
            request_id=response.headers.get("x-request-id", ""),
        )
    other = UnavailableError if response.status_code >= 500 else ProblemError
    kind = _BY_STATUS.get(response.status_code, other)
    extensions = {name: value for name, value in raw.items() if name not in Problem.model_fields}
    return kind(problem, extensions, retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """Seconds, as our server says them; a date, which it never sends, is passed over."""
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
