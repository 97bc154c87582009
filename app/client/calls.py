"""Every call as a value: what is sent, and what its answer is. Both clients only carry them out.

POSTs that make something are sent with an `Idempotency-Key`, so that a repetition after a lost answer makes
nothing twice.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from app.client import models
from app.client.models import ScoreBody, ScoreLine, ScoreOptions, VerifyBody

Answer = TypeVar("Answer", bound=BaseModel)
V1, V2 = "/api/v1", "/api/v2"
NDJSON = "application/x-ndjson"
#: Statuses that say "later", and the most lines of one stream.
RETRIED = frozenset({429, 502, 503, 504})
MOST_LINES = 1000
Query = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """`repeatable`: sending it a second time does no more than sending it once."""

    method: str
    path: str
    answer: type[Answer]
    query: dict[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Retries:
    """`attempts` in all; waits double from `first` seconds and are drawn evenly below that (full jitter),
    unless the server said when to come back. Nobody waits longer than `longest`."""

    attempts: int = 4
    first: float = 0.5
    longest: float = 60.0

    def wait(self, attempt: int, asked: float | None) -> float | None:
        """Seconds before attempt number `attempt + 1`, counted from 1; None: give up."""
        if attempt >= self.attempts or (asked is not None and asked > self.longest):
            return None
        if asked is not None:
            return asked
        return random.uniform(0, min(self.longest, self.first * 2 ** (attempt - 1)))  # noqa: S311 - jitter


def login(email: str, password: str) -> Call[models.LoginAnswer]:
    body = models.LoginRequest(email=email, password=password)
    return _post(f"{V1}/auth/login/", models.LoginAnswer, body, repeatable=False)


def search(query: Query) -> Call[models.JobSearchPage]:
    return _get(f"{V1}/jobs/", models.JobSearchPage, query)


def next_page(query: Query, page: models.JobSearchPage) -> dict[str, Any] | None:
    """The query of the page after this one; None at the end."""
    if page.next_cursor is None:
        return None
    return {name: value for name, value in query.items() if name != "page"} | {"cursor": page.next_cursor}


def recommendations(query: Query) -> Call[models.RecommendationsAnswer]:
    return _get(f"{V2}/recommendations/", models.RecommendationsAnswer, query)


def why_not(job: str, query: Query) -> Call[models.WhyNotAnswer]:
    return _get(f"{V2}/recommendations/{job}/why-not/", models.WhyNotAnswer, query)


def score(body: ScoreBody, key: str | None, *, dry_run: bool) -> Call[models.ScoresAnswer]:
    call = _post(f"{V2}/matching/score/", models.ScoresAnswer, body, key=key or str(uuid.uuid4()))
    return Call(**_parts(call) | {"query": {"dry_run": "true"} if dry_run else {}})


def lines(sent: Iterable[ScoreLine], options: ScoreOptions, *, dry_run: bool) -> Call[models.ScoredLine]:
    """Answered line by line. Not repeated on its own: what was answered has its receipts already."""
    rows = [line.model_dump_json(exclude_unset=True).encode() for line in sent]
    query = json.loads(options.model_dump_json(exclude_unset=True)) | ({"dry_run": True} if dry_run else {})
    return Call(
        "POST",
        f"{V2}/matching/score/",
        models.ScoredLine,
        {name: _plain(value) for name, value in query.items()},
        b"\n".join(rows),
        {"Content-Type": NDJSON},
        repeatable=False,
    )


def receipt(receipt_id: uuid.UUID | str) -> Call[models.ReceiptAnswer]:
    return _get(f"{V2}/receipts/{receipt_id}/", models.ReceiptAnswer, {})


def receipt_keys() -> Call[models.PublicKeys]:
    return _get(f"{V2}/receipts/keys/", models.PublicKeys, {})


def verify(receipt_id: uuid.UUID | str, body: VerifyBody) -> Call[models.VerifyAnswer]:
    return _post(f"{V2}/receipts/{receipt_id}/verify/", models.VerifyAnswer, body)


def _get(path: str, answer: type[Answer], query: Query) -> Call[Answer]:
    plain = {name: _plain(value) for name, value in query.items() if value is not None}
    return Call("GET", path, answer, plain)


def _post(
    path: str, answer: type[Answer], body: BaseModel, *, key: str | None = None, repeatable: bool = True
) -> Call[Answer]:
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    content = body.model_dump_json(exclude_unset=True).encode()
    return Call("POST", path, answer, {}, content, headers, repeatable)


def _parts(call: Call[Answer]) -> dict[str, Any]:
    return {name: getattr(call, name) for name in Call.__dataclass_fields__}


def _plain(value: Any) -> Any:
    """As a query has it; lists repeat their name."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
