"""The serving layer as a person's request meets it: one short try, and none while it is known to be down."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from app.errors import InvalidInputError, MatchingUnavailableError
from app.kit.breaker import CircuitBreaker
from serving.client import ServingClient, ServingError, ServingRejectedError
from serving.schemas import RecommendRequest, RecommendResponse, ScoreRequest, ScoreResponse

logger = logging.getLogger(__name__)
Response = TypeVar("Response")


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

    async def score(self, request: ScoreRequest) -> ScoreResponse:
        """Raises MatchingUnavailableError and, for what the serving layer refuses, InvalidInputError."""
        try:
            return await self._try(lambda: self.client.score(request))
        except ServingRejectedError as error:
            logger.warning("scoring refused", extra={"cause": str(error)[:300]})
            raise InvalidInputError("these cannot be scored") from None
        except ServingError as error:
            logger.warning("scoring unavailable", extra={"cause": str(error)[:300]})
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
