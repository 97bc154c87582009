"""The client for asyncio: as `app.client.client`, with `await`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
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


class AsyncJobPilot:
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
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=timeout, transport=transport)
        self._retries, self._sleep = retries or Retries(), sleep
        self.token = token

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def login(self, email: str, password: str) -> models.LoginAnswer:
        """Calls after this one are made as this account."""
        answer = await self._call(calls.login(email, password))
        self.token = answer.access_token
        return answer

    async def search(self, **query: Any) -> models.JobSearchPage:
        return await self._call(calls.search(query))

    async def jobs(self, **query: Any) -> AsyncIterator[models.FoundJob]:
        """All postings a search finds, page after page."""
        asked: dict[str, Any] | None = query
        while asked is not None:
            page = await self._call(calls.search(asked))
            for job in page.results:
                yield job
            asked = calls.next_page(asked, page)

    async def recommendations(self, **query: Any) -> models.RecommendationsAnswer:
        return await self._call(calls.recommendations(query))

    async def why_not(self, job: UUID | str, **query: Any) -> models.WhyNotAnswer:
        return await self._call(calls.why_not(str(job), query))

    async def score(
        self, body: ScoreBody, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> models.ScoresAnswer:
        return await self._call(calls.score(body, idempotency_key, dry_run=dry_run))

    async def score_lines(
        self, lines: Iterable[ScoreLine], options: ScoreOptions | None = None, *, dry_run: bool = False
    ) -> AsyncIterator[models.ScoredLine]:
        """One answer for each line, in order, as they come. Any number of lines: they are sent in portions,
        and `line` counts through. A line that cannot be scored says so in its answer."""
        rows, done = iter(lines), 0
        while portion := list(islice(rows, MOST_LINES)):
            call = calls.lines(portion, options or ScoreOptions(), dry_run=dry_run)
            async for answer in self._stream(call):
                yield answer.model_copy(update={"line": done + answer.line})
            done += len(portion)

    async def receipt(self, receipt_id: UUID | str) -> models.ReceiptAnswer:
        return await self._call(calls.receipt(receipt_id))

    async def receipt_keys(self) -> models.PublicKeys:
        return await self._call(calls.receipt_keys())

    async def verify_receipt(
        self, receipt_id: UUID | str, body: VerifyBody | None = None
    ) -> models.VerifyAnswer:
        """Has it computed again. Raises ConflictError where the release is gone."""
        return await self._call(calls.verify(receipt_id, body or VerifyBody()))

    async def check_receipt(self, receipt_id: UUID | str) -> models.ReceiptAnswer:
        """Fetches a receipt and checks its signature here. Raises SignatureError."""
        receipt = await self.receipt(receipt_id)
        check_signature(receipt, await self.receipt_keys())
        return receipt

    # -- carrying out ------------------------------------------------------------------------------------

    async def _call(self, call: Call[Answer]) -> Answer:
        attempt = 1
        while True:
            wait, error = None, None
            try:
                response = await self._http.send(self._request(call))
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
            await self._sleep(wait or 0.0)
            attempt += 1

    async def _stream(self, call: Call[Answer]) -> AsyncIterator[Answer]:
        try:
            async with self._http.stream(**self._parts(call)) as response:
                if not response.is_success:
                    await response.aread()
                    raise problem_of(response)
                async for line in response.aiter_lines():
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
