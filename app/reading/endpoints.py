from __future__ import annotations

import uuid

from fastapi import APIRouter, Request, Response, status

from app.auth.access import PUBLIC, CurrentUser
from app.db import Session
from app.reading import service
from app.reading.schemas import BatchAnswer, BatchRequest, RequirementsAnswer, SummaryAnswer
from app.reading.tasks import enqueue_batch

router = APIRouter(tags=["reading"])


@router.get("/jobs/{job}/summary/", dependencies=[PUBLIC])
async def job_summary(job: str, request: Request, session: Session) -> SummaryAnswer:
    """The sentences that matter, each with the place in the posting where it stands. Written once per
    content and model, then stored."""
    return await service.summary(session, request.app.state.serving, job)


@router.get("/jobs/{job}/requirements/", dependencies=[PUBLIC])
async def job_requirements(job: str, request: Request, session: Session) -> RequirementsAnswer:
    """What the posting asks for, ranked: must-haves, then wishes, each with the words that ask."""
    return await service.requirements(session, request.app.state.serving, job)


@router.post("/jobs/batch-summarize/", responses={202: {"model": BatchAnswer}})
async def batch_summarize(
    body: BatchRequest, user: CurrentUser, session: Session, response: Response
) -> BatchAnswer:
    """At most 100 postings. 200 when all summaries exist already; otherwise 202, and the answer at `href`
    tells of each posting as it is done."""
    batch_id, public_id, unknown, done = await service.start_batch(session, user.user_id, body.job_ids)
    if not done:
        await enqueue_batch(session, batch_id)
        response.status_code = status.HTTP_202_ACCEPTED
    answer = await service.batch_answer(session, user.user_id, public_id)
    return answer.model_copy(update={"unknown_job_ids": unknown})


@router.get("/jobs/batch-summarize/{batch}/")
async def read_batch(batch: uuid.UUID, user: CurrentUser, session: Session) -> BatchAnswer:
    return await service.batch_answer(session, user.user_id, batch)
