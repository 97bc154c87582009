"""What a request tells of who sent it."""

from __future__ import annotations

from starlette.requests import Request


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    return request.headers.get("user-agent", "")
