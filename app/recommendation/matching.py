"""The serving layer as a person's request meets it: one short try, and none while it is known to be down."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from app.errors import InvalidInputError, MatchingUnavailableError
from app.kit.breaker import CircuitBreaker
from serving.client import ServingClient, ServingError, ServingRejectedError
from serving.match_schemas import ReplayRequest, ReplayResponse, WhyNotResponse
from serving.schemas import RecommendRequest, RecommendResponse, ScoreRequest, ScoreResponse, WhyNotRequest

logger = logging.getLogger(__name__)
Response = TypeVar("Response")


class ReplayRefusedError(Exception):
    """The serving layer will not compute it again: as a rule its release was removed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Matching:
    client: ServingClient
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    async def recommend(self, request: RecommendRequest) -> RecommendResponse | None:
        """None when nothing usable came back in time; the reason is in the log."""
        try:
            return await self._try(lambda: self.client.recommend(request))
        except ServingError as error:
            logger.warning("recommendation degraded", extra={"cause": str(error)[:300]})
            return None

    async def score(self, request: ScoreRequest, seconds: float | None = None) -> ScoreResponse:
        """`seconds` instead of the usual patience, where much has to be encoded. Raises
        MatchingUnavailableError and, for what the serving layer refuses, InvalidInputError."""
        client = self.client if seconds is None else self.client.within(seconds)
        return await self._or_refused("scoring", lambda: client.score(request), "these cannot be scored")

    async def why_not(self, request: WhyNotRequest) -> WhyNotResponse:
        """Raises as `score`."""
        return await self._or_refused(
            "why not", lambda: self.client.why_not(request), "this cannot be traced"
        )

    async def replay(self, request: ReplayRequest) -> ReplayResponse:
        """Raises MatchingUnavailableError, and ReplayRefusedError where the release is gone."""
        try:
            return await self._try(lambda: self.client.replay(request))
        except ServingRejectedError as error:
            logger.warning("replay refused", extra={"cause": str(error)[:300]})
            raise ReplayRefusedError(error.reason or "it is not there any more") from None
        except ServingError as error:
            logger.warning("replay unavailable", extra={"cause": str(error)[:300]})
            raise MatchingUnavailableError(retry_after_s=5) from None

    async def _or_refused(self, what: str, call: Callable[[], Awaitable[Response]], refusal: str) -> Response:
        try:
            return await self._try(call)
        except ServingRejectedError as error:
            logger.warning("%s refused", what, extra={"cause": str(error)[:300]})
            raise InvalidInputError(refusal) from None
        except ServingError as error:
            logger.warning("%s unavailable", what, extra={"cause": str(error)[:300]})
            raise MatchingUnavailableError(retry_after_s=5) from None

    async def _try(self, call: Callable[[], Awaitable[Response]]) -> Response:
        if not self.breaker.allows():
            raise ServingError("left alone after repeated failures")
        try:
            answer = await call()
        except ServingRejectedError:
            self.breaker.succeeded()  # it is up, only this request was wrong
            raise
        except ServingError:
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return answer
