"""Pages of staff about accounts: found, looked at, shut and opened again."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.admin import service
from app.admin.schemas import AdminUser, AuditFilters, UserFilters
from app.auth.access import StaffPage, staff_page
from app.db import Session
from app.errors import ConflictError, NotFoundError
from app.web import admin_asked, admin_entries, admin_forms, admin_repository
from app.web.admin_endpoints import page
from app.web.forms import guard
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/admin/users", include_in_schema=False, dependencies=[Depends(staff_page), Depends(guard)]
)
HISTORY = 10
NOTICES = {
    "deactivated": "The account is deactivated. What it was signed in with has ended.",
    "activated": "The account is active: its owner may log in again.",
}


@router.get("/")
async def admin_users_page(request: Request, view: Viewing, user: StaffPage, session: Session) -> Response:
    asked = admin_asked.read(request.query_params, "/admin/users/", UserFilters, ("q", "active", "staff"))
    total, rows = await service.users(session, asked.filters)
    users = [AdminUser.model_validate(row) for row in rows]
    return page(view, "users.html", 422 if asked.errors else 200, asked=asked, total=total, users=users)


@router.get("/{account}/")
async def admin_user_page(
    account: uuid.UUID, request: Request, view: Viewing, user: StaffPage, session: Session
) -> Response:
    """Raises NotFoundError."""
    return await _page(view, session, account, notice=NOTICES.get(request.query_params.get("done", ""), ""))


@router.post("/{account}/deactivate/")
async def admin_deactivate(
    account: uuid.UUID, request: Request, view: Viewing, user: StaffPage, session: Session
) -> Response:
    """Asks first. Raises NotFoundError."""
    sent = await admin_forms.texts(request)
    order = admin_forms.order(sent)
    found = await _account(session, account)
    if order.problem or not order.confirmed:
        shown = {"account": found, "reason": order.reason}
        return page(view, "deactivate.html", 422 if order.problem else 200, message=order.problem, **shown)
    return await _set(view, user, session, account, active=False, reason=order.reason)


@router.post("/{account}/activate/")
async def admin_activate(
    account: uuid.UUID, request: Request, view: Viewing, user: StaffPage, session: Session
) -> Response:
    """Raises NotFoundError."""
    order = admin_forms.order(await admin_forms.texts(request))
    if order.problem:
        return await _page(view, session, account, status=422, message=order.problem, reason=order.reason)
    return await _set(view, user, session, account, active=True, reason=order.reason)


async def _set(
    view: View, user: StaffPage, session: AsyncSession, account: uuid.UUID, *, active: bool, reason: str
) -> Response:
    try:
        await service.set_active(session, user.public_id, account, active=active, reason=reason)
    except ConflictError:
        message = "Your own account is for somebody else to decide about."
        return await _page(view, session, account, status=409, message=message)
    return view.go(f"/admin/users/{account}/?done={'activated' if active else 'deactivated'}")


async def _page(
    view: View,
    session: AsyncSession,
    account: uuid.UUID,
    *,
    status: int = 200,
    notice: str = "",
    message: str = "",
    reason: str = "",
) -> Response:
    found = await _account(session, account)
    total, history = await service.entries(session, AuditFilters(target=account, limit=HISTORY))
    entries = await admin_entries.told(session, history)
    shown = {"account": found, "entries": entries, "total": total, "reason": reason}
    return page(view, "user.html", status, notice=notice, message=message, **shown)


async def _account(session: AsyncSession, account: uuid.UUID) -> AdminUser:
    found = (await admin_repository.accounts(session, [account])).get(account)
    if found is None:
        raise NotFoundError("no such account")
    return AdminUser.model_validate(found)
