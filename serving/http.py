"""Plain ASGI pieces around the service: a size limit for bodies, and quiet, private logs of bad input."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

#: 500 postings of 60,000 characters, most of which take one byte, and room for the rest.
MAX_BODY_BYTES = 64 * 2**20


class BodyLimit:
    """Answers 413 to a request whose body is larger than `most` bytes, as soon as that is known."""

    def __init__(self, app: App, most: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._most:
            await self._refuse(scope, receive, send)
            return
        await self._counted(scope, receive, send)

    async def _counted(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """A body without a declared length is counted while it comes in. The application may turn the error
        into an answer of its own, so that answer is withheld."""
        seen = 0

        async def counting() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise BodyTooLargeError
            return message

        async def answering(message: Message) -> None:
            if seen <= self._most:
                await send(message)

        with suppress(BodyTooLargeError):
            await self._app(scope, counting, answering)
        if seen > self._most:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        response = JSONResponse({"error": f"a body may have {self._most} bytes"}, status_code=413)
        await response(scope, receive, send)


class BodyTooLargeError(Exception):
    """More bytes came in than are allowed."""


class BadInputInOneLine(logging.Filter):
    """A validation error quotes what was sent, which may be a resume: log that it happened, not what."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ValidationError | BodyTooLargeError):
            problem = "too large" if isinstance(error, BodyTooLargeError) else f"{error.error_count()} errors"
            record.msg = f"{record.getMessage()}: {problem}"
            record.args = None
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
