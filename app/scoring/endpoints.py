from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from app.auth.access import CurrentUser
from app.db import Session
from app.idempotency import REPEATABLE, Once
from app.kit.timing import current, server_timing
from app.scoring import service
from app.scoring.asking import ANSWERS, EITHER, MAX_BODY, NDJSON, AskedOf
from app.scoring.pairs import Tools
from app.scoring.schemas import ScoresAnswer
from app.scoring.stream import Stream

router = APIRouter(tags=["matching"])


@router.post(
    "/matching/score/",
    response_model=ScoresAnswer,
    max_body_size=MAX_BODY,
    openapi_extra=EITHER,
    responses=ANSWERS | REPEATABLE,
)
async def score(
    user: CurrentUser, asked: AskedOf, session: Session, request: Request, once: Once
) -> Response:
    """How well seekers and postings fit, for a declared purpose: fit and interest with their intervals, the
    evidence for each, what would change them, and a receipt that can be checked.

    One seeker (yours by default) against up to 100 postings as JSON, or any pairs as NDJSON, a line each.
    Both sides come in the usual formats. With `dry_run` everything is checked and nothing is scored."""
    state = request.app.state
    secret = state.settings.secret_key.get_secret_value()
    tools = Tools(state.matching, state.serving, state.receipt_keys, secret)
    if asked.body is None:
        stream = Stream(state.database, tools, user, asked.query, asked.query.dry_run)
        return StreamingResponse(stream.answers(asked.lines), media_type=NDJSON)
    body = asked.body
    if asked.query.dry_run:
        answer = await service.check(session, user, body)
        return Response(answer.model_dump_json(), media_type="application/json")
    # with a key, the work and the record of it are one transaction
    work = lambda: service.score(session, tools, user, body, lets_go=once.key is None)  # noqa: E731
    response = await once(body, work, status=200)
    response.headers["X-JobPilot-Bundle"] = json.loads(bytes(response.body))["release_id"]
    response.headers["Server-Timing"] = server_timing(current())
    return response
