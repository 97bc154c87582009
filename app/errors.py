"""The app's one error family and what each member answers (RFC 9457).

AppError
├── BadRequestError 400 ── HostNotAllowedError, InvalidLinkError
├── NotAuthenticatedError 401 ── InvalidCredentialsError ── InvalidCodeError, SecondFactorRequiredError,
│                                InvalidTokenError ── TokenReusedError
├── ForbiddenError 403 ── EmailNotVerifiedError, StepUpRequiredError, QuotaExceededError
├── NotFoundError 404
├── ConflictError 409
├── GoneError 410
├── PreconditionFailedError 412
├── PayloadTooLargeError 413
├── InvalidInputError 422 ── IdempotencyKeyReusedError, UnreadableFileError
├── PreconditionRequiredError 428
├── TooManyAttemptsError 429, RateLimitedError 429
└── UnavailableError 503 ── DatabaseUnavailableError, MatchingUnavailableError
"""

from __future__ import annotations

from typing import Any, ClassVar


class AppError(Exception):
    """Something the caller can be told. `detail` is shown as it is: never put internals in it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    detail: ClassVar[str] = ""
    #: The refusal is itself a fact to keep: the transaction is committed although this was raised.
    keeps_writes: ClassVar[bool] = False

    def __init__(
        self,
        detail: str = "",
        *,
        pointer: str | None = None,
        retry_after_s: int | None = None,
        extensions: dict[str, Any] | None = None,
    ):
        """`extensions` are further members of the problem document (RFC 9457, 3.2): JSON values."""
        self.message = detail or self.detail or self.title
        self.extensions = extensions or {}
        self.pointer = pointer
        self.retry_after_s = retry_after_s
        super().__init__(self.message)


class BadRequestError(AppError):
    status, code, title = 400, "bad-request", "Bad request"


class HostNotAllowedError(BadRequestError):
    code, title = "host-not-allowed", "This host is not served here"


class InvalidLinkError(BadRequestError):
    """A link from a mail that was used, is too old, or never was."""

    code, title = "invalid-link", "The link does not work any more"


class NotAuthenticatedError(AppError):
    status, code, title = 401, "not-authenticated", "Authentication is required"


class InvalidCredentialsError(NotAuthenticatedError):
    code, title = "invalid-credentials", "E-mail or password is wrong"
    keeps_writes = True


class InvalidCodeError(InvalidCredentialsError):
    code, title = "invalid-code", "The code is not valid"


class SecondFactorRequiredError(NotAuthenticatedError):
    """The password was right. `challenge` (an extension) and a code go to the second step of the login."""

    code, title = "second-factor-required", "A code from the authenticator app is required"
    keeps_writes = True


class InvalidTokenError(NotAuthenticatedError):
    code, title = "invalid-token", "The token is not valid"


class TokenReusedError(InvalidTokenError):
    """A refresh token came a second time: somebody has a copy, so its whole family ends."""

    keeps_writes = True


class ForbiddenError(AppError):
    status, code, title = 403, "forbidden", "Not allowed"


class EmailNotVerifiedError(ForbiddenError):
    code, title = "email-not-verified", "The address is not confirmed yet"
    keeps_writes = True


class StepUpRequiredError(ForbiddenError):
    """The session is good, but who sits there must say so again: `methods` (an extension) says how."""

    code, title = "step-up-required", "Confirm that it is you"


class QuotaExceededError(ForbiddenError):
    code, title = "quota-exceeded", "A limit of the account is reached"


class NotFoundError(AppError):
    status, code, title = 404, "not-found", "Not found"


class ConflictError(AppError):
    status, code, title = 409, "conflict", "Conflicts with the current state"


class GoneError(AppError):
    status, code, title = 410, "gone", "No longer available"


class PreconditionFailedError(AppError):
    status, code, title = 412, "precondition-failed", "It changed since you read it"


class PayloadTooLargeError(AppError):
    status, code, title = 413, "payload-too-large", "The request body is too large"


class InvalidInputError(AppError):
    status, code, title = 422, "invalid-input", "The request is not valid"


class UnreadableFileError(InvalidInputError):
    """What was sent is no file of a kind that is read here; the extension `reason` says why."""

    code, title = "unreadable-file", "The file cannot be read"


class IdempotencyKeyReusedError(InvalidInputError):
    code, title = "idempotency-key-reused", "This Idempotency-Key belongs to another request"


class PreconditionRequiredError(AppError):
    status, code, title = 428, "precondition-required", "Say which version you change"


class TooManyAttemptsError(AppError):
    status, code, title = 429, "too-many-attempts", "Too many attempts"


class RateLimitedError(AppError):
    """More requests than a client may send; `violated-policies` (an extension) names the quota."""

    status, code, title = 429, "quota-exceeded", "Too many requests"


class UnavailableError(AppError):
    status, code, title = 503, "unavailable", "Temporarily unavailable"


class DatabaseUnavailableError(UnavailableError):
    code, title = "database-unavailable", "The database cannot be reached"


class MatchingUnavailableError(UnavailableError):
    code, title = "matching-unavailable", "Matching cannot be reached"
