"""The client that blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel

from app.client import calls, models
from app.client.calls import MOST_LINES, RETRIED, Call, Retries
from app.client.errors import ConnectionFailedError, problem_of, retry_after
from app.client.models import ScoreBody, ScoreLine, ScoreOptions, VerifyBody
from app.client.signatures import check_signature

Answer = TypeVar("Answer", bound=BaseModel)


class JobPilot:
    """`timeout` (seconds) bounds each wait on the network. `transport` and `sleep` are for tests.

    Every method raises ConnectionFailedError and ProblemError (see `app.client.errors`).
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        *,
        timeout: float = 30.0,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=timeout, transport=transport)
        self._retries, self._sleep = retries or Retries(), sleep
        self.token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def login(self, email: str, password: str) -> models.LoginAnswer:
        """Calls after this one are made as this account."""
        answer = self._call(calls.login(email, password))
        self.token = answer.access_token
        return answer

    def search(self, **query: Any) -> models.JobSearchPage:
        return self._call(calls.search(query))

    def jobs(self, **query: Any) -> Iterator[models.FoundJob]:
        """All postings a search finds, page after page."""
        asked: dict[str, Any] | None = query
        while asked is not None:
            page = self._call(calls.search(asked))
            yield from page.results
            asked = calls.next_page(asked, page)

    def recommendations(self, **query: Any) -> models.RecommendationsAnswer:
        return self._call(calls.recommendations(query))

    def why_not(self, job: UUID | str, **query: Any) -> models.WhyNotAnswer:
        return self._call(calls.why_not(str(job), query))

    def score(
        self, body: ScoreBody, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> models.ScoresAnswer:
        return self._call(calls.score(body, idempotency_key, dry_run=dry_run))

    def score_lines(
        self, lines: Iterable[ScoreLine], options: ScoreOptions | None = None, *, dry_run: bool = False
    ) -> Iterator[models.ScoredLine]:
        """One answer for each line, in order, as they come. Any number of lines: they are sent in portions,
        and `line` counts through. A line that cannot be scored says so in its answer."""
        rows, done = iter(lines), 0
        while portion := list(islice(rows, MOST_LINES)):
            for answer in self._stream(calls.lines(portion, options or ScoreOptions(), dry_run=dry_run)):
                yield answer.model_copy(update={"line": done + answer.line})
            done += len(portion)

    def receipt(self, receipt_id: UUID | str) -> models.ReceiptAnswer:
        return self._call(calls.receipt(receipt_id))

    def receipt_keys(self) -> models.PublicKeys:
        return self._call(calls.receipt_keys())

    def verify_receipt(self, receipt_id: UUID | str, body: VerifyBody | None = None) -> models.VerifyAnswer:
        """Has it computed again. Raises ConflictError where the release is gone."""
        return self._call(calls.verify(receipt_id, body or VerifyBody()))

    def check_receipt(self, receipt_id: UUID | str) -> models.ReceiptAnswer:
        """Fetches a receipt and checks its signature here. Raises SignatureError."""
        receipt = self.receipt(receipt_id)
        check_signature(receipt, self.receipt_keys())
        return receipt

    # -- carrying out ------------------------------------------------------------------------------------

    def _call(self, call: Call[Answer]) -> Answer:
        attempt = 1
        while True:
            wait, error = None, None
            try:
                response = self._http.send(self._request(call))
            except httpx.TransportError as cause:
                error = ConnectionFailedError(f"{call.method} {call.path}: {type(cause).__name__}")
                wait = self._retries.wait(attempt, None) if call.repeatable else None
            else:
                if response.is_success:
                    return call.answer.model_validate_json(response.content)
                if response.status_code in RETRIED and (call.repeatable or response.status_code == 429):
                    wait = self._retries.wait(attempt, retry_after(response))
                if wait is None:
                    raise problem_of(response)
            if wait is None and error is not None:
                raise error
            self._sleep(wait or 0.0)
            attempt += 1

    def _stream(self, call: Call[Answer]) -> Iterator[Answer]:
        try:
            with self._http.stream(**self._parts(call)) as response:
                if not response.is_success:
                    response.read()
                    raise problem_of(response)
                for line in response.iter_lines():
                    yield call.answer.model_validate_json(line)
        except httpx.TransportError as cause:
            raise ConnectionFailedError(f"{call.method} {call.path}: {type(cause).__name__}") from cause

    def _request(self, call: Call[Answer]) -> httpx.Request:
        return self._http.build_request(**self._parts(call))

    def _parts(self, call: Call[Answer]) -> dict[str, Any]:
        headers = call.headers | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        return {
            "method": call.method,
            "url": call.path,
            "params": call.query,
            "content": call.content,
            "headers": headers,
        }
