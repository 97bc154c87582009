"""JobPilot's public Python client, typed, blocking and asynchronous. It knows the API, not the app.

    from app.client import JobPilot, PostingIn, ScoreBody

    with JobPilot("https://jobpilot.example.org") as client:
        client.login("ada@example.org", password)
        answer = client.score(ScoreBody(jobs=[PostingIn(title="Data Engineer", description=...)]))
        client.check_receipt(answer.results[0].receipt_id)   # signed by the server's key, checked here

Repetitions after 429 and 503 wait as long as the server asks (`Retry-After`); a POST that makes something
carries an `Idempotency-Key`, so that none is made twice.
"""

from __future__ import annotations

from app.client.async_client import AsyncJobPilot
from app.client.calls import Retries
from app.client.client import JobPilot
from app.client.errors import (
    ConflictError,
    ConnectionFailedError,
    InvalidError,
    JobPilotError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    ProblemError,
    RateLimitedError,
    TooLargeError,
    UnavailableError,
)
from app.client.models import (
    ForeignPosting,
    PostingIn,
    ProfileIn,
    PublicKeys,
    ReceiptAnswer,
    ScoreBody,
    ScoredLine,
    ScoreLine,
    ScoreOptions,
    ScoresAnswer,
    SeekerIn,
    VerifyAnswer,
    VerifyBody,
)
from app.client.signatures import SignatureError, check_signature

__all__ = [
    "AsyncJobPilot",
    "ConflictError",
    "ConnectionFailedError",
    "ForeignPosting",
    "InvalidError",
    "JobPilot",
    "JobPilotError",
    "NotAllowedError",
    "NotAuthenticatedError",
    "NotFoundError",
    "PostingIn",
    "ProblemError",
    "ProfileIn",
    "PublicKeys",
    "RateLimitedError",
    "ReceiptAnswer",
    "Retries",
    "ScoreBody",
    "ScoreLine",
    "ScoreOptions",
    "ScoredLine",
    "ScoresAnswer",
    "SeekerIn",
    "SignatureError",
    "TooLargeError",
    "UnavailableError",
    "VerifyAnswer",
    "VerifyBody",
    "check_signature",
]
