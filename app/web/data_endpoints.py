"""A person's rights over their account, as pages: a copy of everything, and the end of it."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse
from starlette.responses import Response

from app.auth.access import PageUser, RecentPageUser, page_user
from app.db import Session
from app.errors import ConflictError, TooManyAttemptsError
from app.kit.clock import utcnow
from app.user import account
from app.user.account_endpoints import ZIP, Files
from app.user.account_schemas import ErasureAnswer, ExportAnswer
from app.web.admin_forms import sentence
from app.web.forms import guard
from app.web.seeker_words import page
from app.web.settings_endpoints import noticed
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/settings/data", include_in_schema=False, dependencies=[Depends(page_user), Depends(guard)]
)
receipts = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
Text = Annotated[str, Form(max_length=100)]
#: What a receipt counts, as people call it.
STORES = {
    "database": "Rows of the database",
    "mail_files": "Mails in files",
    "files": "Files",
    "feature_store": "What models had learnt",
}


@router.get("/")
async def data_page(request: Request, view: Viewing, user: PageUser, session: Session) -> Response:
    return await _page(view, session, user.user_id, notice=noticed(request))


async def _page(
    view: View, session: Session, user_id: int, status: int = 200, *, error: str = "", notice: str = ""
) -> Response:
    rows = [ExportAnswer.model_validate(row) for row in await account.exports(session, user_id)]
    shown = {"exports": rows, "error": error, "notice": notice, "now": utcnow()}
    return page(view, "settings_data.html", status, **shown)


@router.post("/exports/")
async def ask_for_export(view: Viewing, user: RecentPageUser, session: Session) -> Response:
    try:
        await account.request_export(session, user.user_id)
    except TooManyAttemptsError as error:
        return await _page(view, session, user.user_id, 429, error=sentence(error.message))
    return view.go("/settings/data?done=asked")


@router.get("/exports/{export}/file/")
async def export_file(
    export: uuid.UUID, user: RecentPageUser, session: Session, storage: Files
) -> FileResponse:
    """Raises NotFoundError, also for somebody else's, ConflictError, GoneError."""
    file = await account.export_file(session, storage, user.user_id, export)
    return FileResponse(file, media_type=ZIP, filename=f"jobpilot-{export}.zip")


@router.get("/delete/")
async def delete_account_page(view: Viewing, user: RecentPageUser) -> Response:
    return page(view, "settings_delete.html", error="")


@router.post("/delete/")
async def delete_account(
    view: Viewing, user: RecentPageUser, session: Session, confirmed: Text = ""
) -> Response:
    """The account ends at once; the receipt is shown, and can be looked at by whoever has its number."""
    if confirmed != "yes":
        return page(view, "settings_delete.html", 422, error="Tick the box if you mean it.")
    try:
        receipt = await account.erase(session, user.user_id)
    except ConflictError:
        return view.go("/")
    view.close()
    return view.go(f"/erasures/{receipt.public_id}")


@receipts.get("/erasures/{receipt}/")
async def erasure_page(receipt: uuid.UUID, view: Viewing, session: Session) -> Response:
    """Raises NotFoundError."""
    found = ErasureAnswer.of(await account.receipt(session, receipt))
    return page(view, "erasure.html", receipt=found, stores=STORES)
