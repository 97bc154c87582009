"""The HTTP client of the serving layer: one method per route, typed answers, typed errors.

ServingError
├── ServingUnavailableError   nobody answers, or the answer is 5xx / 429: worth a retry later
├── ServingTimeoutError       no answer within the time given
└── ServingRejectedError      4xx: the request is wrong and stays wrong

Over aiohttp, whose parser is compiled: httpx took 2 of the app's 9 ms of a recommendation.
"""

from __future__ import annotations

import io
import json
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from serving.language_schemas import (
    FindSkillsRequest,
    FindSkillsResponse,
    ReadPostingsRequest,
    ReadPostingsResponse,
    ReadResumeRequest,
    ReadResumeResponse,
    StandardizeRequest,
    StandardizeResponse,
    SummarizeRequest,
    SummarizeResponse,
)
from serving.match_schemas import ReplayRequest, ReplayResponse, WhyNotResponse
from serving.schemas import (
    ChangeResponse,
    DeleteRequest,
    EmbedRequest,
    EmbedResponse,
    EventsRequest,
    EventsResponse,
    ForgetRequest,
    ForgetResponse,
    RecommendRequest,
    RecommendResponse,
    ScoreRequest,
    ScoreResponse,
    SimilarRequest,
    StateResponse,
    UpsertRequest,
    WhyNotRequest,
)

Answer = TypeVar("Answer", bound=BaseModel)
CONNECT_SECONDS = 2.0
_JSON = {"content-type": "application/json"}


class ServingError(Exception):
    """A call to the serving layer failed."""


class ServingUnavailableError(ServingError):
    """No connection, an answer of 5xx or 429, or one that is not of the contract."""


class ServingTimeoutError(ServingError):
    """No complete answer within the timeout."""


class ServingRejectedError(ServingError):
    """The serving layer refused the request (4xx); sending it again will not help."""

    def __init__(self, status: int, message: str, *, reason: str = "", code: str = "") -> None:
        """`reason` and `code` are what the serving layer said of the input, for the person who sent it."""
        super().__init__(f"{status}: {message}")
        self.status, self.reason, self.code = status, reason, code


class ServingClient:
    """`timeout` (seconds) bounds a whole call of a person waiting; `text_timeout` one that waits for a file
    or text to be read; `change_timeout` a call of a task.

    No retries here: a person's call has no time for them, a task's belong to the queue.
    """

    def __init__(
        self, base_url: str, *, timeout: float = 1.0, text_timeout: float = 30.0, change_timeout: float = 60.0
    ) -> None:
        self._timeout = timeout
        self._text_timeout = text_timeout
        self._change_timeout = change_timeout
        self._base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    @property
    def _http(self) -> aiohttp.ClientSession:
        """Opened by the first call: aiohttp binds a session to the loop that runs."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))
        return self._session

    def within(self, seconds: float) -> ServingClient:
        """The same connections for a person who does not wait: no call takes longer than `seconds`."""
        hurried = ServingClient(self._base_url, timeout=seconds, text_timeout=seconds, change_timeout=seconds)
        hurried._session = self._http
        return hurried

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def recommend(self, request: RecommendRequest) -> RecommendResponse:
        return await self._call("/recommend", request, RecommendResponse, self._timeout)

    async def score(self, request: ScoreRequest) -> ScoreResponse:
        return await self._call("/score", request, ScoreResponse, self._timeout)

    async def similar(self, request: SimilarRequest) -> RecommendResponse:
        return await self._call("/similar", request, RecommendResponse, self._timeout)

    async def why_not(self, request: WhyNotRequest) -> WhyNotResponse:
        return await self._call("/why_not", request, WhyNotResponse, self._timeout)

    async def replay(self, request: ReplayRequest) -> ReplayResponse:
        """Raises ServingRejectedError for a release that is not there any more. Loading one takes seconds."""
        return await self._call("/replay", request, ReplayResponse, self._text_timeout)

    async def embed(self, request: EmbedRequest) -> EmbedResponse:
        return await self._call("/embed", request, EmbedResponse, self._change_timeout)

    async def upsert_jobs(self, request: UpsertRequest) -> ChangeResponse:
        return await self._call("/upsert_jobs", request, ChangeResponse, self._change_timeout)

    async def delete_jobs(self, request: DeleteRequest) -> ChangeResponse:
        return await self._call("/delete_jobs", request, ChangeResponse, self._change_timeout)

    async def record_events(self, request: EventsRequest) -> EventsResponse:
        return await self._call("/record_events", request, EventsResponse, self._change_timeout)

    async def forget_users(self, request: ForgetRequest) -> ForgetResponse:
        return await self._call("/forget_users", request, ForgetResponse, self._change_timeout)

    # -- text: takes longer than a recommendation ----------------------------------------------------

    async def read_resume(self, request: ReadResumeRequest) -> ReadResumeResponse:
        """Raises ServingRejectedError with the reader's `code` for a file that cannot be read."""
        return await self._call("/read_resume", request, ReadResumeResponse, self._text_timeout)

    async def find_skills(self, request: FindSkillsRequest) -> FindSkillsResponse:
        return await self._call("/find_skills", request, FindSkillsResponse, self._text_timeout)

    async def standardize(self, request: StandardizeRequest) -> StandardizeResponse:
        return await self._call("/standardize", request, StandardizeResponse, self._text_timeout)

    async def read_postings(self, request: ReadPostingsRequest) -> ReadPostingsResponse:
        return await self._call("/read_postings", request, ReadPostingsResponse, self._change_timeout)

    async def summarize(self, request: SummarizeRequest) -> SummarizeResponse:
        return await self._call("/summarize", request, SummarizeResponse, self._change_timeout)

    async def state(self) -> StateResponse:
        return await self._call("/state", None, StateResponse, self._timeout)

    async def ready(self) -> bool:
        """Whether the serving layer says it can answer; never raises."""
        try:
            async with self._http.get(f"{self._base_url}/readyz", timeout=_within(self._timeout)) as response:
                return response.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _call(
        self, path: str, request: BaseModel | None, answer: type[Answer], seconds: float
    ) -> Answer:
        # BentoML reads the one parameter of an API, named `request`, from a key of that name.
        body = b"{}" if request is None else b'{"request":' + request.model_dump_json().encode() + b"}"
        url = f"{self._base_url}{path}"
        try:
            # aiohttp would send bytes in one piece, while nothing else runs; a file it sends in portions
            async with self._http.post(
                url, data=io.BytesIO(body), headers=_JSON, timeout=_within(seconds)
            ) as response:
                status, content = response.status, await response.read()
        except TimeoutError:
            raise ServingTimeoutError(f"{path}: no answer in {seconds:g} s") from None
        except aiohttp.ClientError as error:
            raise ServingUnavailableError(f"{path}: {type(error).__name__}") from error
        _check(path, status, content)
        try:
            return answer.model_validate_json(content)
        except ValidationError as error:
            raise ServingUnavailableError(f"{path}: the answer is not a {answer.__name__}") from error


def _within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, connect=CONNECT_SECONDS)


def _check(path: str, status: int, content: bytes) -> None:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ServingUnavailableError(f"{path}: status {status}")
    if status != HTTPStatus.OK:
        reason, code = _said(content)
        message = f"{path}: {content[:500].decode(errors='replace')}"
        raise ServingRejectedError(status, message, reason=reason, code=code)


def _said(content: bytes) -> tuple[str, str]:
    """The sentence and the code of a refusal; both "" for an answer of another form."""
    try:
        body = json.loads(content)
        return str(body.get("error", "")), str(body.get("code", ""))
    except (ValueError, AttributeError):
        return "", ""
