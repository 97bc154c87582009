"""What every request passes through, outermost first: context, host, size, trailing slash. Plain ASGI."""

from __future__ import annotations

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import problems
from app.errors import AppError, HostNotAllowedError, PayloadTooLargeError
from app.kit.ids import uuid7
from app.kit.timing import collect_stages
from app.logging import request_id

logger = logging.getLogger("app.access")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class RequestContext:
    """Gives the request its id, logs it, adds the headers, and answers what nobody caught."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        hsts = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"} if secure else {}
        self.headers = SECURITY_HEADERS | hsts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        token = request_id.set(given if _REQUEST_ID.fullmatch(given) else str(uuid7()))
        try:
            with collect_stages():
                await self._answer(scope, receive, send)
        finally:
            request_id.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id.get()
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            logger.exception("unhandled error", extra={"path": scope["path"]})
            if status:  # the answer has begun: only the connection's end can tell the client
                raise
            await problems.from_app_error(scope["path"], AppError())(scope, receive, send_with_headers)
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            line = {"method": scope["method"], "path": scope["path"], "status": status, "ms": milliseconds}
            logger.info("request", extra=line)


class ProblemForTooLarge:
    """The framework refuses a large body in plain text; the client gets the same shape as for all else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_the_frameworks(message):
                replaced = True
                await problems.from_app_error(scope["path"], PayloadTooLargeError())(scope, receive, send)
            elif not replaced:
                await send(message)

        await self.app(scope, receive, send_problem)


def _is_the_frameworks(message: Message) -> bool:
    """Ours, problems and pages, say more: which limit it was, and what to do."""
    kind = dict(message.get("headers", ())).get(b"content-type", b"")
    ours = b"problem" in kind or b"html" in kind
    return message["status"] == PayloadTooLargeError.status and not ours


class HostCheck:
    """Refuses a `Host` that is not ours. `*` allows all, `.example.com` a domain and what is below it."""

    def __init__(self, app: ASGIApp, *, allowed: tuple[str, ...]) -> None:
        self.app = app
        self.allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._allows(Headers(scope=scope).get("host", "")):
            await problems.from_app_error(scope["path"], HostNotAllowedError())(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _allows(self, host: str) -> bool:
        name = re.sub(r":\d+$", "", host).lower()
        return any(
            rule in ("*", name) or (rule.startswith(".") and (name == rule[1:] or name.endswith(rule)))
            for rule in self.allowed
        )


class TrailingSlash:
    """Routes end in "/"; a path without it is served as if it had it, so no method needs a redirect.

    A last segment with a dot names a file (`/api/openapi.json`) and is left alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        last = path.rpartition("/")[2]
        if scope["type"] in ("http", "websocket") and last and "." not in last:
            scope = dict(scope) | {"path": path + "/"}
        await self.app(scope, receive, send)
