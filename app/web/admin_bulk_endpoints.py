"""One action on many postings, from their list: chosen, asked about, done, and told what was refused."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.responses import Response

from app.admin import service
from app.admin.schemas import MAX_BULK, BulkAnswer, BulkModeration
from app.auth.access import StaffPage, staff_page
from app.db import Session
from app.web import admin_forms, admin_repository
from app.web.admin_endpoints import page
from app.web.forms import guard, safe_next
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/admin/jobs/bulk", include_in_schema=False, dependencies=[Depends(staff_page), Depends(guard)]
)
LIST = "/admin/jobs/"
DONE = 200


@router.post("/")
async def admin_moderate_postings(
    request: Request, view: Viewing, user: StaffPage, session: Session
) -> Response:
    """Asks first what cannot be taken back lightly. Each posting is done or refused by itself."""
    chosen, sent = _chosen(await request.form()), await admin_forms.texts(request)
    order, back = admin_forms.order(sent), _back(sent.get("back", ""))
    if order.action is None or not chosen:
        return view.go(_told(back, "nothing"))
    if order.must_ask:
        problem = order.problem if order.confirmed or len(order.reason) > admin_forms.MAX_REASON else ""
        rows = await admin_repository.postings(session, chosen)
        shown = {"jobs": list(rows.values()), "order": order, "back": back, "message": problem}
        return page(view, "confirm_many.html", 422 if problem else 200, **shown)
    body = BulkModeration(action=order.action, reason=order.reason, jobs=chosen)
    answer = await service.moderate_many(session, user.public_id, body)
    if all(item.status == DONE for item in answer.results):
        return view.go(_told(back, order.action, len(answer.results)))
    return await _partly(view, session, answer, order, back)


async def _partly(
    view: View, session: AsyncSession, answer: BulkAnswer, order: admin_forms.Order, back: str
) -> Response:
    rows = await admin_repository.postings(session, [item.job for item in answer.results])
    refused = [
        (rows.get(item.job), str(item.job), admin_forms.sentence(item.detail))
        for item in answer.results
        if item.status != DONE
    ]
    done = [rows[item.job] for item in answer.results if item.status == DONE]
    return page(view, "partly.html", order=order, done=done, refused=refused, back=back)


def _chosen(form: FormData) -> tuple[uuid.UUID, ...]:
    """The first hundred; what is no id was not typed by a person and names nothing."""
    found = []
    for value in form.getlist("jobs"):
        try:
            found.append(uuid.UUID(str(value)))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))[:MAX_BULK]


def _back(target: str) -> str:
    """The list as it was filtered; no other place."""
    found = safe_next(target, LIST)
    return found if found.partition("?")[0] == LIST else LIST


def _told(back: str, done: str, number: int = 0) -> str:
    told = urlencode({"done": done} | ({"number": str(number)} if number else {}))
    return f"{back}{'&' if '?' in back else '?'}{told}"
