from __future__ import annotations

from fastapi import APIRouter, Request, Response, status

from app.auth.access import PUBLIC
from app.errors import UnavailableError
from app.health import service
from app.health.schemas import Alive, HealthAnswer

router = APIRouter(prefix="/health", tags=["health"], dependencies=[PUBLIC])


@router.get("/", responses={503: {"model": HealthAnswer}})
async def health(request: Request, response: Response) -> HealthAnswer:
    """What works and what does not; 503 when PostgreSQL cannot be reached, and only then."""
    state = request.app.state
    answer = await service.check(state.database, state.serving, state.search, state.cache)
    if answer.database == "down":
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return answer


@router.get("/live/")
async def live() -> Alive:
    """The process runs. Says nothing about what it depends on: restarting would not help those."""
    return Alive()


@router.get("/ready/")
async def ready(request: Request) -> Alive:
    """Requests can be served: the database answers and is migrated. 503 otherwise."""
    state = request.app.state
    if not await service.database_is_ready(state.database, state.revision):
        raise UnavailableError("not ready", retry_after_s=2)
    return Alive()
