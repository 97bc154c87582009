from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from app.auth.access import PUBLIC
from app.docs.page import render

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
#: The page has no script; its one style sheet is inline.
_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@router.get("/api/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    return JSONResponse(_document(request), headers={"Cache-Control": "public, max-age=300"})


@router.get("/api/docs/")
async def docs(request: Request) -> HTMLResponse:
    headers = {"Content-Security-Policy": _CSP, "Cache-Control": "public, max-age=300"}
    return HTMLResponse(render(_document(request)), headers=headers)


def _document(request: Request) -> dict[str, Any]:
    document: dict[str, Any] = request.app.openapi()
    return document
