from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.analytics import service
from app.analytics.schemas import MetricsAnswer, MetricsQuery
from app.auth.access import Staff
from app.db import Session

router = APIRouter(prefix="/analytics", tags=["analytics"])


@router.get("/matching-metrics/")
async def matching_metrics(
    user: Staff, session: Session, query: Annotated[MetricsQuery, Query()]
) -> MetricsAnswer:
    """Per release: click-through by position, calibration, coverage, novelty, repeats and drift."""
    return await service.matching_metrics(session, query)
