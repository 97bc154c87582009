"""Errors as pages: whatever failed outside the API, who asked for HTML is answered in HTML.

The whole app answers errors as problem documents (RFC 9457); this turns the finished document into a page, so
that a page and a client of the API are never told different things.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import MEDIA_TYPE
from app.web import labels
from app.web.forms import login_url
from app.web.view import HEADERS, render

#: Below these, answers are for programs.
PROGRAMS = ("/api/", "/health")
#: Headers of a problem that its page keeps: who framed the body knows its length and type anew.
KEPT = ("retry-after", "x-request-id", "strict-transport-security", "allow", "vary")
TITLES = {
    400: "That address makes no sense to us",
    404: "There is nothing here",
    405: "This cannot be opened like that",
    410: "This posting is closed",
    413: "That was too much at once",
    422: "Something in the address is not valid",
    429: "That was a lot in a short time",
    503: "We cannot answer right now",
}
TEXTS = {
    404: "The address may be mistyped, or what was here has been taken down.",
    405: "It is the target of a form. Go back to the page the form was on.",
    410: "The employer has filled it or taken it down, so nobody can apply any more.",
    413: "Send less text, or a smaller file.",
    500: "The mistake is ours and has been noted. Trying again may help.",
    503: "A part of JobPilot is not reachable. Nothing you stored is lost; try again in a moment.",
}


class HtmlErrors:
    """Outermost of all: it also has to see what the other middleware refuses."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _wants_html(scope):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def send_page(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif not start:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _answer(scope, start, bytes(body))(scope, receive, send)

        await self.app(scope, receive, send_page)


def _wants_html(scope: Scope) -> bool:
    """The path comes first: most requests are the API's, and it settles those without reading headers."""
    return not scope["path"].startswith(PROGRAMS) and "text/html" in Headers(scope=scope).get("accept", "")


def _is_problem(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith(MEDIA_TYPE)


def _answer(scope: Scope, start: Message, body: bytes) -> Response:
    status: int = start["status"]
    headers = Headers(raw=start["headers"])
    problem: dict[str, Any] = json.loads(body)
    response: Response
    if status == 401:
        response = RedirectResponse(login_url(_where_from(scope)), 303)
    elif "methods" in problem:  # of a step-up: the session is good, but who sits there must say so again
        response = RedirectResponse(f"/settings/confirm?next={quote(_where_from(scope), safe='/')}", 303)
    else:
        response = HTMLResponse(_page(status, problem, headers), status)
    sent = MutableHeaders(raw=response.raw_headers)
    for name, value in headers.items():
        if name in KEPT or name.startswith(("x-content", "x-frame", "cross-origin", "ratelimit")):
            sent[name] = value
    sent.update(HEADERS | {"Cache-Control": "no-store"})
    return response


def _where_from(scope: Scope) -> str:
    """The page to come back to. A form's target is none: of a posting's buttons it is the posting."""
    path: str = quote(scope["path"], safe="/")
    if scope["method"] in ("GET", "HEAD"):
        query = scope["query_string"].decode("ascii", "ignore")
        return f"{path}?{query}" if query else path
    if path.startswith("/admin/"):
        return "/admin/"
    if path.startswith("/resumes/"):
        return "/resumes/"
    if path.startswith("/settings/"):
        return "/".join(path.split("/")[:3])
    return "/".join(path.split("/")[:3]) if path.startswith("/jobs/") else "/dashboard"


def _page(status: int, problem: dict[str, Any], headers: Headers) -> str:
    return render(
        "error.html",
        user=None,
        path="",
        notice="",
        status=status,
        title=TITLES.get(status) or str(problem.get("title", "Something went wrong")),
        text=TEXTS.get(status) or _sentence(str(problem.get("detail", ""))),
        retry_after=headers.get("retry-after"),
        alternatives=problem.get("alternatives", []),
        request_id=headers.get("x-request-id", ""),
        limit=next((labels.LIMITED[name] for name in _violated(problem) if name in labels.LIMITED), ""),
    )


def _violated(problem: dict[str, Any]) -> list[str]:
    """Quotas that a 429 names."""
    return [str(name) for name in problem.get("violated-policies", [])]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""
