"""Errors as `application/problem+json` (RFC 9457): one shape, whatever failed."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import psycopg.errors
import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from app.errors import (
    AppError,
    ConflictError,
    DatabaseUnavailableError,
    InvalidInputError,
    NotAuthenticatedError,
    PayloadTooLargeError,
)
from app.logging import request_id

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:jobpilot:problem:"
logger = logging.getLogger(__name__)

DATABASE_ERRORS = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)


def problem(
    request_path: str,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    extensions: dict[str, Any] | None = None,
) -> JSONResponse:
    body: dict[str, Any] = (extensions or {}) | {
        "type": TYPE_PREFIX + code,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request_path,
        "request_id": request_id.get(),
    }
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def from_app_error(path: str, error: AppError) -> JSONResponse:
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, NotAuthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    errors = None
    if error.pointer:
        errors = [{"pointer": error.pointer, "code": error.code, "message": error.message}]
    return problem(
        path,
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.message,
        errors=errors,
        headers=headers,
        extensions=error.extensions,
    )


def from_validation(path: str, error: RequestValidationError) -> JSONResponse:
    """Names the field and the rule; the rejected value is not repeated (it may be a password)."""
    errors = [
        {
            "pointer": "/" + "/".join(str(part) for part in item["loc"]),
            "code": item["type"],
            "message": item["msg"],
        }
        for item in error.errors()[:50]
    ]
    kind = InvalidInputError
    detail = f"{len(errors)} field(s) are not valid"
    return problem(path, status=kind.status, code=kind.code, title=kind.title, detail=detail, errors=errors)


def from_http(path: str, error: HTTPException) -> JSONResponse:
    if error.status_code == PayloadTooLargeError.status:
        return from_app_error(path, PayloadTooLargeError())
    title = HTTPStatus(error.status_code).phrase
    return problem(
        path,
        status=error.status_code,
        code=title.lower().replace(" ", "-"),
        title=title,
        detail=str(error.detail),
        headers=dict(error.headers or {}),
    )


def from_database(path: str, error: Exception) -> JSONResponse:
    """Unreachable, out of connections, timed out or deadlocked: the caller may try again soon."""
    cause = getattr(error, "orig", None) or error
    logger.warning("database unavailable", extra={"cause": type(cause).__name__})
    return from_app_error(path, DatabaseUnavailableError(retry_after_s=2))


def from_integrity(path: str, error: sqlalchemy.exc.IntegrityError) -> JSONResponse:
    if isinstance(error.orig, psycopg.errors.UniqueViolation):
        return from_app_error(path, ConflictError("it exists already"))
    return from_app_error(path, InvalidInputError("a value is not allowed here"))


def install(app: FastAPI) -> None:
    """Registers the handlers; what none of them takes is answered by the outermost middleware."""

    async def app_error(request: Request, error: Any) -> JSONResponse:
        return from_app_error(request.url.path, error)

    async def validation(request: Request, error: Any) -> JSONResponse:
        return from_validation(request.url.path, error)

    async def http(request: Request, error: Any) -> JSONResponse:
        return from_http(request.url.path, error)

    async def database(request: Request, error: Any) -> JSONResponse:
        return from_database(request.url.path, error)

    async def integrity(request: Request, error: Any) -> JSONResponse:
        return from_integrity(request.url.path, error)

    async def data(request: Request, _: Any) -> JSONResponse:
        return from_app_error(request.url.path, InvalidInputError("a value cannot be stored"))

    app.add_exception_handler(AppError, app_error)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(sqlalchemy.exc.IntegrityError, integrity)
    app.add_exception_handler(sqlalchemy.exc.DataError, data)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, database)
