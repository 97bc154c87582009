"""Pages of staff: what there is and how it goes, and the log of what staff did."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.admin import audit, service
from app.admin.schemas import AuditFilters, UserFilters
from app.auth.access import StaffPage, staff_page
from app.db import Session
from app.health import service as health
from app.web import admin_asked, admin_entries, admin_labels, admin_repository
from app.web.forms import guard
from app.web.view import View, Viewing

router = APIRouter(
    prefix="/admin", include_in_schema=False, dependencies=[Depends(staff_page), Depends(guard)]
)
NEWEST = 8
#: How many members of staff the log can be narrowed down to by name.
MAX_STAFF = 100


def page(view: View, template: str, status: int = 200, **context: object) -> Response:
    """A page below `templates/admin/`, with the words of `admin_labels` as `names`."""
    return view.page(f"admin/{template}", status, names=admin_labels, **context)


@router.get("/")
async def admin_page(request: Request, view: Viewing, user: StaffPage, session: Session) -> Response:
    state = request.app.state
    _, newest = await service.entries(session, AuditFilters(limit=NEWEST))
    totals = {
        name: (await service.users(session, filters))[0]
        for name, filters in {
            "all": UserFilters(limit=1),
            "shut": UserFilters(limit=1, active=False),
            "staff": UserFilters(limit=1, staff=True),
        }.items()
    }
    return page(
        view,
        "overview.html",
        counts=await admin_repository.counts(session),
        accounts=totals,
        health=await health.check(state.database, state.serving, state.search, state.cache),
        entries=await admin_entries.told(session, newest),
    )


@router.get("/audit/")
async def admin_audit_page(request: Request, view: Viewing, user: StaffPage, session: Session) -> Response:
    asked = admin_asked.read(
        request.query_params, "/admin/audit/", AuditFilters, ("action", "actor", "target")
    )
    total, entries = await service.entries(session, asked.filters)
    _, staff = await service.users(session, UserFilters(staff=True, limit=MAX_STAFF))
    return page(
        view,
        "audit.html",
        422 if asked.errors else 200,
        asked=asked,
        total=total,
        entries=await admin_entries.told(session, entries),
        staff={str(member.public_id): member.email for member in staff},
    )


@router.get("/audit/verify/")
async def admin_verify_page(view: Viewing, user: StaffPage, session: Session) -> Response:
    return page(view, "verify.html", verdict=await audit.verify(session))
