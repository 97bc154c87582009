from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from fastapi.responses import FileResponse

from app.auth.access import PUBLIC, CurrentUser, RecentUser
from app.db import Session
from app.idempotency import REPEATABLE, Once
from app.kit.storage import Storage
from app.user import account
from app.user.account_schemas import ErasureAnswer, ExportAnswer

router = APIRouter(prefix="/auth", tags=["account"])
ZIP = "application/zip"


def storage_of(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


Files = Annotated[Storage, Depends(storage_of)]


@router.post(
    "/exports/", status_code=status.HTTP_202_ACCEPTED, response_model=ExportAnswer, responses=REPEATABLE
)
async def request_export(user: RecentUser, session: Session, once: Once) -> Response:
    """A copy of everything we hold about you, as a ZIP of JSON files. A mail says when it is ready; usually
    that takes seconds. At most five a day."""

    async def work() -> ExportAnswer:
        return ExportAnswer.model_validate(await account.request_export(session, user.user_id))

    return await once(None, work, status=status.HTTP_202_ACCEPTED)


@router.get("/exports/")
async def list_exports(user: CurrentUser, session: Session) -> list[ExportAnswer]:
    return [ExportAnswer.model_validate(row) for row in await account.exports(session, user.user_id)]


@router.get("/exports/{export}/")
async def read_export(export: uuid.UUID, user: CurrentUser, session: Session) -> ExportAnswer:
    return ExportAnswer.model_validate(await account.export(session, user.user_id, export))


@router.get(
    "/exports/{export}/download/",
    response_class=FileResponse,
    responses={200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_export(
    export: uuid.UUID, user: RecentUser, session: Session, storage: Files
) -> FileResponse:
    file = await account.export_file(session, storage, user.user_id, export)
    return FileResponse(file, media_type=ZIP, filename=f"jobpilot-{export}.zip")


@router.delete("/account/", status_code=status.HTTP_202_ACCEPTED)
async def erase_account(user: RecentUser, session: Session) -> ErasureAnswer:
    """Ends the account at once and erases everything we hold about you: rows, files, and what the models
    remember. Keep the receipt: it is the one thing that stays, and it names nobody."""
    return ErasureAnswer.of(await account.erase(session, user.user_id))


@router.get("/erasures/{receipt}/", dependencies=[PUBLIC])
async def read_erasure(receipt: uuid.UUID, session: Session) -> ErasureAnswer:
    """How far an erasure is, and how many records were deleted in each store."""
    return ErasureAnswer.of(await account.receipt(session, receipt))
